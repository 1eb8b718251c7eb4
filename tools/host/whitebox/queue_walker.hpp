// Reads message queues: struct mqueue_inode_info, its tree with the messages, and both lists of
// waiters.
#pragma once

#include <expected>
#include <string>

#include "sim/kernel/live_object.hpp"
#include "tools/host/whitebox/kernel_names.hpp"
#include "tools/host/whitebox/layout.hpp"
#include "tools/host/whitebox/list_walk.hpp"

namespace ipcsim::host {

/// A queue as it is.
struct ReadQueue {
  MqueueSnapshot queue;  ///< without its name
  Surroundings around;
  std::string problem;  ///< what about it has no name here, or nothing
};

/// Reads the queue whose `mqueue_inode_info` is at `address`. Errors: kTorn when it is locked or
/// changes meanwhile, or its structures do not hang together; kRefused.
[[nodiscard]] std::expected<ReadQueue, ReadError> read_queue(Peek& peek, const KernelLayout& layout,
                                                             const KernelNames& names, u64 address);

}  // namespace ipcsim::host
