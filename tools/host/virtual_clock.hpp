// The trace's time, and when the host's timers are to go off for it.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <vector>

#include "sim/kernel/call.hpp"
#include "sim/replay/machine.hpp"

namespace ipcsim::host {

/// The host's CLOCK_REALTIME.
[[nodiscard]] i64 host_now_ns();

/// Maps points of virtual time to points of the host's CLOCK_REALTIME. A deadline in the virtual
/// past is in the host's past. One in the virtual future gets the same distance on the host, at
/// most kLongestWait, and the slack on top; among the deadlines that are pending at one time the
/// order is that of the trace. Virtual time goes on in jumps, and only a jump over a pending
/// deadline costs real time.
class VirtualClock {
 public:
  /// However long a trace waits, its timeouts need no longer than this on the host.
  static constexpr i64 kLongestWaitNs = 2 * kNanosecondsPerSecond;

  /// `stretch`: how many times as far a deadline is on the host, not counting the slack.
  VirtualClock(i64 start_ns, i64 slack_ns, i64 stretch = 1)
      : now_ns_(start_ns), slack_ns_(slack_ns), stretch_(stretch) {}

  [[nodiscard]] i64 now_ns() const { return now_ns_; }

  /// The absolute timeout to give to the host. `host_now_ns`: its CLOCK_REALTIME.
  [[nodiscard]] std::expected<Timespec, MachineError> absolute(TaskId task, Timespec deadline,
                                                               i64 host_now_ns);
  /// The timeout in milliseconds to give to the host's poll().
  [[nodiscard]] std::expected<i32, MachineError> relative_ms(TaskId task, i32 timeout_ms,
                                                             i64 host_now_ns);
  /// The same for a timespec.
  [[nodiscard]] std::expected<Timespec, MachineError> relative(TaskId task, Timespec timeout,
                                                               i64 host_now_ns);
  /// The task's call has ended.
  void forget(TaskId task) { pending_.erase(task); }
  /// The task's call waits for a time, which may have come.
  [[nodiscard]] bool waits(TaskId task) const { return pending_.contains(task); }

  /// The task is stopped in a call that is to have all of its time after the stop; or it goes on
  /// with it. REQUIRES: waits(task), and pause() before resume().
  void pause(TaskId task, i64 host_now_ns);
  void resume(TaskId task, i64 host_now_ns);
  [[nodiscard]] bool paused(TaskId task) const {
    const auto pending = pending_.find(task);
    return pending != pending_.end() && pending->second.paused;
  }

  /// Virtual time goes on.
  void pass(i64 by_ns) { now_ns_ += by_ns; }
  /// Tasks whose deadline has come.
  [[nodiscard]] std::vector<TaskId> due() const;
  /// When the host's timer for this task goes off. REQUIRES: it is due.
  [[nodiscard]] i64 host_deadline_ns(TaskId task) const { return pending_.at(task).host_ns; }
  /// True when the task's timeout lies in the virtual future: it must not expire yet.
  [[nodiscard]] bool early(TaskId task) const;
  /// True when the host's timer for such a one has gone off by now.
  [[nodiscard]] bool overrun(i64 host_now_ns) const;

 private:
  struct Pending {
    i64 virtual_ns = 0;  ///< paused: what is left, also of the other
    i64 host_ns = 0;
    bool paused = false;
  };

  std::expected<i64, MachineError> add(TaskId task, i64 virtual_ns, i64 host_now_ns);

  std::map<TaskId, Pending> pending_;
  i64 now_ns_;
  i64 slack_ns_;
  i64 stretch_;
};

}  // namespace ipcsim::host
