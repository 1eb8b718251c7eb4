// A program under the tracer: its calls, its children, its payload, and its end are seen.
#include <sys/wait.h>

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/spool_file.hpp"
#include "tools/host/tracer/traced_run.hpp"

namespace ipcsim::host {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

/// Skipped where this process may not use BPF.
class Traced : public testing::Test {
 protected:
  TracedRun run(const std::string& script, const TracerSizes& sizes = {}) {
    auto tracer = Tracer::attach(sizes);
    if (!tracer) {
      skipped_ = tracer.error();
      return {};
    }
    const SpoolFile spool;
    auto run = run_traced(**tracer, {"sh", "-c", script}, spool.path());
    EXPECT_TRUE(run.has_value()) << run.error();
    return run ? *std::move(run) : TracedRun{};
  }
  std::string skipped_;
};

TEST_F(Traced, ChildrenAreFollowedToTheirEnd) {
  const TracedRun seen = run("echo hello | cat > /dev/null; exit 3");
  if (!skipped_.empty()) {
    GTEST_SKIP() << skipped_;
  }
  EXPECT_EQ(WEXITSTATUS(seen.status), 3);
  EXPECT_EQ(seen.lost, 0);
  EXPECT_THAT(seen.log, ContainsRegex(R"(pipe2?\(\[[0-9]+<pipe:\[[0-9]+\]>, [0-9]+<pipe:)"));
  // Another task's call may come between the two halves of either.
  EXPECT_THAT(seen.log, ContainsRegex(R"(>, "hello\\n", 6(\) = 6| <unfinished))"));
  EXPECT_THAT(seen.log, ContainsRegex(R"(write\(1, "hello\\n", 6(\) = 6| <unfinished))"));
  EXPECT_THAT(seen.log, HasSubstr("+++ exited with 3 +++"));
}

// A reader that waits for another process sleeps, and the writer wakes it.
TEST_F(Traced, SleepersAndTheirWakersAreTold) {
  const TracedRun seen = run("(sleep 0.2; echo hello) | cat > /dev/null");
  if (!skipped_.empty()) {
    GTEST_SKIP() << skipped_;
  }
  EXPECT_THAT(seen.log, ContainsRegex(R"(hello\\n", [0-9]+\) = 6 <[0-9.]+> \{slept 1 times, <0)"
                                      R"(\.[0-9]+>, woken by [0-9]+\})"));
}

TEST_F(Traced, SignalsThatKillAreTold) {
  const TracedRun seen = run("kill -9 $$");
  if (!skipped_.empty()) {
    GTEST_SKIP() << skipped_;
  }
  EXPECT_EQ(WTERMSIG(seen.status), 9);
  EXPECT_THAT(seen.log, HasSubstr("+++ killed by SIGKILL +++"));
}

TEST_F(Traced, PayloadIsCutWhereItWasAsked) {
  const TracedRun seen = run("echo 123456789 > /dev/null", {.payload_bytes = 4});
  if (!skipped_.empty()) {
    GTEST_SKIP() << skipped_;
  }
  EXPECT_THAT(seen.log, HasSubstr(R"(write(1, "1234"..., 10) = 10)"));
}

// A ring of one page is too small for a program that writes in a loop: the loss is counted, and the
// log ends before it.
TEST_F(Traced, LossesAreCounted) {
  const TracedRun seen = run("i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done > /dev/null",
                             {.payload_bytes = 64, .ring_bytes = 4096});
  if (!skipped_.empty()) {
    GTEST_SKIP() << skipped_;
  }
  EXPECT_GT(seen.lost, 0);
  EXPECT_THAT(seen.log, Not(HasSubstr(R"("2999\n")")));
}

TEST_F(Traced, AProgramThatIsNotThere) {
  auto tracer = Tracer::attach({});
  if (!tracer) {
    GTEST_SKIP() << tracer.error();
  }
  const SpoolFile spool;
  const auto run = run_traced(**tracer, {"/no/such/program"}, spool.path());
  ASSERT_FALSE(run.has_value());
  EXPECT_EQ(run.error(), "/no/such/program cannot be run: No such file or directory");
}

}  // namespace
}  // namespace ipcsim::host
