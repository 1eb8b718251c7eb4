// Strict priorities that put calls into an order.
#pragma once

#include <sched.h>

namespace ipcsim::host {

/// Under SCHED_FIFO on one CPU a thread runs only while no thread above it wants to. So a
/// coordinator below its tasks runs exactly when all of them sleep, and one above them can wake
/// several before the first of them runs.
inline constexpr int kWatchdogPriority = 40;
inline constexpr int kPostingPriority = 30;
/// Who notes deaths: above the tasks, so that a death comes before anything that it causes.
inline constexpr int kNotingPriority = 21;
inline constexpr int kTaskPriority = 20;
/// Who reaps: below the tasks, so that every task that dies has come to its end.
inline constexpr int kReapingPriority = 15;
inline constexpr int kWaitingPriority = 10;

/// The scheduling of the coordinator's thread, put back at the end.
class Priorities {
 public:
  /// Ties the calling thread to the CPU it runs on.
  Priorities();
  Priorities(const Priorities&) = delete;
  Priorities& operator=(const Priorities&) = delete;
  ~Priorities();

  /// True when this thread may have real-time priorities.
  [[nodiscard]] bool realtime_allowed() const { return realtime_allowed_; }
  /// The CPU that the thread is tied to.
  [[nodiscard]] int cpu() const { return cpu_; }
  /// The CPUs that it had before.
  [[nodiscard]] const cpu_set_t& cpus_before() const { return cpus_before_; }

  /// Lets the thread run on all its CPUs again.
  void untie() const;
  /// Above all tasks.
  void above_tasks() const { set_fifo(kPostingPriority); }
  /// Below all tasks: returns when no task can run.
  void below_tasks() const { set_fifo(kWaitingPriority); }
  /// As the thread was before, so that it takes no time from others while no task runs.
  void ordinary() const;

 private:
  static bool set_fifo(int priority);

  cpu_set_t cpus_before_{};
  int policy_before_ = SCHED_OTHER;
  sched_param parameter_before_{};
  int cpu_ = 0;
  bool realtime_allowed_ = false;
};

}  // namespace ipcsim::host
