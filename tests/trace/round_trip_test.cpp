#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/trace/call_json.hpp"
#include "sim/trace/trace.hpp"
#include "tests/trace/samples.hpp"

namespace ipcsim {
namespace {

// What is written is read back as the same, for every call and every kind of event.
TEST(TraceRoundTrip, EveryEventIsReadBackEqual) {
  Random random(1);
  std::set<std::size_t> calls;
  std::set<std::size_t> kinds;
  for (int round = 0; round < 200; ++round) {
    for (const Event& event : random_events(random)) {
      kinds.insert(event.body.index());
      if (const auto* call = std::get_if<CallEvent>(&event.body)) {
        calls.insert(call->call.index());
      }
      const std::string line = format_event(event);
      ASSERT_EQ(line.find('\n'), std::string::npos) << line;
      const auto read = parse_event(line);
      ASSERT_TRUE(read) << line << "\n" << read.error();
      ASSERT_TRUE(*read == event) << line << "\n" << format_event(*read);
      ASSERT_EQ(format_event(*read), line);
    }
  }
  EXPECT_EQ(calls.size(), Call::kSize);
  EXPECT_EQ(kinds.size(), std::variant_size_v<EventBody>);
}

TEST(TraceRoundTrip, EveryHeaderIsReadBackEqual) {
  Random random(2);
  for (int round = 0; round < 500; ++round) {
    Trace trace;
    trace.header = random_header(random);
    const std::string text = format_trace(trace);
    const auto read = parse_trace(text, "t");
    ASSERT_TRUE(read) << text << read.error().text();
    ASSERT_TRUE(*read == trace) << text << format_trace(*read);
  }
}

TEST(TraceRoundTrip, WholeTracesAreReadBackEqual) {
  Random random(3);
  std::size_t events = 0;
  for (int round = 0; round < 60; ++round) {
    const Trace trace = random_trace(random, 100);
    ASSERT_TRUE(check_trace(trace)) << check_trace(trace).error().message;
    const std::string text = format_trace(trace);
    const auto read = parse_trace(text, "t");
    ASSERT_TRUE(read) << text << read.error().text();
    ASSERT_TRUE(*read == trace) << text;
    ASSERT_EQ(format_trace(*read), text);
    events += trace.events.size();
  }
  EXPECT_GT(events, 2000U);
}

// Equality of whole traces is what the other tests rest on: it must be able to say no.
TEST(TraceRoundTrip, EqualityLooksAtEverythingButWhereItCameFrom) {
  Random random(4);
  const Trace trace = random_trace(random, 10);
  Trace other = trace;
  other.name = "elsewhere";
  other.events[0].line = 99;
  EXPECT_TRUE(other == trace);
  other.events[0].origin += "x";
  EXPECT_FALSE(other == trace);
  other = trace;
  other.events[0].time_ns = trace.events[0].time_ns.value_or(0) ^ 1;
  EXPECT_FALSE(other == trace);
  other = trace;
  other.header.title += "x";
  EXPECT_FALSE(other == trace);
  other = trace;
  other.events.pop_back();
  EXPECT_FALSE(other == trace);
}

}  // namespace
}  // namespace ipcsim
