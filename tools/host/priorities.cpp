#include "tools/host/priorities.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace ipcsim::host {
namespace {

// The C library's sched_setscheduler() takes a process; this thread is meant.
bool set_policy(int policy, const sched_param& parameter) {
  return syscall(SYS_sched_setscheduler, 0, policy, &parameter) == 0;
}

}  // namespace

Priorities::Priorities() {
  sched_getaffinity(0, sizeof cpus_before_, &cpus_before_);
  policy_before_ = static_cast<int>(syscall(SYS_sched_getscheduler, 0));
  syscall(SYS_sched_getparam, 0, &parameter_before_);
  const int cpu = sched_getcpu();
  cpu_ = cpu < 0 ? 0 : cpu;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(cpu_), &one);
  sched_setaffinity(0, sizeof one, &one);
  realtime_allowed_ = set_fifo(kPostingPriority);
  if (realtime_allowed_) {
    ordinary();
  }
}

Priorities::~Priorities() {
  ordinary();
  untie();
}

void Priorities::untie() const { sched_setaffinity(0, sizeof cpus_before_, &cpus_before_); }

void Priorities::ordinary() const { set_policy(policy_before_, parameter_before_); }

bool Priorities::set_fifo(int priority) {
  sched_param parameter{};
  parameter.sched_priority = priority;
  return set_policy(SCHED_FIFO, parameter);
}

}  // namespace ipcsim::host
