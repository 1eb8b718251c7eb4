// Fixed-width integers and the strong types that keep units apart.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace ipcsim {

using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

/// A number that says what it counts. Two `Strong` types with different tags never mix.
template <class Tag, class Rep>
struct Strong {
  using rep = Rep;
  Rep v{};

  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : v(value) {}
  constexpr auto operator<=>(const Strong&) const = default;
};

/// A length or a position in bytes.
using Bytes = Strong<struct BytesTag, u64>;
/// A number of slots (`pipe_buffer`s) of a pipe's ring.
using Slots = Strong<struct SlotsTag, u32>;
/// A file descriptor, as a program sees it.
using Fd = Strong<struct FdTag, i32>;
/// A task (thread) of a simulated system: 1, 2, 3 ... by first appearance. A process is named by
/// the task that leads it. 0 is nobody.
using TaskId = Strong<struct TaskTag, u32>;
/// Virtual time.
using Nanoseconds = Strong<struct NanosecondsTag, i64>;

inline constexpr TaskId kNoTask{0};
inline constexpr i64 kNanosecondsPerSecond = 1'000'000'000;

/// `by` after `time`, or the last moment that there is. REQUIRES: by.v >= 0.
[[nodiscard]] constexpr Nanoseconds later(Nanoseconds time, Nanoseconds by) {
  constexpr i64 kLast = std::numeric_limits<i64>::max();
  return Nanoseconds{time.v > kLast - by.v ? kLast : time.v + by.v};
}

}  // namespace ipcsim
