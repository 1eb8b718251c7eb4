// The tree of a message queue, as it lies in kernel memory.
#pragma once

#include <expected>
#include <vector>

#include "sim/kernel/snapshot.hpp"
#include "tools/host/whitebox/layout.hpp"
#include "tools/host/whitebox/list_walk.hpp"

namespace ipcsim::host {

/// Nodes and messages of a queue.
struct QueueTree {
  std::optional<u32> root;  ///< priorities
  std::optional<u32> rightmost;
  std::vector<MqNodeSnapshot> nodes;  ///< in ascending order of priority
};

/// Reads the tree below the rb_node at `root` (0: none). `rightmost`: where the kernel's pointer to
/// the rightmost node leads, 0 for nowhere. `most`: nodes, and messages, that a queue can have.
/// Errors: kTorn when there are more, or a pointer leads nowhere, or two nodes have one priority;
/// kRefused.
[[nodiscard]] std::expected<QueueTree, ReadError> read_tree(Peek& peek, const KernelLayout& layout,
                                                            u64 root, u64 rightmost,
                                                            std::size_t most);

/// Extra blocks of each of the messages whose first `next` pointers are given.
[[nodiscard]] std::expected<std::vector<u64>, ReadError> count_segments(
    Peek& peek, const KernelLayout& layout, const std::vector<u64>& first);

}  // namespace ipcsim::host
