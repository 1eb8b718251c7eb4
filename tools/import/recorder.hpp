// The events of a trace while it is made: they can be withdrawn, and filled in later.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/trace/trace.hpp"
#include "tools/import/log_reader.hpp"
#include "tools/import/task_tracker.hpp"

namespace ipcsim::strace {

/// Where in a log an event comes from.
struct Origin {
  u32 line = 0;
  std::optional<i64> time_ns;
};

/// Task numbers in events are a task's index plus one until finish().
class Recorder {
 public:
  explicit Recorder(const Log& log) : log_(log) {}

  /// Adds an event that `task` makes or suffers; returns its number.
  u32 add(const TaskState& task, EventBody body, Origin origin);
  /// Adds the return of the call that began with event `call`.
  u32 add_return(const TaskState& task, u32 call, SysResult result, Origin origin);
  /// Holds a place for a return that may turn out to be needed.
  u32 add_empty_return(const TaskState& task, u32 call, Origin origin);
  void fill_return(u32 event, SysResult result);
  /// Holds a place for a signal that may turn out to have come here.
  u32 add_empty_signal(const TaskState& task, Origin origin);
  void fill_signal(u32 event, Signal signal);
  /// A call whose result was in event `event`, its own or its return's, has not returned after all.
  void forget_result(u32 event);
  /// The call that ends with the event slept so; `by` is who woke it, or null.
  void note_sleep(u32 event, const SleepNote& slept, const TaskState* by);
  /// The event is not in the log: it was made up because of that line.
  void mark_supposed(u32 event);
  /// Takes an event back, and with a call its return.
  void withdraw(u32 event) { slots_[event].withdrawn = true; }
  void restore(u32 event) { slots_[event].withdrawn = false; }
  [[nodiscard]] bool withdrawn(u32 event) const { return slots_[event].withdrawn; }
  [[nodiscard]] const Event& event(u32 index) const { return slots_[index].event; }

  /// The events of the tasks that matter, with those tasks numbered 1, 2, 3 ... by first
  /// appearance, and these tasks' old indices in the new order. A task matters when it, or a
  /// descendant, has or makes something that the model has.
  struct Finished {
    std::vector<Event> events;
    std::vector<u32> tasks;
  };
  [[nodiscard]] Finished finish(TaskTracker& tasks);

 private:
  struct Slot {
    Event event;
    u32 task = 0;
    u32 call = kNoIndex;  ///< of a return: the call's event
    bool withdrawn = false;
  };
  [[nodiscard]] std::vector<bool> mattering(TaskTracker& tasks) const;

  const Log& log_;
  std::vector<Slot> slots_;
};

}  // namespace ipcsim::strace
