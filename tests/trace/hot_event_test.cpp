// The fast reader of common lines and the one for all lines read alike.
#include "sim/trace/hot_event.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "sim/trace/plain_line.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {
namespace {

/// What the fast reader makes of a line that lies alone in its text.
std::optional<Event> hot(std::string_view line) {
  Event event;
  return HotEventReader(line).read(line, event) ? std::optional{event} : std::nullopt;
}

bool is_built() { return hot(R"({"call":"read","task":1,"fd":3,"count":1})").has_value(); }

// Both readers know these, and agree.
TEST(HotEvent, ReadsPlainReadsAndWrites) {
  if (!is_built()) {
    GTEST_SKIP() << "built without simdjson";
  }
  for (
      const std::string_view line : {
          R"({"task":1,"call":"write","fd":4,"buf":"hi\n\u00e9","ret":4})",
          R"({"task":1,"call":"write","fd":4,"buf":{"len":70000},"ret":65536})",
          R"({"task":2,"call":"write","fd":-1,"buf":{"len":300,"pattern":250}})",
          R"({"task":1,"call":"read","fd":3,"count":4096,"ret":4096,"out":{"buf":{"len":4096}}})",
          R"({"task":1,"call":"read","fd":3,"count":0,"ret":0})",
          R"({"ret":2,"out":{"buf":"ab"},"count":18446744073709551615,"fd":3,"call":"read","task":1000000})",
          R"( {"task":7,"return":"read","ret":1,"out":{"buf":"x"},"time_ns":-5,"origin":"a \"b\""} )",
          R"({"task":7,"return":"write","ret":1})",
      }) {
    const auto fast = hot(line);
    const auto slow = parse_event(line);
    ASSERT_TRUE(slow.has_value()) << line << ": " << slow.error();
    ASSERT_TRUE(fast.has_value()) << line;
    EXPECT_EQ(*fast, *slow) << line;
  }
}

// Lines in the form that format_trace() gives them need no parser; any other form does.
TEST(HotEvent, WrittenLinesNeedNoParser) {
  for (
      const std::string_view line : {
          R"({"task":1,"call":"write","fd":4,"buf":"hi","ret":2})",
          R"({"task":1,"call":"write","fd":4,"buf":{"len":70000},"ret":65536,"time_ns":5})",
          R"({"task":2,"call":"write","fd":-1,"buf":{"len":300,"pattern":250}})",
          R"({"task":1,"call":"read","fd":3,"count":9,"ret":9,"out":{"buf":{"len":9}},"origin":"x:1"})",
          R"({"task":7,"return":"read","ret":1,"out":{"buf":"x"}})",
          R"({"task":7,"return":"write","ret":1,"time_ns":-5})",
      }) {
    PlainLine members;
    Event event;
    ASSERT_TRUE(read_written_line(line, members)) << line;
    ASSERT_TRUE(make_event(members, event)) << line;
    EXPECT_EQ(event, *parse_event(line)) << line;
    for (std::size_t length = 0; length < line.size(); ++length) {
      PlainLine cut;
      EXPECT_FALSE(read_written_line(line.substr(0, length), cut)) << line.substr(0, length);
    }
  }
  for (const std::string_view line : {
           R"({"task":1,"call":"read","fd":3,"count":1} )",
           R"({"task":1, "call":"read","fd":3,"count":1})",
           R"({"call":"read","task":1,"fd":3,"count":1})",
           R"({"task":01,"call":"read","fd":3,"count":1})",
           R"({"task":1,"call":"read","fd":-0,"count":1})",
           R"({"task":1,"call":"read","fd":3,"count":18446744073709551615})",
           R"({"task":1,"call":"write","fd":4,"buf":"a\n","ret":2})",
           R"({"task":1,"call":"write","fd":4,"buf":"\u00e9","ret":2})",
           R"({"task":1,"call":"write","fd":4,"buf":{"len":5,"pattern":251}})",
           R"({"task":1,"call":"write","fd":4,"buf":{"len":2000000000}})",
           R"({"task":1,"call":"close","fd":3,"ret":0})",
       }) {
    PlainLine members;
    EXPECT_FALSE(read_written_line(line, members)) << line;
  }
}

// What is wrong, or another event, is left to the other reader.
TEST(HotEvent, LeavesAllElseAlone) {
  for (const std::string_view line : {
           "",
           "{",
           "[]",
           R"({"task":1,"call":"read","fd":3,"count":1} x)",
           R"({"task":1,"call":"read","fd":3,"count":1,"fd":3})",
           R"({"task":1,"call":"read","fd":3,"count":-1})",
           R"({"task":1,"call":"read","fd":3,"count":1.0})",
           R"({"task":1,"call":"read","fd":3})",
           R"({"task":0,"call":"read","fd":3,"count":1})",
           R"({"task":1,"call":"read","fd":3000000000,"count":1})",
           R"({"task":1,"call":"read","fd":3,"count":1,"out":{"buf":"x"}})",
           R"({"task":1,"call":"read","fd":3,"count":5,"ret":5,"out":{"buf":"x"}})",
           R"({"task":1,"call":"read","fd":3,"count":1,"ret":-1,"errno":"EAGAIN"})",
           R"({"task":1,"call":"write","fd":4,"buf":{"hex":"00"},"ret":1})",
           R"({"task":1,"call":"write","fd":4,"buf":{"len":5,"pattern":251}})",
           R"({"task":1,"call":"write","fd":4,"buf":{"pattern":1}})",
           R"({"task":1,"call":"write","fd":4,"buf":{"len":2000000000}})",
           R"({"task":1,"call":"write","fd":4,"buf":"x","count":1})",
           R"({"task":1,"return":"read","fd":3,"ret":1})",
           R"({"task":1,"return":"read"})",
           R"({"task":1,"call":"close","fd":3,"ret":0})",
           R"({"task":1,"call":"read","return":"read","fd":3,"count":1,"ret":1})",
           "{\"task\":1,\"call\":\"write\",\"fd\":4,\"buf\":\"\xff\"}",
           "{\"task\":1,\"call\":\"write\",\"fd\":4,\"buf\":\"\n\"}",
       }) {
    EXPECT_FALSE(hot(line).has_value()) << line;
  }
}

// Lines in the middle of a text and at its end, where there is no room behind them.
TEST(HotEvent, ReadsWholeTraces) {
  std::string text = R"({"ipcsim_trace":1,"title":"t","order":"settled"})";
  std::vector<std::string> lines;
  for (int i = 0; i < 50; ++i) {
    lines.push_back(R"({"task":1,"call":"write","fd":4,"buf":")" +
                    std::string(static_cast<std::size_t>(i), 'y') + R"(","ret":)" +
                    std::to_string(i) + "}");
    text += "\n" + lines.back();
  }
  const auto trace = parse_trace(text, "T");
  ASSERT_TRUE(trace.has_value()) << trace.error().text();
  ASSERT_EQ(trace->events.size(), lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(trace->events[i], *parse_event(lines[i]));
    EXPECT_EQ(trace->events[i].line, i + 2);
  }
}

}  // namespace
}  // namespace ipcsim
