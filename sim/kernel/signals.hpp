// Signals, as far as sleeping calls, stopping and dying need them.
#pragma once

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// True when the default action of `signal` is to do nothing.
[[nodiscard]] bool ignored_by_default(Signal signal);
/// True when the default action of `signal` is to stop the process.
[[nodiscard]] bool stops_by_default(Signal signal);

/// Sends a signal to one thread, as tgkill() does. Ignored signals leave no trace; a fatal one
/// makes the whole process exit; SIGCONT lets a stopped process go on, whatever becomes of it.
/// Linux kernel/signal.c: prepare_signal(), __send_signal_locked(), complete_signal().
void send_signal_to_task(KernelState& k, TaskId id, const SignalInfo& info);
/// Sends a signal to the process of the thread `id`, as kill() does: that thread takes it, or if it
/// blocks the signal or is gone the first other one that does not.
void send_signal_to_process(KernelState& k, TaskId id, const SignalInfo& info);

/// True when the task has a signal that it does not block, or is to stop: an interruptible sleep
/// ends.
[[nodiscard]] inline bool signal_pending(const KernelState& k, TaskId id) {
  const Task& task = k.task(id);
  const u64 pending = task.pending.set.bits | k.process_of(id).shared_pending.set.bits;
  return task.killed || task.stop_pending || (pending & ~task.blocked.bits) != 0;
}

/// Takes all deliverable signals on the way back to user space, and runs the handlers there: the
/// one of the signal that was taken last runs first. Goes on from `taken` where a stop had
/// interrupted it. Linux kernel/signal.c: get_signal(), signal_delivered(),
/// arch/x86/kernel/signal.c: arch_do_signal_or_restart().
[[nodiscard]] SignalsTaken take_signals(KernelState& k, TaskId id, SignalsTaken taken);

/// Begins the end of a process: every thread dies when it next runs. `signal` 0: by itself.
/// Linux kernel/exit.c: do_group_exit().
void begin_group_exit(KernelState& k, ProcessId process, Signal signal);

}  // namespace ipcsim
