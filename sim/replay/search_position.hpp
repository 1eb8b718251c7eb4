// Where the search for an explanation stands.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/replay/call_index.hpp"
#include "sim/replay/twin_kernel.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// The kernel, the next event, and which calls are over.
struct SearchPosition {
  TwinKernel kernel;
  u32 event = 0;           ///< the next one of the trace
  bool applied = false;    ///< it has taken effect; its result is awaited
  std::vector<u32> call;   ///< by task: the call it is in or has just ended, or kNoCall
  std::vector<bool> over;  ///< by task: that call has ended in the model
  u64 not_modelled = 0;    ///< calls that the model has no answer for
  u32 watched = 0;         ///< events until which it is looked whether the search was here before

  /// True for a task that has made a call.
  [[nodiscard]] bool knows(TaskId task) const { return task.v < call.size(); }
  /// The task enters this call of the index.
  void enter(TaskId task, u32 number);
  void step_to_next_event();
  /// Equal for positions from which the search goes on alike. `choice`: tasks are chosen from here;
  /// the same place between two events is another one.
  [[nodiscard]] u64 key(bool choice) const;
};

/// True when a task has to enter the call that it was told to make before `event` can be: a
/// recorder that sees a signal arrive in a call has seen the task enter that call.
[[nodiscard]] bool must_enter_first(const SearchPosition& at, const CallIndex& index,
                                    const Event& event);
/// The task whose close() in progress must come before `event`: the number that it closes is given
/// to some other file next.
[[nodiscard]] std::optional<TaskId> closer_before(const SearchPosition& at, const Event& event);
/// True when nothing more has to happen before the event after `event`.
[[nodiscard]] bool is_over(const SearchPosition& at, const Event& event);
/// Something happens to tasks that is not done by them. Errors (by text): as Kernel::post_signal()
/// and post_other_fd(). REQUIRES: the event is a signal, time, or a descriptor of another file.
std::optional<std::string> post_from_outside(TwinKernel& kernel, const Event& event);

}  // namespace ipcsim
