// Every form of a payload, as it is written and as it is read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/trace/json_reader.hpp"
#include "sim/trace/json_value.hpp"
#include "sim/trace/payload_json.hpp"

namespace ipcsim {
namespace {

// The payload that `json` is, or a payload of the message.
Payload read(std::string_view json) {
  const auto value = parse_json(json);
  if (!value) {
    return Payload::of_bytes("no JSON: " + value.error().message);
  }
  Problem problem;
  const JsonValue::Object nothing;
  JsonReader in(nothing, "test", problem);
  Payload payload;
  read_payload(in, "buf", *value, payload);
  return problem.found() ? Payload::of_bytes(problem.text()) : payload;
}

void expect_both_ways(const Payload& payload, std::string_view json) {
  EXPECT_EQ(payload_json(payload), json);
  EXPECT_TRUE(read(json) == payload) << json << " is read as " << payload_json(read(json));
}

TEST(TracePayload, PlainTextIsAString) {
  expect_both_ways(Payload{}, R"("")");
  expect_both_ways(Payload::of_bytes("hello\n\tworld"), R"("hello\n\tworld")");
  expect_both_ways(Payload::of_bytes("a\"b\\c"), R"("a\"b\\c")");
  expect_both_ways(Payload::of_bytes("\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7"), R"("ä€🐧")");
}

TEST(TracePayload, BytesThatAreNoPlainTextAreHex) {
  expect_both_ways(Payload::of_bytes(std::string("\0\xff", 2)), R"({"hex":"00ff"})");
  expect_both_ways(Payload::of_bytes("a\rb"), R"({"hex":"610d62"})");
  expect_both_ways(Payload::of_bytes("\x7f"), R"({"hex":"7f"})");
  // An overlong form, half a character, a surrogate, a code past the last one.
  expect_both_ways(Payload::of_bytes("\xc0\x80"), R"({"hex":"c080"})");
  expect_both_ways(Payload::of_bytes("\xe2\x82"), R"({"hex":"e282"})");
  expect_both_ways(Payload::of_bytes("\xed\xa0\x80"), R"({"hex":"eda080"})");
  expect_both_ways(Payload::of_bytes("\xf4\x90\x80\x80"), R"({"hex":"f4908080"})");
  // Valid, but nobody would see it: a C1 control, a mark that turns the text around.
  expect_both_ways(Payload::of_bytes("\xc2\x85"), R"({"hex":"c285"})");
  expect_both_ways(Payload::of_bytes("\xe2\x80\xae"), R"({"hex":"e280ae"})");
}

TEST(TracePayload, PatternsStayShort) {
  expect_both_ways(Payload::of_pattern(65536, 7), R"({"len":65536,"pattern":7})");
  expect_both_ways(Payload::of_pattern(3, 250), R"({"len":3,"pattern":250})");
  EXPECT_EQ(payload_json(Payload::of_pattern(10, 255)), R"({"len":10,"pattern":4})");
}

// Recorded bytes that happen to be a pattern are written as one, but not when they are few.
TEST(TracePayload, BytesThatAreAPatternAreRecognised) {
  expect_both_ways(Payload::of_bytes(Payload::of_pattern(64, 200).to_string()),
                   R"({"len":64,"pattern":200})");
  std::string almost = Payload::of_pattern(300, 0).to_string();
  almost.back() = 'x';
  EXPECT_EQ(payload_json(Payload::of_bytes(almost)).substr(0, 12), R"({"hex":"0001)");
  const std::string few = Payload::of_pattern(63, 32).to_string();
  EXPECT_EQ(payload_json(Payload::of_bytes(few)).front(), '"');
}

TEST(TracePayload, UnknownBytesHaveALength) {
  expect_both_ways(Payload::of_unknown(100), R"({"len":100})");
  expect_both_ways(Payload::of_unknown(100, "abc"), R"({"text":"abc","len":100})");
  expect_both_ways(Payload::of_unknown(100, "\x01"), R"({"hex":"01","len":100})");
  expect_both_ways(Payload::of_unknown(3, "abc"), R"("abc")");
  expect_both_ways(Payload::of_unknown(0), R"("")");
  EXPECT_EQ(payload_json(read(R"({"len":3,"text":"abc"})")), R"("abc")");
}

TEST(TracePayload, StringsMeanTheirUtf8Bytes) {
  EXPECT_EQ(read(R"("\u0000\u00e4\ud83d\udc27\/")").to_string(),
            std::string("\0\xc3\xa4\xf0\x9f\x90\xa7/", 8));
  EXPECT_EQ(read(R"({"hex":"AbCd"})").to_string(), "\xab\xcd");
}

std::string segment_json_after_reading(std::string_view json) {
  const auto value = parse_json(json);
  Problem problem;
  const JsonValue::Object nothing;
  JsonReader in(nothing, "test", problem);
  UserSegment segment;
  read_in_iovec(in, "iov[0]", value.value_or(JsonValue{}), segment);
  return problem.found() ? problem.text() : in_iovec_json(segment);
}

// A buffer says in its object where its pages end, and an iovec its length.
TEST(TracePayload, BuffersThatEndEarlyKeepTheirForm) {
  for (const std::string_view json :
       {R"("abc")", R"({"text":"abc","mapped":2})", R"({"mapped":0})",
        R"({"iov_len":9,"mapped":0})", R"({"text":"abc","iov_len":2})",
        R"({"len":100,"pattern":1,"iov_len":200,"mapped":100})"}) {
    EXPECT_EQ(segment_json_after_reading(json), json);
  }
  EXPECT_EQ(
      segment_json_after_reading(R"({"text":"abc","iov_len":4})"),
      R"(test: "iov[0].iov_len" is 4, but "iov[0]" has 3 bytes; expected the bytes, or "mapped" )"
      "where they end");
}

}  // namespace
}  // namespace ipcsim
