// Reads pipes: struct pipe_inode_info, its slots, and who waits.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <vector>

#include "sim/kernel/live_object.hpp"
#include "tools/host/whitebox/kernel_names.hpp"
#include "tools/host/whitebox/layout.hpp"
#include "tools/host/whitebox/list_walk.hpp"

namespace ipcsim::host {

/// A pipe that is to be read, and then what it is.
struct WantedPipe {
  u64 address = 0;      ///< of the `pipe_inode_info`
  u32 slots_hint = 16;  ///< so many slots are read at once
  PipeSnapshot pipe;    ///< without its name
  Surroundings around;
  std::string problem;  ///< what about it has no name here, or nothing
};

/// Reads all of them, so that each is of one moment. Errors: kTorn when one of them is locked, or
/// changes meanwhile; kRefused.
[[nodiscard]] std::expected<void, ReadError> read_pipes(Peek& peek, const KernelLayout& layout,
                                                        KernelNames& names,
                                                        std::span<WantedPipe> pipes);

}  // namespace ipcsim::host
