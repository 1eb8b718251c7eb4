// Values that are shared by counting.
#include "model/base/shared.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace ipcsim {
namespace {

// Holders do not know of each other: each may go first.
TEST(Shared, LivesAsLongAsAHolder) {
  Shared<std::string> last;
  {
    const Shared first(std::string("a value that is too long for its own memory"));
    const Shared second = first;
    last = second;
    EXPECT_EQ(&*first, &*last);
  }
  EXPECT_EQ(*last, "a value that is too long for its own memory");
  EXPECT_EQ(last->size(), 43U);
}

TEST(Shared, MovesWithoutCounting) {
  Shared from(std::string("x"));
  const std::string* value = &*from;
  const Shared to = std::move(from);
  EXPECT_EQ(&*to, value);
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is the question
}

TEST(Shared, TakesItselfBack) {
  Shared value(std::string("x"));
  const auto& same = value;
  value = same;
  EXPECT_EQ(*value, "x");
}

// Two states are equal whoever made their parts.
TEST(Shared, ComparesValues) {
  const Shared one(std::string("x"));
  EXPECT_EQ(one, Shared(std::string("x")));
  EXPECT_FALSE(one == Shared(std::string("y")));
  EXPECT_FALSE(one == Shared<std::string>());
  EXPECT_EQ(Shared<std::string>(), Shared<std::string>());
}

TEST(SharedDeathTest, HasNoValueWhenEmpty) {
  EXPECT_DEATH(static_cast<void>(*Shared<std::string>()), "empty");
}

}  // namespace
}  // namespace ipcsim
