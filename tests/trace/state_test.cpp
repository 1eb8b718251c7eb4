// What a trace can say of a pipe or a queue from inside, and what it cannot.
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/trace/trace.hpp"

namespace ipcsim {
namespace {

constexpr std::string_view kSettled =
    "{\"ipcsim_trace\":1}\n{\"task\":1,\"call\":\"pipe2\",\"ret\":0}\n";

std::string rewritten(std::string_view line) {
  const auto event = parse_event(line);
  return event ? format_event(*event) : event.error();
}

// Nothing, or the message about a pipe's `fields`.
std::string fault(std::string_view fields) {
  const auto event =
      parse_event(R"({"state":{"task":1,"fd":3,"pipe":{)" + std::string(fields) + "}}}");
  return event ? "" : event.error();
}

// The trace after its header and one call, or the message.
std::string trace_fault(std::string_view text) {
  const auto trace = parse_trace(text, "t");
  return trace ? "" : trace.error().text();
}

TEST(TraceState, KeepsWhatIsGivenAndNothingElse) {
  constexpr std::string_view kLines[] = {
      R"({"state":{"task":1,"fd":3}})",
      R"({"state":{"task":1,"fd":3,"pipe":{}}})",
      R"({"state":{"task":1,"fd":3,"pipe":{"head":4294967295,"poll_usage":true,"note_loss":false}}})",
      R"({"state":{"task":2,"fd":0,"pipe":{"tmp_page":[0,null],"slots":{}}}})",
      R"({"state":{"task":1,"fd":3,"pipe":{"slots":{"0":{"page":0,"offset":0,"len":0,"flags":[]},)"
      R"("3..7":{"flags":["PACKET",128],"ops":"anon"}}}}})",
      R"({"state":{"task":1,"fd":3,"pipe":{"rd_wait":[{"task":2,"exclusive":true},)"
      R"({"task":3,"poll":true}],"wr_wait":[]}},"time_ns":5})",
      R"({"state":{"task":1,"fd":3,"mqueue":{"mq_curmsgs":2,"msg_tree_rightmost":null,"tree":)"
      R"([{"priority":5,"black":true,"lens":[3,4100],"segments":[0,1]}],"send_wait":[{"task":2,)"
      R"("task_prio":120,"msg_prio":1,"msg_len":9}],"notify_owner":1}}})",
  };
  for (const std::string_view line : kLines) {
    EXPECT_EQ(rewritten(line), line);
  }
}

TEST(TraceState, SlotsComeOutInTheOrderOfTheArray) {
  EXPECT_EQ(rewritten(R"({"state":{"task":1,"fd":3,"pipe":{"slots":[{"5":{}},{"0..4":{}}]}}})"),
            R"({"state":{"task":1,"fd":3,"pipe":{"slots":{"0..4":{},"5":{}}}}})");
}

TEST(TraceState, FaultsAreNamedWithTheirPlace) {
  EXPECT_EQ(fault(R"("haed":1)"),
            "state: unknown key \"state.pipe.haed\" (did you mean \"head\"?); there may be head, "
            "tail, max_usage, ring_size, nr_accounted, readers, writers, files, r_counter, "
            "w_counter, poll_usage, note_loss, tmp_page, slots, rd_wait, wr_wait");
  EXPECT_EQ(fault(R"("head":-1)"),
            "state: \"state.pipe.head\" is -1, expected a whole number from 0 to 4294967295");
  EXPECT_EQ(fault(R"("slots":{"0..3":{},"2":{}})"),
            "state: \"state.pipe.slots\" has the slot 2 twice");
  EXPECT_EQ(fault(R"("slots":{"0":{"ops":"none"}})"),
            "state: \"state.pipe.slots.0.ops\" is \"none\", expected a known name (did you mean "
            "\"anon\"?)");
  for (const std::string_view place : {"3..3", "4..3", "01", "-1", "65536", "0..65536", "1.2", "",
                                       "..", "1..", "..1", "99999999999", "1..2..3"}) {
    EXPECT_EQ(fault("\"slots\":{\"" + std::string(place) + "\":{}}"),
              "state: unknown key \"state.pipe.slots." + std::string(place) +
                  "\", expected a place in the array as \"0\", or several as \"0..14\"");
  }
  EXPECT_EQ(rewritten(R"({"state":{"task":1,"fd":3,"pipe":{},"mqueue":{}}})"),
            "state: \"pipe\" and \"mqueue\" in one state, expected one of them");
}

TEST(TraceState, BelongsBehindAnActionOfASettledTrace) {
  const std::string settled(kSettled);
  constexpr std::string_view kState = R"({"state":{"task":1,"fd":3}})";
  EXPECT_EQ(trace_fault(settled + std::string(kState)), "");
  EXPECT_EQ(trace_fault("{\"ipcsim_trace\":1}\n" + std::string(kState)),
            "t:2: a state before anything happened, expected it after what led to it");
  EXPECT_EQ(trace_fault("{\"ipcsim_trace\":1,\"order\":\"observed\"}\n"
                        "{\"task\":1,\"call\":\"pipe2\",\"ret\":0}\n" +
                        std::string(kState)),
            "t:3: a state in an observed trace, where no moment is known; expected it in a settled "
            "one");
  EXPECT_EQ(trace_fault(settled + R"({"state":{"task":2,"fd":3}})"),
            "t:3: task 2 does not exist, expected one of the header's tasks or a child");
}

}  // namespace
}  // namespace ipcsim
