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
/// `traced`: a tracer wants to know of ignored ones too, so they interrupt a call before they are
/// dropped. Linux kernel/signal.c: sig_ignored().
void send_signal_to_task(KernelState& k, TaskId id, const SignalInfo& info, bool traced = false);
/// Sends a signal to the process of the thread `id`, as kill() does: that thread is told, or if it
/// blocks the signal, has another to take already or is gone, one that does not.
void send_signal_to_process(KernelState& k, TaskId id, const SignalInfo& info);

/// Whether the ids of a task, or CAP_KILL, let it signal another one.
/// Linux kernel/signal.c: kill_ok_by_cred().
[[nodiscard]] bool may_signal(const KernelState& k, TaskId id, TaskId target);

/// True when the task was told of a signal, or is to stop: an interruptible sleep ends.
[[nodiscard]] inline bool signal_pending(const KernelState& k, TaskId id) {
  return k.task(id).killed || k.task(id).sigpending;
}
/// True for the errors that no program sees: the call starts again, or gives EINTR. Linux
/// include/linux/errno.h.
[[nodiscard]] inline bool internal_error(Errno error) {
  return error == Errno::kERESTARTSYS || error == Errno::kERESTARTNOHAND;
}
/// The task is told again of what it does not block, of its own or of its process, and only of
/// that. Linux kernel/signal.c: recalc_sigpending().
void recalc_sigpending(KernelState& k, TaskId id);
/// True when the task takes signals before it enters the call of that number: what it was told of,
/// and before a fork() also what another thread was told of. Linux kernel/fork.c: copy_process().
[[nodiscard]] inline bool signals_come_first(KernelState& k, TaskId id, u16 call_number) {
  if (is_any_call<ForkCall, VforkCall, CloneCall>(call_number)) {
    recalc_sigpending(k, id);
  }
  return signal_pending(k, id);
}
/// The task will take none of the process's signals in `which` any more: other threads are told.
/// Linux kernel/signal.c: retarget_shared_pending().
void retarget_shared_pending(KernelState& k, TaskId id, SignalSet which);
/// Replaces the set of signals that the task blocks (less those that cannot be).
/// Linux kernel/signal.c: set_current_blocked().
void set_blocked(KernelState& k, TaskId id, SignalSet blocked);

/// Takes all deliverable signals on the way back to user space, and runs the handlers there: the
/// one of the signal that was taken last runs first. Goes on from `taken` where a stop had
/// interrupted it. Linux kernel/signal.c: get_signal(), signal_delivered(),
/// arch/x86/kernel/signal.c: arch_do_signal_or_restart().
[[nodiscard]] SignalsTaken take_signals(KernelState& k, TaskId id, SignalsTaken taken);

/// The task ends its process: it dies, and every other thread when that next runs. `signal` 0: by
/// itself. Linux kernel/exit.c: do_group_exit().
void do_group_exit(KernelState& k, TaskId id, Signal signal);
/// All other threads of the process die when they next run: those after the task first.
/// Linux kernel/signal.c: zap_other_threads().
void zap_other_threads(KernelState& k, TaskId id);

}  // namespace ipcsim
