// Traces made to do harm: they cost little, and are refused with a sentence.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/trace/trace.hpp"
#include "tests/trace/samples.hpp"

namespace ipcsim {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20U;

std::string repeated(std::size_t times, std::string_view piece) {
  std::string text;
  text.reserve(times * piece.size());
  for (std::size_t i = 0; i < times; ++i) {
    text += piece;
  }
  return text;
}

// The message that `line` gives as the second line of a trace.
std::string fault(const std::string& line) {
  const auto trace = parse_trace("{\"ipcsim_trace\":1}\n" + line + '\n', "t");
  return trace ? "no error" : trace.error().text();
}

TEST(TraceHostile, TenMegabytesOfOneLetter) {
  EXPECT_EQ(fault(std::string(10 * kMebibyte, 'a')), "t:2:1: not JSON: invalid literal");
}

TEST(TraceHostile, TenMegabytesOfText) {
  EXPECT_EQ(fault("{\"note\":\"" + std::string(10 * kMebibyte, 'a') + "\"}"), "no error");
  EXPECT_EQ(fault("{\"" + std::string(10 * kMebibyte, 'a') + "\":1}").substr(0, 40),
            "t:2: no event, expected one of the keys ");
  EXPECT_EQ(
      fault("{\"task\":1,\"call\":\"" + std::string(10 * kMebibyte, 'a') + "\"}").substr(0, 85),
      "t:2: call: unknown call \"" + std::string(48, 'a') + "\"...; the ca");
}

TEST(TraceHostile, ALineOverTheLimit) {
  EXPECT_EQ(fault("{\"note\":\"" + std::string(64 * kMebibyte, 'a') + "\"}"),
            "t:2: the line has 67108875 bytes, expected at most 67108864 (\"pattern\" makes a long "
            "payload short)");
}

TEST(TraceHostile, DeepNesting) {
  EXPECT_EQ(fault(repeated(kMebibyte, "[")), "t:2: nested deeper than 32 levels");
  EXPECT_EQ(fault(repeated(kMebibyte, "{\"a\":")), "t:2: nested deeper than 32 levels");
  EXPECT_EQ(fault(repeated(32, "[") + repeated(32, "]")),
            "t:2: this is a list, expected an object with one event");
}

TEST(TraceHostile, ManyValues) {
  EXPECT_EQ(fault("[" + repeated(kMebibyte, "0,") + "0]"),
            "t:2: more than 262144 values in one line");
  EXPECT_EQ(fault("[" + repeated(kMebibyte, "[],") + "0]"),
            "t:2: more than 262144 values in one line");
}

TEST(TraceHostile, ManyKeys) {
  std::string line = "{";
  for (int i = 0; i < 100'000; ++i) {
    line += "\"k" + std::to_string(i) + "\":0,";
  }
  EXPECT_EQ(fault(line + "\"note\":\"\"}"), "t:2: an object has more than 64 keys");
}

TEST(TraceHostile, LongNumbers) {
  EXPECT_EQ(fault("{\"advance_ns\":" + std::string(kMebibyte, '9') + "}"),
            "t:2:1048590: a number is too large");
  EXPECT_EQ(fault("{\"advance_ns\":0." + std::string(kMebibyte, '9') + "}"),
            "t:2: advance_ns: \"advance_ns\" is 1.0, expected a whole number from 0 to "
            "9223372036854775807");
}

TEST(TraceHostile, BinaryFiles) {
  Random random(5);
  for (int round = 0; round < 300; ++round) {
    std::string garbage;
    for (u64 n = 1 + random.below(300); n > 0; --n) {
      garbage += static_cast<char>(random.below(256));
    }
    const auto trace = parse_trace(garbage, "t");
    if (!trace) {
      EXPECT_THAT(trace.error().message,
                  testing::HasSubstr("a trace starts with a line such as {\"ipcsim_trace\":1"));
    }
    EXPECT_NE(fault(garbage), "");
  }
  EXPECT_EQ(fault(std::string("\x7f"
                              "ELF\x02\x01\x01\0\0\0",
                              10))
                .substr(0, 6),
            "t:2:8:");
}

// A file may stop after any byte: that is said, unless it stopped at the end of a line.
TEST(TraceHostile, FilesCutOffAnywhere) {
  Random random(6);
  const std::string text = format_trace(random_trace(random, 12));
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto trace = parse_trace(std::string_view(text).substr(0, size), "t");
    const bool whole_lines = size > 0 && (text[size - 1] == '\n' || text[size] == '\n');
    ASSERT_EQ(trace.has_value(), whole_lines) << text.substr(0, size);
    if (!trace && size > 0) {
      EXPECT_THAT(trace.error().message,
                  testing::StartsWith("the file ends inside this line: it was cut off"));
    }
  }
}

TEST(TraceHostile, LargePayloadsCostNothingUntilTheyAreUsed) {
  EXPECT_EQ(fault(R"({"task":1,"call":"write","fd":1,"buf":{"len":1073741824,"pattern":0}})"),
            "no error");
  EXPECT_EQ(fault(R"({"task":1,"call":"write","fd":1,"buf":{"len":1073741824},"count":5})"),
            "no error");
  EXPECT_EQ(fault(R"({"task":1,"call":"read","fd":0,"count":18446744073709551615})"), "no error");
}

}  // namespace
}  // namespace ipcsim
