// What a sleeping task waits for.
#pragma once

#include <string>

#include "sim/kernel/kernel.hpp"

namespace ipcsim {

/// "pipe:1"; "pipe:2 (FIFO f)" of a named one.
[[nodiscard]] std::string pipe_name(const KernelState& k, PipeId pipe);
/// "queue q"
[[nodiscard]] std::string queue_name(const KernelState& k, MqueueId queue);

/// What the call that `task` sleeps in waits on: "pipe:1", "pipe:1, pipe:2", "its child". REQUIRES:
/// the task sleeps in a call.
[[nodiscard]] std::string sleeps_on(const Kernel& kernel, TaskId task);

/// What would let the call go on, and who could do it: "waits for bytes, or for the last write end
/// to close; write ends: task 1 (4), task 3 (4)". REQUIRES: the task sleeps in a call.
[[nodiscard]] std::string waiting_for(const Kernel& kernel, TaskId task);

}  // namespace ipcsim
