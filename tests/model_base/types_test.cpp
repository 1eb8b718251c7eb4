// Numbers that say what they count.
#include "model/base/types.hpp"

#include <concepts>
#include <limits>

#include <gtest/gtest.h>

namespace ipcsim {
namespace {

template <class A, class B>
concept Comparable = requires(A a, B b) { a == b; };

// A byte count given where slots are meant does not compile.
TEST(Strong, DoesNotMixWithAnother) {
  static_assert(!std::convertible_to<Bytes, Slots>);
  static_assert(!std::convertible_to<u64, Bytes>);
  static_assert(!std::convertible_to<Bytes, u64>);
  static_assert(!Comparable<Fd, TaskId>);
  static_assert(Comparable<Fd, Fd>);
}

// It costs what its number costs.
TEST(Strong, IsAsLargeAsItsNumber) {
  static_assert(sizeof(Bytes) == sizeof(u64));
  static_assert(sizeof(Fd) == sizeof(i32));
}

// A trace may let any time pass; a clock that overflowed would be undefined.
TEST(Later, StopsAtTheLastMoment) {
  constexpr Nanoseconds kLast{std::numeric_limits<i64>::max()};
  EXPECT_EQ(later(Nanoseconds{5}, Nanoseconds{6}), Nanoseconds{11});
  EXPECT_EQ(later(kLast, Nanoseconds{0}), kLast);
  EXPECT_EQ(later(kLast, Nanoseconds{1}), kLast);
  EXPECT_EQ(later(Nanoseconds{1}, kLast), kLast);
}

}  // namespace
}  // namespace ipcsim
