// run_program(): the program of an observed trace on two machines, in one fixed order.
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/replay/program_runner.hpp"
#include "tests/replay/traces.hpp"

namespace ipcsim {
namespace {

Report run_on_two_models(const Trace& trace) {
  ModelMachine a = model_for(trace);
  ModelMachine b = model_for(trace);
  const std::array<Machine*, 2> machines{&a, &b};
  auto report = run_program(trace, machines, {});
  if (!report) {
    ADD_FAILURE() << report.error().message;
    return {};
  }
  return *std::move(report);
}

// The record is not asked: wrong results in it do not matter, only the calls do.
TEST(RunProgram, ComparesTheMachinesNotTheRecord) {
  const Trace trace = observed(R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"write","fd":4,"buf":"hi","ret":1}
)");
  EXPECT_EQ(told(run_on_two_models(trace)), "2 steps, 2 compared, 0 differences, 0 not modelled");
}

// A call waits until its task is idle; others go on.
TEST(RunProgram, LetsACallWaitForItsTask) {
  const Trace trace = observed(R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":2,"call":"read","fd":3,"count":1,"ret":1}
{"task":2,"call":"close","fd":3,"ret":0}
{"task":1,"call":"write","fd":4,"buf":"x","ret":1}
)");
  EXPECT_EQ(told(run_on_two_models(trace)), "5 steps, 5 compared, 0 differences, 0 not modelled");
}

// Calls whose task sleeps for ever are told of.
TEST(RunProgram, TellsOfCallsThatWereNotMade) {
  const Trace trace = observed(R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"read","fd":3,"count":1,"ret":0}
{"task":1,"call":"close","fd":3,"ret":0}
)");
  const Report report = run_on_two_models(trace);
  EXPECT_EQ(report.steps, 2U);
  ASSERT_EQ(report.remarks.size(), 1U);
  EXPECT_THAT(report.remarks[0], ::testing::HasSubstr("1 calls were not made"));
}

// Behind a call that is not modelled nothing can be compared.
TEST(RunProgram, StopsAtWhatIsNotModelled) {
  const Trace trace = observed(R"({"task":1,"call":"read","fd":0,"count":1,"ret":0}
{"task":1,"call":"pipe2","ret":0}
)");
  const Report report = run_on_two_models(trace);
  EXPECT_EQ(told(report), "1 steps, 0 compared, 0 differences, 1 not modelled");
  EXPECT_EQ(report.remarks.size(), 1U);
}

// Machines that differ are stopped where they do.
TEST(RunProgram, FindsADifferenceBetweenMachines) {
  const Trace trace = observed(R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"write","fd":4,"buf":{"len":70000,"pattern":0},"ret":0}
{"task":1,"call":"close","fd":4,"ret":0}
)");
  ModelMachine a = model_for(trace);
  Trace small = trace;
  small.header.environment.pipe_limits.pipe_max_size = 4096;
  small.header.environment.caps = {};
  ModelMachine b = model_for(small);
  const std::array<Machine*, 2> machines{&a, &b};
  const Trace with_size = observed(R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"fcntl","fd":4,"cmd":"F_GETPIPE_SZ","ret":0}
{"task":1,"call":"close","fd":4,"ret":0}
)");
  const auto report = run_program(with_size, machines, {});
  ASSERT_TRUE(report);
  EXPECT_EQ(told(*report),
            "2 steps, 2 compared, 1 differences, 0 not modelled\n"
            "t:3 step 2 task 1: 65536 | 4096");
}

}  // namespace
}  // namespace ipcsim
