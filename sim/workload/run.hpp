// Runs a workload in virtual time, with lengths alone, until every task is done or asleep.
#pragma once

#include <string>
#include <vector>

#include "model/base/kernel_profile.hpp"
#include "sim/workload/calibration.hpp"
#include "sim/workload/histogram.hpp"
#include "sim/workload/workload.hpp"

namespace ipcsim {

/// Who runs next on a processor when a task has been woken there.
enum class SchedulePolicy : u8 {
  kRunToBlock,    ///< first in, first out: what equal real-time priorities do
  kWakePreempts,  ///< the woken task, at once
  kFair,          ///< the one that the kernel's fair scheduler picks
};

struct RunOptions {
  const KernelProfile* profile = nullptr;
  u32 page_size = 4096;
  Costs costs;
  /// Task i runs on processor i mod `processors`, and nowhere else.
  u32 processors = 2;
  SchedulePolicy policy = SchedulePolicy::kRunToBlock;
  u64 seed = 1;
  /// Each section takes so much more or less than its cost, by chance: no two processors keep step
  /// for long.
  u32 jitter_percent = 0;
  bool latency_by_chance = false;  ///< of tasks woken on another processor, between the extremes
  /// Factors on what writers and readers take, in percent: which of them is the faster one decides
  /// how often the other sleeps, and no calibration is exact enough to know.
  u32 writer_percent = 100;
  u32 reader_percent = 100;
  u64 most_sections = 2'000'000'000;  ///< a run that is longer is given up
  /// Where the run repeats itself, add the repetitions up instead of running them.
  bool skip_periods = true;
  bool timeline = false;  ///< keep how full the objects are over time
};

/// What is counted, of a task or of all.
struct RunCounts {
  u64 syscalls = 0;     ///< transfers, and calls of poll() or epoll_wait()
  u64 sleeps = 0;       ///< the processor was given up to wait: voluntary context switches
  u64 preemptions = 0;  ///< another task took it: involuntary ones
  u64 wakeups = 0;      ///< this task was woken
  u64 wasted = 0;       ///< of these, for nothing: it slept again, or found nothing to do
  u64 bytes_in = 0;     ///< into pipes and queues
  u64 bytes_out = 0;
  u64 messages = 0;  ///< sent
  u64 errors = 0;    ///< writes without a reader

  void add(const RunCounts& other);
  bool operator==(const RunCounts&) const = default;
};

/// How full an object was, as means of equal stretches of time.
struct Timeline {
  i64 stretch_ns = 0;
  std::vector<double> mean_bytes;
};

struct ObjectRun {
  u64 pages_allocated = 0;
  u64 pages_reused = 0;  ///< slots filled with a page that the pipe had kept
  u64 most_bytes = 0;    ///< in flight
  u64 most_places = 0;   ///< slots or messages
  double mean_bytes = 0;
  double mean_places = 0;
  u64 places = 0;  ///< slots or messages that there are
  Timeline timeline;
};

/// A task that never got to the end of its program.
struct StuckTask {
  std::string task;
  std::string call;   ///< "write(1000000 bytes) with 65536 done"
  std::string where;  ///< "pipe, full: 16 of 16 slots, 65536 bytes"
};

struct RunResult {
  i64 elapsed_ns = 0;
  RunCounts all;
  std::vector<RunCounts> tasks;
  std::vector<ObjectRun> objects;
  std::vector<StuckTask> stuck;  ///< nobody can wake them: a deadlock
  u64 write_sleeps = 0;          ///< sleeps of writers and senders for want of room
  bool given_up = false;         ///< most_sections was reached
  Histogram write_ns;            ///< duration of write() and mq_send() calls
  Histogram read_ns;
  Histogram transit_ns;  ///< from the beginning of a write to the read of its last byte
};

/// REQUIRES: options.profile, processors > 0; the workload's steps name files and objects that it
/// has.
[[nodiscard]] RunResult run_workload(const Workload& workload, const RunOptions& options);

}  // namespace ipcsim
