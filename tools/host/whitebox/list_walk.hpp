// Linked lists in kernel memory, several at a time.
#pragma once

#include <array>
#include <cstring>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "tools/host/whitebox/peek.hpp"

namespace ipcsim::host {

/// What cannot be read.
enum class ReadError : u8 {
  kTorn,     ///< it changed meanwhile, or is locked: try again
  kRefused,  ///< the kernel does not let this process read any more
};

/// Room for an element. `KernelLayout` has none that is larger.
inline constexpr u32 kElementBytes = 64;

/// How elements are linked.
struct ListShape {
  u32 pointed = 0;  ///< pointers lead here in the element
  u32 next = 0;     ///< where in it the pointer to the next is
  u32 bytes = 0;    ///< of it, from its start
  // A number behind a pointer of the element:
  u32 pointer = 0;       ///< where in the element that pointer is
  u32 target = 0;        ///< where the number is behind it
  u32 target_bytes = 0;  ///< 0: it is not wanted
};

/// An element of a list.
struct ListElement {
  u64 address = 0;
  std::array<std::byte, kElementBytes> bytes{};
  u64 behind = 0;  ///< the number behind its pointer; 0 where that leads nowhere

  template <class T>
  [[nodiscard]] T get(u32 at) const {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  }
};

/// One list: from the pointer `next` on, until it leads to `end`.
struct List {
  u64 end = 0;
  u64 next = 0;
  std::vector<ListElement> elements;
};

/// Reads all lists to their ends. Together they may have at most `most` elements.
/// Errors: kTorn when there are more or a pointer leads nowhere; kRefused.
[[nodiscard]] std::expected<void, ReadError> walk(Peek& peek, std::span<List> lists,
                                                  const ListShape& shape, std::size_t most);

}  // namespace ipcsim::host
