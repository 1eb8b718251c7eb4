// Memory that vmsplice() gave to a pipe is still the program's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/replay/traces.hpp"

namespace ipcsim {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Verdict = Explanation::Verdict;

Explanation read_as(std::string_view bytes) {
  return search(observed(
      R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"vmsplice","fd":4,"iov":[{"text":"abc","iov_len":3}],"ret":3}
{"task":1,"call":"read","fd":3,"count":10,"ret":3,"out":{"buf":")" +
      std::string(bytes) + "\"}}\n"));
}

TEST(GivenMemory, BytesThatCameOutAsTheyWereNeedNoRemark) {
  const Explanation found = read_as("abc");
  EXPECT_EQ(found.verdict, Verdict::kExplained);
  EXPECT_THAT(found.report.remarks, IsEmpty());
}

TEST(GivenMemory, OtherBytesAreExplainedByAStoreThatNoTraceShows) {
  const Explanation found = read_as("xyz");
  EXPECT_EQ(found.verdict, Verdict::kExplained);
  EXPECT_THAT(found.report.remarks, Contains(HasSubstr("stored to memory that it had given")));
}

TEST(GivenMemory, MoreThanWasGivenIsRefuted) {
  const Explanation found = search(observed(
      R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"vmsplice","fd":4,"iov":[{"text":"abc","iov_len":3}],"ret":3}
{"task":1,"call":"read","fd":3,"count":10,"ret":4,"out":{"buf":"abcd"}}
)"));
  EXPECT_EQ(found.verdict, Verdict::kRefuted);
}

}  // namespace
}  // namespace ipcsim
