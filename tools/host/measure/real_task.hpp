// One task of a workload, as the system calls of a real process.
#pragma once

#include <vector>

#include "sim/workload/workload.hpp"

namespace ipcsim::host {

/// What a real task did, in memory that the coordinator sees.
struct RealTaskRecord {
  double began_ns = 0;
  double ended_ns = 0;
  u64 sleeps = 0;       ///< voluntary context switches
  u64 preemptions = 0;  ///< involuntary ones
  u64 syscalls = 0;     ///< transfers and polls
  u64 bytes_in = 0;
  u64 bytes_out = 0;
  bool finished = false;
};

/// What the process has: descriptors by file, and how other tasks are begun.
struct RealTaskFiles {
  std::vector<int> fds;     ///< by file; -1 where the task has none
  std::vector<int> starts;  ///< by task: a byte written there begins it
};

/// Makes the calls of `workload.tasks[id]`. `seed` is what the model draws the task's sizes with.
void run_real_task(const Workload& workload, u32 id, u64 seed, RealTaskFiles files,
                   RealTaskRecord& record);

}  // namespace ipcsim::host
