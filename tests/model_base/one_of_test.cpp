// OneOf behaves as the std::variant that it stands for.
#include "model/base/one_of.hpp"

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include <gtest/gtest.h>

namespace ipcsim {
namespace {

struct Number {
  int n = 7;
  bool operator==(const Number&) const = default;
};
struct Text {
  std::string text;
  bool operator==(const Text&) const = default;
};
struct Shared {
  std::shared_ptr<int> counted;
  bool operator==(const Shared&) const = default;
};
struct Types : TypeList<Number, Text, Shared> {};
using Value = OneOf<Types>;

const std::string kLong(100, 'x');  // on the heap

TEST(OneOf, BeginsWithTheFirstType) {
  const Value value;
  EXPECT_EQ(value.index(), 0U);
  EXPECT_EQ(get<Number>(value).n, 7);
}

TEST(OneOf, TellsItsType) {
  const Value value = Text{kLong};
  EXPECT_EQ(value.index(), 1U);
  EXPECT_TRUE(holds_alternative<Text>(value));
  EXPECT_FALSE(holds_alternative<Number>(value));
  EXPECT_EQ(get_if<Number>(&value), nullptr);
  ASSERT_NE(get_if<Text>(&value), nullptr);
  EXPECT_EQ(get_if<Text>(&value)->text, kLong);
  const Value* none = nullptr;
  EXPECT_EQ(get_if<Text>(none), nullptr);
}

TEST(OneOfDeathTest, RefusesAnotherType) {
  const Value value;
  EXPECT_DEATH(static_cast<void>(get<Text>(value)), "index_");
}

TEST(OneOf, CopiesAndMovesWhatItHolds) {
  Value value = Text{kLong};
  Value copy = value;
  EXPECT_EQ(copy, value);
  get<Text>(copy).text += "y";
  EXPECT_NE(copy, value);
  const Value moved = std::move(copy);
  EXPECT_EQ(get<Text>(moved).text, kLong + "y");
  value = Number{3};
  EXPECT_EQ(value, Value(Number{3}));
  value = moved;
  EXPECT_EQ(value, moved);
  const Value& same = value;
  value = same;
  EXPECT_EQ(value, moved);
}

// Every value that was made ends once, whatever took its place.
TEST(OneOf, EndsWhatItHeld) {
  auto counted = std::make_shared<int>(1);
  {
    Value value = Shared{counted};
    Value other = value;
    EXPECT_EQ(counted.use_count(), 3);
    other = Number{};
    EXPECT_EQ(counted.use_count(), 2);
    other = std::move(value);
    EXPECT_EQ(counted.use_count(), 2);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(OneOf, DiffersByTypeBeforeValue) {
  EXPECT_NE(Value(Number{}), Value(Text{}));
  EXPECT_NE(Value(Number{1}), Value(Number{2}));
}

TEST(OneOf, VisitsWhatItHolds) {
  Value value = Text{"abc"};
  const auto size = [](const auto& held) { return sizeof held; };
  EXPECT_EQ(visit(size, std::as_const(value)), sizeof(Text));
  visit(
      [](auto& held) {
        if constexpr (requires { held.text; }) {
          held.text = "changed";
        }
      },
      value);
  EXPECT_EQ(get<Text>(value).text, "changed");
}

}  // namespace
}  // namespace ipcsim
