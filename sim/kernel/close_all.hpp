// Descriptors that go all at once.
#pragma once

#include <vector>

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// What filp_close() does, for several descriptors in ascending order of which a task is rid at
/// once (close_range, execve, the end of a table). Their last references go when the task returns
/// to user space or exits, the newest first. Linux fs/file_table.c: fput(), kernel/task_work.c:
/// task_work_run().
void filp_close_all(KernelState& k, TaskId current, const std::vector<FileId>& files);

}  // namespace ipcsim
