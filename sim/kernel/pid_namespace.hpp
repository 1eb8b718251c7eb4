// PID namespaces: who has a number for whom, and what ends with the first process of one.
// Linux kernel/pid_namespace.c, kernel/pid.c.
#pragma once

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// True when the task has a number for the other one, alive or not: that is in the task's namespace
/// or in one below. In a trace the number is always the task's own, and what a program sees is
/// either that or nobody. Linux kernel/pid.c: pid_nr_ns().
[[nodiscard]] bool has_number_for(const KernelState& k, TaskId task, TaskId other);
/// Who sends a signal as the receiver is told: the task that leads the sender's process, or nobody.
/// Linux kernel/signal.c: send_signal_locked().
[[nodiscard]] TaskId sender_number(const KernelState& k, TaskId sender, TaskId receiver);

/// Where the task's children are to be born.
[[nodiscard]] PidNsId pid_ns_for_children(const KernelState& k, TaskId id);
/// Nobody can be born in the namespace, because its first process has ended.
[[nodiscard]] bool pid_namespace_ended(const KernelState& k, PidNsId ns);
/// A namespace below the task's own. Errors, in the order tested:
///   EINVAL  its children are to be born in another one than its own already
///   ENOSPC  33 namespaces lie above it
/// Linux kernel/pid_namespace.c: copy_pid_ns(), create_pid_namespace().
[[nodiscard]] Result<PidNsId> make_pid_namespace(KernelState& k, TaskId maker);
/// A new process is in its namespace: perhaps as the first one.
/// Linux kernel/fork.c: copy_process().
void join_pid_namespace(KernelState& k, ProcessId process);
/// A process has ended. If it was the first of its namespace all others there are killed, those
/// below included, in the order of their numbers.
/// Linux kernel/pid_namespace.c: zap_pid_ns_processes().
void zap_pid_ns_processes(KernelState& k, ProcessId ended);

}  // namespace ipcsim
