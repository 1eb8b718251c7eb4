// unshare(). Linux kernel/fork.c: ksys_unshare(), kernel/nsproxy.c.
#include <memory>
#include <utility>

#include "sim/kernel/files.hpp"
#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/pid_namespace.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/user_namespace.hpp"

namespace ipcsim {
namespace {

/// Linux kernel/fork.c: unshare_fs().
void unshare_fs_context(KernelState& k, TaskId id) {
  const FsId shared = k.task(id).fs;
  if (k.fs_contexts[shared].users > 1) {
    --k.fs_contexts[shared].users;
    k.task(id).fs = k.fs_contexts.insert({.umask = k.fs_contexts[shared].umask});
  }
}

}  // namespace

/// Errors, in the order tested, and then nothing is changed:
///   EINVAL  a user namespace for a process of several threads
///   those of make_user_namespace()
///   EPERM   an IPC or PID namespace without CAP_SYS_ADMIN; whoever makes a user namespace has it
///           there
///   those of make_pid_namespace()
Section run(KernelState& k, TaskId id, const UnshareCall& call) {
  constexpr u64 kKnown = kCloneNewipc | kCloneNewuser | kCloneNewpid | kCloneThread | kCloneFs |
                         kCloneFiles | kCloneSysvsem;
  if ((call.flags.v & ~kKnown) != 0) {
    return Section::not_modelled("unshare() with these flags");
  }
  const bool new_user = (call.flags.v & kCloneNewuser) != 0;
  if ((new_user || (call.flags.v & kCloneThread) != 0) && k.process_of(id).live_threads > 1) {
    return Section::failed(Errno::kEINVAL);
  }
  std::shared_ptr<const Credentials> cred = k.task(id).cred;
  if (new_user) {
    Result<Credentials> made = make_user_namespace(k, id);
    if (!made) {
      return Section::failed(made.error());
    }
    cred = std::make_shared<const Credentials>(*std::move(made));
  }
  if ((call.flags.v & (kCloneNewipc | kCloneNewpid)) != 0 && !cred->effective.has(Cap::kSysAdmin)) {
    return Section::failed(Errno::kEPERM);
  }
  if ((call.flags.v & kCloneNewpid) != 0) {
    const Result<PidNsId> made = make_pid_namespace(k, id);
    if (!made) {
      return Section::failed(made.error());
    }
    k.task(id).make_rare().pid_ns_for_children = *made;
  }
  k.task(id).cred = std::move(cred);
  if ((call.flags.v & kCloneNewipc) != 0) {
    leave_ipc_namespace(k, std::exchange(k.task(id).ipc, make_ipc_namespace(k, {}, k.cred(id))));
  }
  if (new_user || (call.flags.v & kCloneFs) != 0) {
    unshare_fs_context(k, id);
  }
  if ((call.flags.v & kCloneFiles) != 0) {
    unshare_fd_table(k, id);
  }
  return Section::returned(0);
}

}  // namespace ipcsim
