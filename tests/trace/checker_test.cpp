// Which events may follow each other. tests/trace/bad has those that may not, as files.
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/trace/fd_checker.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {
namespace {

// Nothing, or the message about the events after the header.
std::string fault(std::string_view events) {
  const auto trace = parse_trace(
      "{\"ipcsim_trace\":1,\"tasks\":[{\"task\":1},{\"task\":5}]}\n" + std::string(events), "t");
  return trace ? "" : trace.error().text();
}

TEST(TraceChecker, CallsOfSeveralTasksMayOverlap) {
  EXPECT_EQ(fault(R"({"task":1,"call":"read","fd":0,"count":1}
                     {"task":5,"call":"read","fd":0,"count":1}
                     {"task":1,"sleep":"read"}
                     {"task":5,"sleep":"read"}
                     {"task":1,"sleep":"read"}
                     {"task":5,"return":"read","ret":0}
                     {"task":1,"return":"read","ret":0,"out":{"buf":""}})"),
            "");
}

// What check_descriptors() says of the events, or nothing.
std::string descriptor_fault(std::string_view events) {
  const auto trace = parse_trace("{\"ipcsim_trace\":1}\n" + std::string(events), "t");
  EXPECT_TRUE(trace) << trace.error().text();
  const auto wrong = trace ? check_descriptors(*trace) : std::nullopt;
  return wrong ? wrong->text() : "";
}

// The kernel returns before it looks at them.
TEST(TraceChecker, ASpliceOfNothingNeedsNoDescriptors) {
  EXPECT_EQ(
      descriptor_fault(R"({"task":1,"call":"splice","fd_in":-1,"fd_out":-1,"len":0,"ret":0})"), "");
  EXPECT_EQ(descriptor_fault(R"({"task":1,"call":"tee","fd_in":-1,"fd_out":-1,"len":0,"ret":0})"),
            "");
  EXPECT_THAT(descriptor_fault(R"({"task":1,"call":"tee","fd_in":-1,"fd_out":-1,"len":1,"ret":1})"),
              ::testing::HasSubstr("descriptor -1, which nothing opened"));
}

TEST(TraceChecker, AChildExistsFromItsForkOn) {
  EXPECT_EQ(fault(R"({"task":1,"call":"vfork","child":2}
                     {"task":2,"call":"execve","pathname":"x","ret":0}
                     {"task":1,"return":"vfork","ret":2}
                     {"task":2,"call":"clone","flags":["CLONE_THREAD"],"child":3,"ret":3}
                     {"task":3,"call":"exit"}
                     {"task":3,"died":"exit"})"),
            "");
}

// The number is free again, and nobody has it.
TEST(TraceChecker, AForkThatFailsHasNoChild) {
  EXPECT_EQ(fault(R"({"task":1,"call":"fork","child":2,"ret":-1,"errno":"EAGAIN"}
                     {"task":1,"call":"fork","child":2}
                     {"task":1,"return":"fork","ret":-1,"errno":"EAGAIN"}
                     {"task":1,"call":"fork","child":2,"ret":2})"),
            "");
  EXPECT_EQ(fault(R"({"task":1,"call":"fork","child":2,"ret":-1,"errno":"EAGAIN"}
                     {"task":2,"call":"close","fd":0})"),
            "t:3: task 2 does not exist, expected one of the header's tasks or a child");
}

TEST(TraceChecker, ATaskMayDieInACallOrOutsideAndGetSignalsWhileItLives) {
  EXPECT_EQ(fault(R"({"task":1,"signal":"SIGKILL"}
                     {"task":1,"died":"SIGKILL"}
                     {"task":5,"call":"write","fd":1,"buf":"x"}
                     {"task":5,"signal":"SIGPIPE"}
                     {"task":5,"died":"SIGPIPE"})"),
            "");
  EXPECT_EQ(fault("{\"task\":1,\"died\":\"SIGKILL\"}\n{\"task\":1,\"signal\":\"SIGTERM\"}"),
            "t:3: task 1 is dead since line 2, expected a task that lives");
  EXPECT_EQ(fault("{\"task\":1,\"died\":\"SIGKILL\"}\n{\"task\":1,\"died\":\"exit\"}"),
            "t:3: task 1 is dead since line 2, expected a task that lives");
  EXPECT_EQ(fault("{\"task\":1,\"died\":\"SIGKILL\"}\n{\"task\":1,\"sleep\":\"read\"}"),
            "t:3: task 1 is dead since line 2, expected a task that lives");
}

TEST(TraceChecker, AChildNeedsANumberThatNobodyHadYet) {
  EXPECT_EQ(fault(R"({"task":1,"call":"fork","child":5,"ret":5})"),
            "t:2: task 5 exists already, expected a new number for the child");
  EXPECT_EQ(fault(R"({"task":1,"call":"fork","child":7,"ret":7}
                     {"task":7,"call":"close","fd":0,"ret":0}
                     {"task":7,"died":"exit"}
                     {"task":1,"call":"fork","child":7})"),
            "t:5: task 7 exists already since line 2, expected a new number for the child");
  EXPECT_EQ(fault(R"({"task":1,"call":"fork","child":1,"ret":1})"),
            "t:2: task 1 exists already, expected a new number for the child");
}

// A settled trace may be a program without results, for a machine to fill in; not where it says
// that the call sleeps, and no call comes after exit().
TEST(TraceChecker, ASettledProgramNeedsNoResults) {
  EXPECT_EQ(fault(R"({"task":1,"call":"pipe2"}
                     {"task":1,"call":"fork","child":2}
                     {"task":2,"call":"read","fd":0,"count":1}
                     {"task":1,"call":"write","fd":1,"buf":"x"}
                     {"task":1,"other_fd":7}
                     {"task":2,"call":"exit_group"})"),
            "");
  EXPECT_EQ(fault("{\"task\":1,\"call\":\"read\",\"fd\":0,\"count\":1}\n"
                  "{\"task\":1,\"sleep\":\"read\"}\n"
                  "{\"task\":1,\"call\":\"close\",\"fd\":0}"),
            "t:4: task 1 is in read since line 2, expected that call's return first");
}

TEST(TraceChecker, ExitDoesNotReturn) {
  EXPECT_EQ(fault("{\"task\":1,\"call\":\"exit\"}\n{\"task\":1,\"return\":\"exit\",\"ret\":0}"),
            "t:3: return of exit: this call does not return");
  EXPECT_EQ(fault("{\"task\":1,\"call\":\"exit\"}\n{\"task\":1,\"call\":\"exit\"}"),
            "t:3: task 1 has called exit since line 2, expected a task that lives");
}

// A return is held against its call's parameters, however far away they are.
TEST(TraceChecker, AReturnMustFitItsCall) {
  EXPECT_EQ(fault("{\"task\":1,\"call\":\"fork\",\"child\":2}\n"
                  "{\"task\":1,\"return\":\"fork\",\"ret\":3}"),
            "t:3: return of fork: \"ret\" is 3, expected the child's number, 2");
  EXPECT_EQ(
      fault("{\"task\":1,\"call\":\"poll\",\"fds\":[{\"fd\":3}]}\n"
            "{\"task\":1,\"return\":\"poll\",\"ret\":0,\"out\":{\"revents\":[[],[]]}}"),
      "t:3: return of poll: \"out.revents\" has 2 items, expected 1, one for each of \"fds\"");
}

// A trace that a program made has no lines; it is checked the same.
TEST(TraceChecker, ChecksTracesThatWereNeverText) {
  Trace trace;
  trace.name = "made";
  Event event;
  event.body = SleepEvent{TaskId{1}, "read"};
  EXPECT_TRUE(check_trace(trace));
  trace.events.push_back(event);
  ASSERT_FALSE(check_trace(trace));
  EXPECT_EQ(check_trace(trace).error().text(),
            "made: task 1 is in no call, expected that it has called read");
}

}  // namespace
}  // namespace ipcsim
