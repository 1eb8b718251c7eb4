// The memory of pipes, copied out of the kernel.
#pragma once

#include <cstddef>
#include <cstring>
#include <expected>
#include <span>
#include <vector>

#include "tools/host/whitebox/layout.hpp"
#include "tools/host/whitebox/peek.hpp"
#include "tools/host/whitebox/pipe_walker.hpp"

namespace ipcsim::host {

/// The copies of one pipe's memory.
struct PipeBytes {
  std::vector<std::byte> info;
  std::vector<std::byte> ring;
  u64 user_pages = 0;

  template <class T>
  [[nodiscard]] T get(u32 at) const {
    T value;
    std::memcpy(&value, info.data() + at, sizeof value);
    return value;
  }
  /// An index, which has 16 bits where two of them fit a machine word of 32.
  [[nodiscard]] u32 index(const BtfField& field) const {
    return field.size == sizeof(u16) ? get<u16>(field.offset) : get<u32>(field.offset);
  }
};

/// Copies all pipes with as few calls as can be, and notes the size of each ring in its
/// `slots_hint`. Says whether more than one call was needed: then they are of one moment only if
/// they are unchanged(). Errors: kTorn, kRefused.
[[nodiscard]] std::expected<bool, ReadError> copy_pipes(Peek& peek, const KernelLayout& layout,
                                                        std::span<WantedPipe> pipes,
                                                        std::span<PipeBytes> copies);

/// True when no pipe has changed since its copy was made.
[[nodiscard]] std::expected<bool, ReadError> unchanged(Peek& peek,
                                                       std::span<const WantedPipe> pipes,
                                                       std::span<const PipeBytes> copies);

}  // namespace ipcsim::host
