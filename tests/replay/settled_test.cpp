// run_settled(): what is compared, and what a difference says. A checker that cannot say no is
// untested.
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/replay/other_machine.hpp"
#include "tests/replay/traces.hpp"

namespace ipcsim {
namespace {

// A pipe, 3 and 4, and thread 2 asleep in a read.
constexpr std::string_view kSleepingReader =
    R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"clone","flags":["CLONE_VM","CLONE_FILES","CLONE_SIGHAND","CLONE_THREAD"],"child":2,"ret":2}
{"task":2,"call":"read","fd":3,"count":5}
{"task":2,"sleep":"read"}
)";

Trace after_sleeping_reader(std::string_view lines) {
  return settled(std::string(kSleepingReader) + std::string(lines));
}

// Calls, sleepers and returns: all of them count as compared.
TEST(RunSettled, AgreesWithWhatTheModelDoes) {
  const Trace trace = after_sleeping_reader(R"({"task":1,"call":"write","fd":4,"buf":"hi","ret":2}
{"task":2,"return":"read","ret":2,"out":{"buf":"hi"}}
)");
  EXPECT_EQ(told(replay(trace)), "4 steps, 5 compared, 0 differences, 0 not modelled");
}

// A wrong return value, error or byte.
TEST(RunSettled, FindsAWrongResult) {
  const Trace trace = settled(R"({"task":1,"call":"pipe2","flags":["O_NONBLOCK"],"ret":0}
{"task":1,"call":"write","fd":4,"buf":"hi","ret":1}
{"task":1,"call":"read","fd":3,"count":5,"ret":2,"out":{"buf":"ho"}}
{"task":1,"call":"read","fd":3,"count":5,"ret":0}
{"task":1,"call":"read","fd":3,"count":5,"ret":-1,"errno":"EAGAIN"}
)");
  EXPECT_EQ(told(replay(trace)),
            "5 steps, 5 compared, 3 differences, 0 not modelled\n"
            "t:3 step 2 task 1: 1 | 2\n"
            "t:4 step 3 task 1: 2 \"ho\" | 2 \"hi\"\n"
            "t:5 step 4 task 1: 0 | -1 EAGAIN");
}

// Descriptors that were handed out are compared when they were recorded.
TEST(RunSettled, FindsAWrongOutput) {
  const Trace trace = settled(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[5,6]}}
)");
  EXPECT_EQ(told(replay(trace)),
            "1 steps, 1 compared, 1 differences, 0 not modelled\n"
            "t:2 step 1 task 1: 0 pipefd=[5, 6] | 0 pipefd=[3, 4]");
}

// Bytes of which only the first were recorded are compared as far.
TEST(RunSettled, ComparesCutBytesAsFarAsTheyGo) {
  constexpr std::string_view kLines = R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"write","fd":4,"buf":"abcdef","ret":6}
{"task":1,"call":"read","fd":3,"count":9,"ret":6,"out":{"buf":{"text":"CUT","len":6}}}
)";
  std::string right(kLines);
  right.replace(right.find("CUT"), 3, "abc");
  EXPECT_EQ(replay(settled(right)).differences.size(), 0U);
  EXPECT_EQ(told(replay(settled(kLines))),
            "3 steps, 3 compared, 1 differences, 0 not modelled\n"
            "t:4 step 3 task 1: 6 \"CUT\"... | 6 \"abcdef\"");
}

// The order in which calls end is part of the result.
TEST(RunSettled, FindsAWrongOrder) {
  const Trace trace = after_sleeping_reader(R"({"task":1,"call":"write","fd":4,"buf":"hi"}
{"task":2,"return":"read","ret":2,"out":{"buf":"hi"}}
{"task":1,"return":"write","ret":2}
)");
  EXPECT_EQ(told(replay(trace)),
            "4 steps, 5 compared, 1 differences, 0 not modelled\n"
            "t:6 step 4 task 1: calls end in the order task 2, then task 1 | task 1, then task 2");
}

