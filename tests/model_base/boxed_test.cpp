// An optional value kept apart is a value all the same.
#include "model/base/boxed.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace ipcsim {
namespace {

// While it is not there it takes a pointer's room.
static_assert(sizeof(Boxed<std::string>) == sizeof(void*));

TEST(Boxed, IsNothingAtFirst) {
  const Boxed<std::string> boxed;
  EXPECT_FALSE(boxed);
  EXPECT_FALSE(boxed.has_value());
  EXPECT_EQ(boxed, Boxed<std::string>());
}

// State is a value: a copy keeps what it was copied from, whatever becomes of that.
TEST(Boxed, CopiesTheValue) {
  Boxed<std::string> boxed;
  boxed.emplace("a");
  const Boxed<std::string> copy = boxed;
  EXPECT_EQ(copy, boxed);
  *boxed += "b";
  EXPECT_EQ(*copy, "a");
  EXPECT_EQ(boxed->size(), 2U);
  EXPECT_NE(copy, boxed);
  boxed = copy;
  EXPECT_EQ(*boxed, "a");
  *boxed = "c";
  EXPECT_EQ(*copy, "a");
}

TEST(Boxed, NothingDiffersFromAnEmptyValue) {
  Boxed<std::string> boxed;
  EXPECT_EQ(boxed.emplace(), "");
  EXPECT_NE(boxed, Boxed<std::string>());
  boxed = Boxed<std::string>();
  EXPECT_EQ(boxed, Boxed<std::string>());
}

TEST(Boxed, Moves) {
  Boxed<std::string> boxed;
  boxed.emplace("a");
  const Boxed<std::string> moved = std::move(boxed);
  EXPECT_EQ(*moved, "a");
}

}  // namespace
}  // namespace ipcsim
