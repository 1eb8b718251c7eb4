// Limits of a process: setrlimit(). Linux kernel/sys.c.
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {

Section run(KernelState& k, TaskId id, const SetrlimitCall& call) {
  Process& process = k.process_of(id);
  if (call.resource.v == kRlimitNofile && call.rlim_cur > kNrOpen) {
    return Section::failed(Errno::kEINVAL);  // over the hard limit, which is at most that
  }
  if (call.resource.v == kRlimitNofile) {
    process.rlimit_nofile = call.rlim_cur;
  } else if (call.resource.v == kRlimitMsgqueue) {
    process.rlimit_msgqueue = call.rlim_cur;
  } else {
    return Section::not_modelled("this resource limit");
  }
  return Section::returned(0);
}

}  // namespace ipcsim
