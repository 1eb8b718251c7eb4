// Where a recording shows less than the kernel did, or another order.
#pragma once

#include "sim/kernel/kernel.hpp"

namespace ipcsim {

/// True when a recorder may have shown already that the task's call returned: dup2(), close_range()
/// and execve() release what they closed on the way to user space, behind a tracer's last look and
/// before the task's next call; and so do signals, that may stop the task there. Not so where
/// others use the table, and could see the descriptors. Linux kernel/task_work.c: task_work_run(),
/// kernel/entry/common.c: syscall_exit_work().
[[nodiscard]] bool returns_before_releasing(const Kernel& kernel, TaskId task);

/// True for a kill() or tgkill() of what has ended and a result that is right then: 0 while it is a
/// zombie, ESRCH when its parent has waited for it, which no trace shows.
[[nodiscard]] bool may_signal_what_has_ended(const KernelState& k, const Call& call,
                                             const SysResult& result);

}  // namespace ipcsim
