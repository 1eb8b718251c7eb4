// What /proc says of a task.
#pragma once

#include <optional>
#include <vector>

#include "model/base/types.hpp"

namespace ipcsim::host {

/// A task as it was at one moment.
struct TaskView {
  enum class State : u8 {
    kMoving,  ///< runs or wants to, or waits in no system call, or is a zombie
    kAsleep,  ///< inside a system call, off its CPU
    kGone,    ///< no such task
    kHidden,  ///< /proc does not say
  };
  State state = State::kHidden;
  /// How often it has been given a CPU. Unchanged between two looks that found it asleep: it slept
  /// all the time between them.
  u64 switches = 0;
};

/// Looks at a thread. Sound: /proc/.../syscall waits for a task that is about to sleep until it has
/// left its CPU, which the state letter in stat does not. The letter tells those apart that are
/// being woken, and is all that is asked on a kernel without that file.
[[nodiscard]] TaskView view_task(i32 tgid, i32 tid);

/// The thread's numbers, from this process's PID namespace inwards; nothing when there is no such
/// thread.
[[nodiscard]] std::vector<i32> numbers_of(i32 tgid, i32 tid);

/// How a process ended that nobody has waited for, as wait() gives it (the signal, or 256 times the
/// status); SIGKILL where nothing is left of it; nothing while it lives.
[[nodiscard]] std::optional<int> end_of_process(i32 tgid);

/// True when the thread is stopped (state T).
[[nodiscard]] bool is_stopped(i32 tgid, i32 tid);

}  // namespace ipcsim::host
