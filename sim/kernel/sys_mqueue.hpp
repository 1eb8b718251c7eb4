// What the message queue calls share.
#pragma once

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// The open file of a queue behind a descriptor; null when it is closed, O_PATH, or no queue.
[[nodiscard]] File* find_mqueue_file(KernelState& k, TaskId id, Fd fd);

}  // namespace ipcsim
