// Runs of bytes, however they are written down.
#include "model/base/payload.hpp"

#include <array>

#include <gtest/gtest.h>

#include "model/base/random.hpp"

namespace ipcsim {
namespace {

std::string copied(const Payload& payload, u64 offset, u64 len) {
  std::string text(len, '?');
  payload.copy(offset, std::as_writable_bytes(std::span{text}));
  return text;
}

// The default is a message of no bytes, which a queue takes.
TEST(Payload, IsEmptyByDefault) {
  const Payload none;
  EXPECT_EQ(none.len(), 0U);
  EXPECT_TRUE(none.known());
  EXPECT_EQ(none.to_string(), "");
  EXPECT_EQ(none, Payload::of_bytes(""));
}

// Bytes may be anything, also zeros.
TEST(Payload, OfBytesKeepsThem) {
  const std::string bytes("a\0b\xff", 4);
  const Payload payload = Payload::of_bytes(bytes);
  EXPECT_EQ(payload.len(), 4U);
  EXPECT_EQ(payload.to_string(), bytes);
  EXPECT_EQ(payload.stored_bytes(), bytes);
  EXPECT_EQ(payload.at(3), std::byte{0xff});
  EXPECT_EQ(payload.pattern(), std::nullopt);
}

// Large traces stay small: byte i is (pattern + i) mod 251, which no page boundary divides.
TEST(Payload, OfPatternCountsModulo251) {
  const Payload payload = Payload::of_pattern(600, 249);
  EXPECT_EQ(payload.len(), 600U);
  EXPECT_TRUE(payload.known());
  EXPECT_EQ(payload.pattern(), u8{249});
  EXPECT_EQ(payload.stored_bytes(), "");
  EXPECT_EQ(copied(payload, 0, 4), std::string("\xf9\xfa\0\1", 4));
  EXPECT_EQ(payload.at(2 + 251), std::byte{0});
  EXPECT_EQ(payload.at(599), pattern_byte(249, 599));
}

// strace shows only the first bytes of a write.
TEST(Payload, OfUnknownKnowsItsPrefix) {
  const Payload payload = Payload::of_unknown(6, "abc");
  EXPECT_EQ(payload.len(), 6U);
  EXPECT_EQ(payload.known_len(), 3U);
  EXPECT_FALSE(payload.known());
  EXPECT_EQ(payload.to_string(), std::string("abc\0\0\0", 6));
}

// A slot's page holds any piece of a write.
TEST(Payload, CopiesAnyPiece) {
  const Payload unknown = Payload::of_unknown(6, "abc");
  EXPECT_EQ(copied(unknown, 1, 3), std::string("bc\0", 3));
  EXPECT_EQ(copied(unknown, 4, 2), std::string("\0\0", 2));
  EXPECT_EQ(copied(Payload::of_bytes("abcdef"), 2, 3), "cde");
  EXPECT_EQ(copied(Payload::of_pattern(9, 5), 3, 2), "\x08\x09");
  EXPECT_EQ(copied(Payload::of_bytes("abc"), 3, 0), "");
}

// Equality is about the bytes, not about how they are written down.
TEST(Payload, EqualsTheSameBytesInAnotherForm) {
  EXPECT_EQ(Payload::of_pattern(3, 'a'), Payload::of_bytes("abc"));
  EXPECT_EQ(Payload::of_unknown(3, "abc"), Payload::of_bytes("abc"));
  EXPECT_NE(Payload::of_pattern(3, 'a'), Payload::of_bytes("abd"));
  EXPECT_NE(Payload::of_pattern(3, 'a'), Payload::of_pattern(4, 'a'));
  EXPECT_NE(Payload::of_pattern(3, 'a'), Payload::of_pattern(3, 'b'));
}

// What is not known on one side is not the same as what is.
TEST(Payload, DiffersWhenLessIsKnown) {
  EXPECT_NE(Payload::of_unknown(3, "ab"), Payload::of_bytes("abc"));
  EXPECT_NE(Payload::of_unknown(3, "ab"), Payload::of_unknown(3, "abc"));
  EXPECT_EQ(Payload::of_unknown(3, "ab"), Payload::of_unknown(3, "ab"));
}

// A recorded result agrees with the model's as far as it was recorded.
TEST(Payload, IsCompatibleWhereBothAreKnown) {
  const Payload whole = Payload::of_bytes("abcdef");
  EXPECT_TRUE(Payload::of_unknown(6, "abc").compatible_with(whole));
  EXPECT_TRUE(whole.compatible_with(Payload::of_unknown(6)));
  EXPECT_TRUE(Payload::of_pattern(6, 'a').compatible_with(Payload::of_unknown(6, "ab")));
  EXPECT_TRUE(Payload::of_unknown(6, "ab").compatible_with(Payload::of_unknown(6, "abcd")));
}

// A wrong byte or a wrong length is a difference, whatever else is unknown.
TEST(Payload, IsNotCompatibleWithAnotherLengthOrByte) {
  const Payload whole = Payload::of_bytes("abcdef");
  EXPECT_FALSE(Payload::of_unknown(5, "abc").compatible_with(whole));
  EXPECT_FALSE(Payload::of_unknown(6, "abx").compatible_with(whole));
  EXPECT_FALSE(Payload::of_pattern(6, 'b').compatible_with(whole));
  EXPECT_FALSE(Payload::of_unknown(6, "ax").compatible_with(Payload::of_pattern(6, 'a')));
}

// The definitions once more, byte by byte, on whatever a seed gives.
TEST(Payload, ComparesAsItsBytesDo) {
  Random random(1);
  const auto any = [&] {
    const u64 len = random.below(4);
    std::string bytes;
    for (u64 i = 0; i < len; ++i) {
      bytes += static_cast<char>('a' + random.below(2));
    }
    switch (random.below(3)) {
      case 0:
        return Payload::of_bytes(bytes);
      case 1:
        return Payload::of_pattern(len, static_cast<u8>('a' + random.below(2)));
      default:
        return Payload::of_unknown(len, bytes.substr(0, random.below(len + 1)));
    }
  };
  for (int i = 0; i < 2000; ++i) {
    const Payload a = any();
    const Payload b = any();
    bool compatible = a.len() == b.len();
    for (u64 j = 0; j < std::min(a.known_len(), b.known_len()); ++j) {
      compatible = compatible && a.at(j) == b.at(j);
    }
    ASSERT_EQ(a.compatible_with(b), compatible);
    ASSERT_EQ(a == b, compatible && a.known_len() == b.known_len());
  }
}

// What a read takes is gathered piece by piece.
TEST(SharedBytes, GatherPieces) {
  SharedBytes bytes;
  bytes.reserve(4);
  bytes.append(std::as_bytes(std::span{std::string_view("abc")}).data(), 3);
  bytes.append(nullptr, 2);
  bytes.append(nullptr, 0);
  EXPECT_EQ(bytes.size(), 5U);
  EXPECT_EQ(Payload::of_bytes(bytes).to_string(), std::string("abc\0\0", 5));
  EXPECT_EQ(SharedBytes().size(), 0U);
  EXPECT_EQ(SharedBytes().view(), "");
}

// Copies are values: what is appended to one is no concern of the other.
TEST(SharedBytes, ShareUntilOneIsAppendedTo) {
  SharedBytes bytes;
  bytes.reserve(100);
  bytes.append(std::as_bytes(std::span{std::string_view("abc")}).data(), 3);
  SharedBytes other = bytes;
  EXPECT_EQ(other.data(), bytes.data());
  other.append(nullptr, 1);
  EXPECT_EQ(bytes.view(), "abc");
  EXPECT_EQ(other.view(), std::string_view("abc\0", 4));
  EXPECT_FALSE(bytes == other);
  const Payload payload = Payload::of_bytes(bytes);
  bytes.append(nullptr, 1);
  EXPECT_EQ(payload.to_string(), "abc");
  EXPECT_TRUE(bytes == other);
}

}  // namespace
}  // namespace ipcsim
