// A workload on the real kernel.
#pragma once

#include <expected>
#include <optional>
#include <vector>

#include "sim/replay/machine.hpp"
#include "sim/workload/sweep.hpp"

namespace ipcsim {

/// What the kernel's tracepoints counted.
struct KernelCounts {
  u64 wakeups = 0;    ///< of the run's tasks, by one another
  u64 new_pages = 0;  ///< allocated while its tasks ran
};

/// What a run of real processes came to.
struct RealRun {
  double elapsed_ns = 0;
  RunCounts all;                        ///< `wakeups` and `wasted` are 0: see `counted`
  std::optional<KernelCounts> counted;  ///< if asked for, and this user may count them
  std::vector<RunCounts> tasks;
  u64 page_faults = 0;  ///< of the tasks' own memory, while they were timed
};

/// Whether a run counts with tracepoints. Each event that is counted takes the task that causes it
/// some hundred nanoseconds more, so that a run which is timed, or whose order of tasks is a matter
/// of their times, must not.
enum class RealCounting : u8 { kOff, kOn };

/// Runs `workload` once with real pipes, queues (in an IPC namespace of their own where that is
/// allowed) and one process a task. Fails when this machine lacks a processor or a privilege, or
/// when the run is not over after `timeout_seconds`: then every process of it is killed.
[[nodiscard]] std::expected<RealRun, MachineError> run_real_workload(const Workload& workload,
                                                                     Placement placement, u64 seed,
                                                                     double timeout_seconds,
                                                                     RealCounting counting);

}  // namespace ipcsim
