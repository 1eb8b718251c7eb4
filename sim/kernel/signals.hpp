// Signals, as far as sleeping calls and dying need them.
#pragma once

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// True when the default action of `signal` is to do nothing.
[[nodiscard]] bool ignored_by_default(Signal signal);
/// True when the default action of `signal` is to stop or continue the process.
[[nodiscard]] bool stops_or_continues(Signal signal);

/// Sends a signal to one thread, as tgkill() does. Ignored signals leave no trace; a fatal one
/// makes the whole process exit. Linux kernel/signal.c: send_signal_locked(), complete_signal().
void send_signal_to_task(KernelState& k, TaskId id, Signal signal);
/// Sends a signal to the process of the thread `id`, as kill() does: that thread takes it, or if it
/// blocks the signal or is gone the first other one that does not.
void send_signal_to_process(KernelState& k, TaskId id, Signal signal);

/// True when the task has a signal that it does not block: an interruptible sleep ends.
[[nodiscard]] inline bool signal_pending(const KernelState& k, TaskId id) {
  const Task& task = k.task(id);
  const u64 pending = task.pending.bits | k.process_of(id).shared_pending.bits;
  return task.killed || (pending & ~task.blocked.bits) != 0;
}

/// What taking the pending signals on the way back to user space led to.
struct SignalsTaken {
  bool dies = false;  ///< the task is to die
  bool handler_ran = false;
  bool restart = true;  ///< every handler that ran has SA_RESTART (true when none ran)
};
/// Takes all deliverable signals. Linux kernel/signal.c: get_signal(),
/// arch/x86/kernel/signal.c: arch_do_signal_or_restart().
SignalsTaken take_signals(KernelState& k, TaskId id);

/// Begins the end of a process: every thread dies when it next runs. `signal` 0: by itself.
/// Linux kernel/exit.c: do_group_exit().
void begin_group_exit(KernelState& k, ProcessId process, Signal signal);

}  // namespace ipcsim
