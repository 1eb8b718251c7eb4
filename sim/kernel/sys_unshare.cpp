// unshare(). Linux kernel/fork.c: ksys_unshare(), kernel/nsproxy.c.
#include "sim/kernel/files.hpp"
#include "sim/kernel/ipc_namespace.hpp"
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
///   EPERM   an IPC namespace without CAP_SYS_ADMIN, which whoever makes a user namespace has there
Section run(KernelState& k, TaskId id, const UnshareCall& call) {
  constexpr u64 kKnown =
      kCloneNewipc | kCloneNewuser | kCloneThread | kCloneFs | kCloneFiles | kCloneSysvsem;
  if ((call.flags.v & ~kKnown) != 0) {
    return Section::not_modelled("unshare() with these flags");
  }
  const bool new_user = (call.flags.v & kCloneNewuser) != 0;
  if ((new_user || (call.flags.v & kCloneThread) != 0) && k.process_of(id).live_threads > 1) {
    return Section::failed(Errno::kEINVAL);
  }
  if (new_user) {
    Result<Credentials> cred = make_user_namespace(k, id);
    if (!cred) {
      return Section::failed(cred.error());
    }
    k.task(id).cred = std::make_shared<const Credentials>(*std::move(cred));
  }
  if ((call.flags.v & kCloneNewipc) != 0) {
    if (!k.cred(id).effective.has(Cap::kSysAdmin)) {
      return Section::failed(Errno::kEPERM);
    }
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
