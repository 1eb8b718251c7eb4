// One number for a state, the same in every build.
#include "model/base/hash.hpp"

#include <string>

#include <gtest/gtest.h>

namespace ipcsim {
namespace {

u64 hash_of_text(const std::string& text) {
  Hasher hasher;
  hasher.add(std::as_bytes(std::span{text}));
  return hasher.value();
}

// A hash that is written down in one build is looked up in another: these numbers must never
// change.
TEST(Hasher, GivesTheSameNumberInEveryBuild) {
  EXPECT_EQ(Hasher{}.value(), 0U);
  Hasher one;
  one.add(1);
  EXPECT_EQ(one.value(), 0x910a2dec89025cc1U);
  Hasher several;
  several.add(u8{1});
  several.add(i32{-1});
  several.add(true);
  several.add(Bytes{4096});
  EXPECT_EQ(several.value(), 0x971bf68ce9ad5ddbU);
  EXPECT_EQ(hash_of_text(""), 0xe220a8397b1dcdafU);
  EXPECT_EQ(hash_of_text("ring"), 0x660567e11f9458cU);
  EXPECT_EQ(hash_of_text("a text of more than eight bytes"), 0xeefc1174b6243a3U);
}

// Two fields that change places are another state.
TEST(Hasher, DependsOnTheOrder) {
  Hasher a;
  a.add(1);
  a.add(2);
  Hasher b;
  b.add(2);
  b.add(1);
  EXPECT_NE(a.value(), b.value());
}

// Bytes that end elsewhere are other bytes, also when the rest is zeros.
TEST(Hasher, DependsOnTheLengthOfBytes) {
  EXPECT_NE(hash_of_text("abc"), hash_of_text(std::string("abc\0", 4)));
  EXPECT_NE(hash_of_text(""), Hasher{}.value());
}

// A field that is 0 is still a field.
TEST(Hasher, CountsZeros) {
  Hasher a;
  a.add(0);
  Hasher b;
  b.add(0);
  b.add(0);
  EXPECT_NE(a.value(), b.value());
}

}  // namespace
}  // namespace ipcsim