// A sleeper that returned.
TEST(RunSettled, FindsAWrongSleeper) {
  const Trace trace = settled(R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"write","fd":4,"buf":"hi"}
{"task":1,"sleep":"write"}
)");
  EXPECT_EQ(told(replay(trace)),
            "2 steps, 2 compared, 1 differences, 0 not modelled\n"
            "t:3 step 2 task 1: asleep in write | 2");
}

// A call that should have returned, and sleeps.
TEST(RunSettled, FindsACallThatDidNotReturn) {
  const Trace trace = settled(R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"read","fd":3,"count":5,"ret":0}
)");
  EXPECT_EQ(told(replay(trace)),
            "2 steps, 2 compared, 1 differences, 0 not modelled\n"
            "t:3 step 2 task 1: 0 | still in the call");
}

// A sleeper who returns too early is found where he does, not where he should.
TEST(RunSettled, FindsAnUnexpectedEnd) {
  const Trace trace = after_sleeping_reader(R"({"task":1,"call":"write","fd":4,"buf":"hi","ret":2}
{"task":1,"call":"close","fd":4,"ret":0}
{"task":2,"return":"read","ret":0}
)");
  const Report report = replay(trace);
  ASSERT_FALSE(report.differences.empty());
  EXPECT_EQ(report.differences[0].where, "t:6");
  EXPECT_EQ(report.differences[0].task, TaskId{2});
  EXPECT_EQ(report.differences[0].expected, "still in the call");
  EXPECT_EQ(report.differences[0].actual, "2 \"hi\"");
}

// Where the trace cannot go on, the rest means nothing and is not run.
TEST(RunSettled, StopsWhenATaskIsNotIdle) {
  const Trace trace = settled(R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"read","fd":3,"count":5,"ret":-1,"errno":"EAGAIN"}
{"task":1,"call":"close","fd":3,"ret":0}
{"task":1,"call":"close","fd":4,"ret":0}
)");
  EXPECT_EQ(told(replay(trace)),
            "3 steps, 2 compared, 2 differences, 0 not modelled\n"
            "t:3 step 2 task 1: -1 EAGAIN | still in the call\n"
            "t:4 step 3 task 1: the call is made | the task is still in its call");
}

// Deaths are compared, by their signal.
TEST(RunSettled, ComparesDeaths) {
  constexpr std::string_view kLines = R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":1,"call":"close","fd":3,"ret":0}
{"task":2,"call":"close","fd":3,"ret":0}
{"task":2,"call":"write","fd":4,"buf":"x"}
{"task":2,"died":"SIGPIPE"}
)";
  EXPECT_EQ(told(replay(settled(kLines))), "5 steps, 5 compared, 0 differences, 0 not modelled");
  std::string wrong(kLines);
  wrong.replace(wrong.find("SIGPIPE"), 7, "SIGTERM");
  EXPECT_EQ(told(replay(settled(wrong))),
            "5 steps, 5 compared, 1 differences, 0 not modelled\n"
            "t:6 step 5 task 2: killed by SIGTERM | killed by SIGPIPE");
}

// What the model has no answer for is counted, and compared with nothing.
TEST(RunSettled, CountsWhatIsNotModelled) {
  const Trace trace = settled(R"({"task":1,"call":"read","fd":0,"count":5,"ret":5}
{"task":1,"call":"pipe2","ret":0}
)");
  EXPECT_EQ(told(replay(trace)), "2 steps, 1 compared, 0 differences, 1 not modelled");
}

// A program that nobody has recorded yet agrees with anything.
TEST(RunSettled, ComparesNothingThatIsNotRecorded) {
  const Trace trace = settled(R"({"task":1,"call":"pipe2"}
{"task":1,"call":"write","fd":4,"buf":"hi"}
{"note":"a remark"}
)");
  EXPECT_EQ(told(replay(trace)), "2 steps, 0 compared, 0 differences, 0 not modelled");
}

