// Finds tasks in kernel memory by their numbers.
#pragma once

#include <optional>

#include "tools/host/whitebox/layout.hpp"
#include "tools/host/whitebox/list_walk.hpp"

namespace ipcsim::host {

/// Asks for the open file behind a descriptor of a task: a piece that holds the address of the
/// `struct file`, 0 when the descriptor is closed. REQUIRES: the table has such a descriptor.
/// `task`: a piece that holds the address of the task_struct.
[[nodiscard]] Peeked ask_file(Peek& peek, const KernelLayout& layout, Peeked task, u32 fd);

/// Where the calling thread is in the tree of pid namespaces: how deep, which its numbers count.
[[nodiscard]] std::optional<u32> own_pid_level(Peek& peek, const KernelLayout& layout);

/// The task_struct of thread `tid` of process `tgid`, as /proc numbers them, or nothing when there
/// is none. `level`: own_pid_level().
[[nodiscard]] std::optional<u64> find_task(Peek& peek, const KernelLayout& layout, u32 level,
                                           i32 tgid, i32 tid);

}  // namespace ipcsim::host
