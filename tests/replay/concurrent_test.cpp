// Concurrent traces: exactly the outcomes that some order of lock-held sections gives are accepted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/replay/traces.hpp"

namespace ipcsim {
namespace {

using ::testing::HasSubstr;

/// Thread 2 polls and thread 3 reads an empty pipe when a byte is written; `ends` is what followed.
Trace race(std::string_view ends) {
  const std::string head =
      R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":1,"call":"fork","child":3,"ret":3}
{"task":2,"call":"poll","fds":[{"fd":3,"events":["POLLIN"]}]}
{"task":2,"sleep":"poll"}
{"task":3,"call":"read","fd":3,"count":1}
{"task":3,"sleep":"read"}
{"task":1,"call":"write","fd":4,"buf":"x"}
{"task":1,"return":"write","ret":1}
)";
  return concurrent(head + std::string(ends));
}

constexpr std::string_view kReads = R"({"task":3,"return":"read","ret":1,"out":{"buf":"x"}}
)";
constexpr std::string_view kPolls =
    R"({"task":2,"return":"poll","ret":1,"out":{"revents":[["POLLIN"]]}}
)";
constexpr std::string_view kSleepsOn = R"({"task":2,"sleep":"poll"}
)";

TEST(Concurrent, AcceptsEveryOutcomeThatSomeOrderGives) {
  EXPECT_EQ(accept(race(std::string(kReads) + std::string(kPolls))).differences.size(), 0U);
  EXPECT_EQ(accept(race(std::string(kPolls) + std::string(kReads))).differences.size(), 0U);
  EXPECT_EQ(accept(race(std::string(kReads) + std::string(kSleepsOn))).differences.size(), 0U);
}

TEST(Concurrent, RefusesWhatNoOrderGives) {
  // The reader was woken and finds the byte, whatever the poller does.
  const Report report = accept(race(kPolls));
  ASSERT_EQ(report.differences.size(), 1U);
  EXPECT_THAT(report.differences[0].actual, HasSubstr("one of 2 outcomes"));
}

// What a step turned out to be decides what is possible later.
TEST(Concurrent, RemembersWhichOutcomeItWas) {
  const std::string slept = std::string(kReads) + std::string(kSleepsOn);
  const std::string_view closes = R"({"task":1,"call":"exit_group"}
{"task":2,"return":"poll","ret":1,"out":{"revents":[["POLLIN"]]}}
)";
  EXPECT_EQ(accept(race(slept + std::string(closes))).differences.size(), 1U);
}

// Two calls with nothing between them happen at the same time, in either order.
TEST(Concurrent, PostsActionsTogether) {
  const std::string_view head = R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":1,"call":"write","fd":4,"buf":"a"}
{"task":2,"call":"write","fd":4,"buf":"b"}
{"task":1,"return":"write","ret":1}
{"task":2,"return":"write","ret":1}
)";
  const auto reads = [&](std::string_view text) {
    return accept(concurrent(std::string(head) +
                             R"({"task":1,"call":"read","fd":3,"count":9,"ret":2,"out":{"buf":")" +
                             std::string(text) + "\"}}\n"))
        .differences.size();
  };
  EXPECT_EQ(reads("ab"), 0U);
  EXPECT_EQ(reads("ba"), 0U);
  EXPECT_EQ(reads("aa"), 1U);
}

}  // namespace
}  // namespace ipcsim
