// Objects under small stable numbers.
#include "model/base/arena.hpp"

#include <string>

#include <gtest/gtest.h>

namespace ipcsim {
namespace {

using Id = Strong<struct TestIdTag, u32>;
using Names = Arena<Id, std::string>;

std::string all(const Names& names) {
  std::string text;
  names.each([&](Id id, const std::string& name) { text += std::to_string(id.v) + name + " "; });
  return text;
}

// A number names its object for as long as that lives.
TEST(Arena, KeepsNumbers) {
  Names names;
  const Id a = names.insert("a");
  const Id b = names.insert("b");
  names.erase(a);
  EXPECT_EQ(names[b], "b");
  EXPECT_FALSE(names.contains(a));
  EXPECT_TRUE(names.contains(b));
}

// Numbers stay small however long a run is.
TEST(Arena, ReusesTheLowestNumberThatIsFree) {
  Names names;
  const Id a = names.insert("a");
  const Id b = names.insert("b");
  names.erase(a);
  names.erase(b);
  EXPECT_EQ(names.insert("c"), a);
  EXPECT_EQ(names.insert("d"), b);
  EXPECT_EQ(names.insert("e"), Id{2});
}

// The order in which objects went does not show in what comes after.
TEST(Arena, ForgetsTheOrderOfErasures) {
  constexpr u32 kMany = 10'000;
  Names up;
  Names down;
  for (u32 i = 0; i < kMany; ++i) {
    up.insert("x");
    down.insert("x");
  }
  for (u32 i = 0; i < kMany; i += 3) {
    up.erase(Id{i});
  }
  for (u32 i = (kMany - 1) / 3 * 3 + 3; i > 0; i -= 3) {
    down.erase(Id{i - 3});
  }
  EXPECT_EQ(up, down);
  for (u32 i = 0; i < kMany; i += 3) {
    ASSERT_EQ(up.insert("y"), Id{i});
    ASSERT_EQ(down.insert("y"), Id{i});
  }
  EXPECT_EQ(up.insert("z"), Id{kMany});
  EXPECT_EQ(up.size(), kMany + 1);
}

// Iteration has one order in every build.
TEST(Arena, VisitsByNumber) {
  Names names;
  names.insert("a");
  const Id b = names.insert("b");
  names.insert("c");
  names.erase(b);
  EXPECT_EQ(all(names), "0a 2c ");
  EXPECT_EQ(names.size(), 2U);
  names.insert("d");
  EXPECT_EQ(all(names), "0a 1d 2c ");
}

// Which numbers are free shows, even when all values are equal.
TEST(Arena, FreeNumbersCount) {
  constexpr u32 kMany = 200;
  Names a;
  for (u32 i = 0; i < kMany; ++i) {
    a.insert("");
  }
  Names b = a;
  for (const u32 number : {3U, 150U}) {
    a.erase(Id{number});
    EXPECT_NE(a, b);
    EXPECT_FALSE(a.contains(Id{number}));
    EXPECT_TRUE(a.contains(Id{number + 1}));
    b.erase(Id{number});
    EXPECT_EQ(a, b);
  }
  // One that had free numbers once is equal to one that never had.
  Names c = b;
  c.insert("");
  c.insert("");
  Names d;
  for (u32 i = 0; i < kMany; ++i) {
    d.insert("");
  }
  EXPECT_EQ(c, d);
}

// State is a value.
TEST(Arena, CopiesAndCompares) {
  Names names;
  const Id a = names.insert("a");
  Names copy = names;
  EXPECT_EQ(copy, names);
  copy[a] = "b";
  EXPECT_NE(copy, names);
  EXPECT_EQ(names[a], "a");
}

// A number that is no longer valid is an error of this program and stops it.
TEST(ArenaDeathTest, StopsWhenAnErasedNumberIsUsed) {
  Names names;
  const Id a = names.insert("a");
  names.erase(a);
  EXPECT_DEATH(static_cast<void>(names[a]), "check failed: contains");
  EXPECT_DEATH(names.erase(a), "check failed: contains");
}

}  // namespace
}  // namespace ipcsim