// Signals and time are steps.
TEST(RunSettled, RunsSignalsAndTime) {
  const Trace trace = settled(R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"rt_sigaction","signum":"SIGUSR1","handler":"handler","ret":0}
{"task":1,"call":"poll","fds":[{"fd":3,"events":["POLLIN"]}],"timeout":5}
{"task":1,"sleep":"poll"}
{"advance_ns":5000000}
{"task":1,"return":"poll","ret":0,"out":{"revents":[[]]}}
{"task":1,"call":"read","fd":3,"count":1}
{"task":1,"sleep":"read"}
{"task":1,"signal":"SIGUSR1"}
{"task":1,"return":"read","ret":-1,"errno":"EINTR"}
{"task":1,"other_fd":9}
{"task":1,"call":"dup","oldfd":9,"ret":5}
)");
  EXPECT_EQ(told(replay(trace)), "8 steps, 7 compared, 0 differences, 0 not modelled");
}

// A difference shows the objects as they were before the step.
TEST(RunSettled, ShowsTheStateBeforeTheStep) {
  const Trace trace = settled(R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"write","fd":4,"buf":"hi","ret":2}
{"task":1,"call":"read","fd":3,"count":5,"ret":1}
)");
  const Report report = replay(trace);
  ASSERT_EQ(report.differences.size(), 1U);
  EXPECT_THAT(report.differences[0].state_before, ::testing::HasSubstr("offset 0     len 2     M"));
  EXPECT_THAT(to_text(report.differences[0]),
              ::testing::StartsWith("t:4: step 3, task 1: read(3, 5)\n"
                                    "  expected (recorded): 1\n"
                                    "  actual (model linux-6.18): 2 \"hi\"\n"
                                    "  before the step:\n"));
}

// Who watches sees each step once, with what it led to.
TEST(RunSettled, TellsItsObserver) {
  const Trace trace = after_sleeping_reader(R"({"task":1,"call":"close","fd":4,"ret":0}
)");
  ModelMachine model = model_for(trace);
  const std::array<Machine*, 1> machines{&model};
  std::vector<std::size_t> ended;
  ASSERT_TRUE(run_settled(trace, machines, [&](const StepView& view) {
    EXPECT_EQ(view.step, ended.size() + 1);
    ended.push_back(view.settled[0].completions.size());
  }));
  EXPECT_EQ(ended, (std::vector<std::size_t>{1, 1, 0, 2}));
}

/// A machine that gives a wrong answer once.
class WrongMachine final : public OtherMachine {
 public:
  WrongMachine(const Trace& trace, u64 wrong_step)
      : OtherMachine("wrong machine", trace), left_(wrong_step) {}

  [[nodiscard]] std::expected<Settled, MachineError> settle() override {
    auto settled = model().settle();
    if (--left_ == 0 && settled && !settled->completions.empty()) {
      settled->completions[0].result = SysResult::failure(Errno::kEIO);
    }
    return settled;
  }

 private:
  u64 left_;
};

// Two machines are compared with each other, also where nothing was recorded.
TEST(RunSettled, ComparesMachines) {
  const Trace trace = settled(R"({"task":1,"call":"pipe2"}
{"task":1,"call":"write","fd":4,"buf":"hi"}
)");
  ModelMachine model = model_for(trace);
  WrongMachine wrong(trace, 2);
  const std::array<Machine*, 2> machines{&model, &wrong};
  const auto report = run_settled(trace, machines, {});
  ASSERT_TRUE(report);
  ASSERT_EQ(report->differences.size(), 1U);
  EXPECT_EQ(report->differences[0].expected_by, "model linux-6.18");
  EXPECT_EQ(report->differences[0].actual_by, "wrong machine");
  EXPECT_EQ(report->differences[0].actual, "-1 EIO");
}

}  // namespace
}  // namespace ipcsim
