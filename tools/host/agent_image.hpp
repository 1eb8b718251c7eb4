// The agent program, which is part of this one.
#pragma once

#include <cstddef>
#include <expected>
#include <span>

#include "sim/replay/machine.hpp"

namespace ipcsim::host {

/// The agent's executable file.
[[nodiscard]] std::span<const std::byte> agent_image();

/// A descriptor (close-on-exec) of a sealed file in memory with the agent, ready to be executed.
/// Made once for this process.
[[nodiscard]] std::expected<int, MachineError> agent_file();

}  // namespace ipcsim::host
