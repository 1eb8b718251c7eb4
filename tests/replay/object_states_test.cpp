// compare_object_state(): which states agree, and what is told of those that do not.
#include "sim/replay/object_states.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/replay/traces.hpp"

namespace ipcsim {
namespace {

// A pipe of two full slots and one of 10 bytes, whose first page was read.
constexpr std::string_view kPipe = R"({"task":1,"call":"pipe2","flags":["O_NONBLOCK"],"ret":0}
{"task":1,"call":"write","fd":4,"buf":{"len":12298,"pattern":1},"ret":12298}
{"task":1,"call":"read","fd":3,"count":4096,"ret":4096}
)";

// Written without operator+, of whose moves g++ 12 warns for no reason.
std::string text_of(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) {
    text += part;
  }
  return text;
}

// What is said after replaying the pipe with `fields` claimed of it.
std::string claim(std::string_view fields) {
  return told(
      replay(settled(text_of({kPipe, R"({"state":{"task":1,"fd":4,"pipe":{)", fields, "}}}\n"}))));
}

constexpr std::string_view kAgrees = "3 steps, 4 compared, 0 differences, 0 not modelled";

TEST(ObjectStates, OnlyWhatIsGivenIsCompared) {
  EXPECT_EQ(claim(""), kAgrees);
  EXPECT_EQ(claim(R"("tail":1)"), kAgrees);
  EXPECT_EQ(claim(R"("slots":{"1..2":{"len":4096},"3":{}})"), kAgrees);
  EXPECT_EQ(claim(R"("slots":[{"3":{"len":10}},{"1":{"page":1},"2":{"page":2}}])"), kAgrees);
}

// Of several fields, those that differ are told, on both sides.
TEST(ObjectStates, WhatDiffersIsTold) {
  EXPECT_EQ(claim(R"("head":4,"tail":2,"files":3)"),
            "3 steps, 4 compared, 1 differences, 0 not modelled\n"
            R"(t:5 step 3 task 1: {"tail":2,"files":3} | {"tail":1,"files":2})");
  EXPECT_EQ(claim(R"("slots":{"1..3":{"len":4096}})"),
            "3 steps, 4 compared, 1 differences, 0 not modelled\n"
            R"(t:5 step 3 task 1: {"slots":{"3":{"len":4096}}} | {"slots":{"3":{"len":10}}})");
}

// A slot that is not there, and one that is not told of.
TEST(ObjectStates, AllSlotsAreMeant) {
  EXPECT_EQ(claim(R"("slots":{"0..3":{}})"),
            "3 steps, 4 compared, 1 differences, 0 not modelled\n"
            R"(t:5 step 3 task 1: {"slots":{"0":{}}} | {"slots":{}})");
  EXPECT_NE(claim(R"("slots":{"1":{},"2":{}})"), kAgrees);
}

// One number is one page, in all places.
TEST(ObjectStates, PagesAreOneToOne) {
  EXPECT_EQ(claim(R"("tmp_page":[0,null],"slots":{"1":{"page":7},"2":{"page":1},"3":{}})"),
            kAgrees);
  EXPECT_NE(claim(R"("tmp_page":[1,null],"slots":{"1":{"page":1},"2":{},"3":{}})"), kAgrees);
  EXPECT_NE(claim(R"("slots":{"1":{"page":1},"2":{"page":1},"3":{}})"), kAgrees);
}

// Over several states: the page that a read released is the one that the next write takes.
TEST(ObjectStates, PagesKeepTheirNumbers) {
  const auto later = [](std::string_view page) {
    return told(replay(settled(text_of({kPipe,
                                        R"({"state":{"task":1,"fd":4,"pipe":{"tmp_page":[0,null]}}}
{"task":1,"call":"write","fd":4,"buf":{"len":4096,"pattern":1},"ret":4096}
{"state":{"task":1,"fd":4,"pipe":{"slots":{"1":{},"2":{},"3":{},"4":{"page":)",
                                        page, "}}}}}\n"}))));
  };
  EXPECT_EQ(later("0"), "4 steps, 6 compared, 0 differences, 0 not modelled");
  EXPECT_EQ(later("1"),
            "4 steps, 6 compared, 1 differences, 0 not modelled\n"
            R"(t:7 step 4 task 1: {"slots":{"4":{"page":1}}} | {"slots":{"4":{"page":0}}})");
}

// A page that a state does not name has no number yet.
TEST(ObjectStates, UnnamedPagesTakeNoNumber) {
  EXPECT_EQ(told(replay(settled(text_of({kPipe,
                                         R"({"state":{"task":1,"fd":4,"pipe":{"slots":{"1..3":{}}}}}
{"state":{"task":1,"fd":4,"pipe":{"slots":{"1":{"page":2},"2":{"page":0},"3":{"page":1}}}}}
)"})))),
            "3 steps, 5 compared, 0 differences, 0 not modelled");
}

// Another kind of object, a closed descriptor, a task that is gone.
TEST(ObjectStates, TheObjectMustBeThere) {
  const Trace queue = settled(text_of({kPipe, R"({"state":{"task":1,"fd":3,"mqueue":{}}}
{"state":{"task":1,"fd":9,"pipe":{}}}
)"}));
  EXPECT_EQ(told(replay(queue)),
            "3 steps, 5 compared, 2 differences, 0 not modelled\n"
            "t:5 step 3 task 1: a message queue | a pipe\n"
            "t:6 step 3 task 1: a pipe | closed, or another file");
}

// A queue's tree is its preorder: another shape of the same nodes is a difference.
TEST(ObjectStates, TheTreesShapeIsCompared) {
  constexpr std::string_view kQueue =
      R"({"task":1,"call":"mq_open","name":"q","oflag":["O_RDWR","O_CREAT"],"mode":"0600","ret":3}
{"task":1,"call":"mq_timedsend","mqdes":3,"msg_ptr":"a","msg_prio":1,"ret":0}
{"task":1,"call":"mq_timedsend","mqdes":3,"msg_ptr":"bc","msg_prio":2,"ret":0}
{"task":1,"call":"mq_timedsend","mqdes":3,"msg_ptr":"a","msg_prio":3,"ret":0}
)";
  const auto tree = [&](std::string_view nodes) {
    return replay(settled(text_of({kQueue, R"({"state":{"task":1,"fd":3,"mqueue":{"tree":[)", nodes,
                                   "]}}}\n"})))
        .differences.size();
  };
  EXPECT_EQ(tree(R"({"priority":2,"black":true},{"priority":1},{"priority":3,"lens":[1]})"), 0U);
  EXPECT_EQ(tree(R"({"priority":1,"black":true},{"priority":2},{"priority":3})"), 1U);
  EXPECT_EQ(tree(R"({"priority":2,"black":false},{"priority":1},{"priority":3})"), 1U);
  EXPECT_EQ(tree(R"({"priority":2,"lens":[1]},{"priority":1},{"priority":3})"), 1U);
}

}  // namespace
}  // namespace ipcsim
