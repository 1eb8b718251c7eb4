// run_sequential() says what run_settled() says, or nothing.
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "model/base/kernel_profile.hpp"
#include "sim/replay/sequential_runner.hpp"
#include "tests/replay/traces.hpp"

namespace ipcsim {
namespace {

constexpr std::string_view kLines = R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"note":"a word"}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":1,"call":"write","fd":4,"buf":"abc","ret":3}
{"task":2,"call":"read","fd":3,"count":9,"ret":3,"out":{"buf":"abc"}}
{"task":2,"call":"close","fd":9,"ret":-1,"errno":"EBADF"}
)";

TEST(Sequential, CountsAsASettledRunDoes) {
  const Trace trace = settled(std::string(kLines));
  const auto report = run_sequential(trace, newest_profile());
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(summary_line(*report), summary_line(replay(trace)));
  EXPECT_EQ(report->steps, 5U);
}

// With lengths alone only lengths are compared.
TEST(Sequential, ComparesLengths) {
  constexpr std::string_view kStart = R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"write","fd":4,"buf":{"len":5000},"ret":5000}
)";
  const std::string right =
      R"({"task":1,"call":"read","fd":3,"count":9000,"ret":5000,"out":{"buf":{"len":5000}}})";
  EXPECT_TRUE(run_sequential(settled(std::string(kStart) + right + "\n"), newest_profile()));
  const std::string wrong =
      R"({"task":1,"call":"read","fd":3,"count":9000,"ret":4999,"out":{"buf":{"len":4999}}})";
  EXPECT_FALSE(run_sequential(settled(std::string(kStart) + wrong + "\n"), newest_profile()));
}

std::optional<Report> run_text(const std::string& text, Contents contents) {
  TraceReader reader(text, "t");
  const auto header = reader.header();
  return header ? run_sequential(*header, reader, newest_profile(), contents) : std::nullopt;
}

// A text need not be kept to be run.
TEST(Sequential, RunsATextAsItRunsATrace) {
  const auto report = run_text(format_trace(settled(std::string(kLines))), Contents::kKept);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->steps, 5U);
}

// Bytes that are known are compared, however the line that has them is written: with lengths alone
// it is not run.
TEST(Sequential, DoesNotOverlookBytes) {
  const std::string start =
      format_trace(settled(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}})"
                           "\n"
                           R"({"task":1,"call":"write","fd":4,"buf":{"len":3},"ret":3})"
                           "\n"));
  for (
      const std::string_view read : {
          R"({"task":1,"call":"read","fd":3,"count":3,"ret":3,"out":{"buf" : "xyz"}})",
          R"({"task":1,"call":"read","fd":3,"count":3,"ret":3,"out":{"b\u0075f":{"te\u0078t":"xyz"}}})",
      }) {
    EXPECT_FALSE(run_text(start + std::string(read) + "\n", Contents::kLengthsOnly)) << read;
  }
  const std::string of_length =
      R"({"task":1,"call":"read","fd":3,"count":3,"ret":3,"out":{"buf":{"len":3}}})";
  EXPECT_TRUE(run_text(start + of_length + "\n", Contents::kLengthsOnly));
  const std::string wrong =
      format_trace(settled(std::string(kLines))) +
      R"({"task":1,"call":"write","fd":4,"buf" : "abc","ret":3})"
      "\n"
      R"({"task":2,"call":"read","fd":3,"count":3,"ret":3,"out":{"buf" : "xyz"}})"
      "\n";
  EXPECT_FALSE(run_text(wrong, Contents::kKept));
}

// What differs, sleeps or is not modelled is for run_settled() to tell.
TEST(Sequential, LeavesAllElseAlone) {
  for (const std::string_view line : {
           R"({"task":1,"call":"write","fd":4,"buf":"x","ret":0})",
           R"({"task":1,"call":"read","fd":3,"count":1})",
           R"({"task":1,"call":"read","fd":0,"count":1,"ret":1})",
           R"({"task":1,"signal":"SIGTERM"})",
       }) {
    EXPECT_FALSE(
        run_sequential(settled(std::string(kLines) + std::string(line) + "\n"), newest_profile()))
        << line;
  }
}

}  // namespace
}  // namespace ipcsim
