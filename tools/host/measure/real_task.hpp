// One task of a workload, as the system calls of a real process.
#pragma once

#include <optional>
#include <vector>

#include "sim/workload/workload.hpp"
#include "tools/host/measure/tracepoints.hpp"

namespace ipcsim::host {

/// What a real task did, in memory that the coordinator sees.
struct RealTaskRecord {
  double began_ns = 0;
  double ended_ns = 0;
  u64 sleeps = 0;       ///< voluntary context switches
  u64 preemptions = 0;  ///< involuntary ones
  u64 page_faults = 0;  ///< of its own memory, while it was timed
  u64 syscalls = 0;     ///< transfers and polls
  u64 bytes_in = 0;
  u64 bytes_out = 0;
  u64 wakeups = 0;       ///< of other tasks of the run, by this one
  u64 new_pages = 0;     ///< that the kernel allocated
  bool counted = false;  ///< the two counts are known
  bool finished = false;
};

/// What the process has: descriptors by file, and how tasks are begun.
struct RealTaskFiles {
  std::vector<int> fds;     ///< by file; -1 where the task has none
  std::vector<int> starts;  ///< by task: a byte written there begins it
  int ready = -1;           ///< takes a byte when this task has all that it needs, and is closed
  int start = -1;           ///< gives the byte that begins this task
};

/// Gives the calling thread the name by which wake-ups of the run's tasks are known.
void name_real_task();

/// Gets its memory ready, says so, waits for its start and makes the calls of `workload.tasks[id]`.
/// `seed` is what the model draws the task's sizes with; with `tracepoints` its wake-ups of tasks
/// that have called name_real_task(), and pages, are counted.
void run_real_task(const Workload& workload, u32 id, u64 seed,
                   const std::optional<Tracepoints>& tracepoints, RealTaskFiles files,
                   RealTaskRecord& record);

}  // namespace ipcsim::host
