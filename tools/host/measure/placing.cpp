#include "tools/host/measure/placing.hpp"

#include <sched.h>

#include <ctime>

namespace ipcsim::host {
namespace {

/// Above every ordinary task, below whatever else has a real-time priority.
constexpr int kPriority = 1;

double now_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace

std::vector<int> usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> found;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &set)) {
        found.push_back(i);
      }
    }
  }
  return found;
}

bool bind_to(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

bool run_first_in_first_out(pid_t pid) {
  const sched_param param{.sched_priority = kPriority};
  return sched_setscheduler(pid, SCHED_FIFO, &param) == 0;
}

void run_ordinarily(pid_t pid) {
  const sched_param param{.sched_priority = 0};
  sched_setscheduler(pid, SCHED_OTHER, &param);
}

double wall_ns() { return now_ns(CLOCK_MONOTONIC); }
double thread_ns() { return now_ns(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace ipcsim::host
