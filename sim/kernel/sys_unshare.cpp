// unshare(). Linux kernel/fork.c: ksys_unshare(), kernel/nsproxy.c.
#include "sim/kernel/files.hpp"
#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {

/// Errors: EPERM: a new namespace without CAP_SYS_ADMIN; then nothing is changed.
Section run(KernelState& k, TaskId id, const UnshareCall& call) {
  constexpr u64 kKnown = kCloneNewipc | kCloneFiles | kCloneSysvsem;
  if ((call.flags.v & ~kKnown) != 0) {
    return Section::not_modelled("unshare() with these flags");
  }
  if ((call.flags.v & kCloneNewipc) != 0) {
    if (!k.cred(id).effective.has(Cap::kSysAdmin)) {
      return Section::failed(Errno::kEPERM);
    }
    leave_ipc_namespace(k, std::exchange(k.task(id).ipc, make_ipc_namespace(k, {}, k.cred(id))));
  }
  if ((call.flags.v & kCloneFiles) != 0) {
    unshare_fd_table(k, id);
  }
  return Section::returned(0);
}

}  // namespace ipcsim
