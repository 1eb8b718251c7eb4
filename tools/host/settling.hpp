// What came out of letting tasks run, and when they have.
#pragma once

#include <optional>
#include <vector>

#include "sim/kernel/call.hpp"
#include "tools/host/task_table.hpp"

namespace ipcsim::host {

/// A completion with its place in the run.
struct Ended {
  u64 order = 0;  ///< from Header::order; deaths of one process share one
  bool death = false;
  Completion completion;
};

/// Completions in their order; where that is equal, deaths come first, by task number.
[[nodiscard]] std::vector<Completion> in_order(std::vector<Ended> ended);

/// True when the slot's call is over, or its task.
[[nodiscard]] bool finished(const TaskTable& tasks, const HostProcess& process, const Slot& slot);

/// Marks processes that have ended and that the supervisor cannot wait for, as it does the others:
/// in a PID namespace of the trace's, children of its first process. They stay in /proc until that
/// one ends, by which they are killed.
void note_unreaped_ends(const TaskTable& tasks, Header& header);

/// Watches in /proc until every task is asleep or parked.
class Stillness {
 public:
  explicit Stillness(const TaskTable& tasks) : tasks_(tasks) {}

  /// Looks at every task. True when all are asleep or parked now, were so at the last look, and
  /// none has had a CPU in between: there was a moment at which all of them slept.
  [[nodiscard]] bool look();
  /// Looks once. The first task that is not asleep or parked, or nothing.
  [[nodiscard]] std::optional<TaskId> find_moving();
  /// True when /proc did not say what a task does.
  [[nodiscard]] bool hidden() const { return hidden_; }

 private:
  /// False when the task is not still.
  bool add_task(const Slot& slot, const HostProcess& process);

  const TaskTable& tasks_;
  std::vector<u64> switches_;  ///< of each task, as seen at this look
  std::vector<u64> switches_before_;
  bool was_still_ = false;
  bool hidden_ = false;
};

}  // namespace ipcsim::host
