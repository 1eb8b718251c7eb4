// Who is in a wait queue.
#pragma once

#include <string>
#include <vector>

#include "sim/kernel/snapshot.hpp"
#include "tools/host/whitebox/kernel_names.hpp"
#include "tools/host/whitebox/layout.hpp"
#include "tools/host/whitebox/list_walk.hpp"

namespace ipcsim::host {

/// Most entries of the queues that are read together.
inline constexpr std::size_t kMostWaiters = 65'536;

/// How the entries (`struct wait_queue_entry`) are linked, and what is read of them.
[[nodiscard]] ListShape wait_shape(const KernelLayout& layout);

/// What the entries of a queue are, from its head on; `problem` when one is not known.
/// REQUIRES: `list` was read with the shape wait_shape().
[[nodiscard]] std::vector<WaiterSnapshot> waiters_of(const List& list, const KernelLayout& layout,
                                                     const KernelNames& names,
                                                     std::string& problem);

}  // namespace ipcsim::host
