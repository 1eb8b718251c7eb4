// Logs that must be refused, with the message that each gives.
#include <set>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/import/log_files.hpp"
#include "tools/import/import.hpp"

namespace ipcsim {
namespace {

struct Row {
  std::string_view file;
  u32 line;
  std::string_view message;
};

constexpr Row kRows[] = {
    {"binary", 1, R"(this is binary data; expected the text that strace writes)"},
    {"call_in_a_call", 3,
     R"(close begins while the task's read of line 2 is unfinished; expected "<... read resumed>" before it)"},
    {"count_is_a_structure", 2, R"(argument count of write is '{a=1}'; expected a size)"},
    {"descriptor_is_a_string", 2, R"(argument fd of write is '"4"'; expected a number)"},
    {"empty", 0, R"(the log is empty; expected lines of strace)"},
    {"epoll_shows_fewer_events", 4, R"(epoll_wait returned 2, but shows 0 events)"},
    {"error_without_a_name", 2,
     R"(close returned -1; expected 0 or more, or -1 and the name of an error)"},
    {"not_strace", 1,
     R"(this is no log of strace: expected a line such as '123 read(3, "x", 1) = 1', found 'Dear diary,')"},
    {"pipe2_without_a_pair", 1,
     R"(argument pipefd of pipe2 is '3'; expected two descriptors, as in [3, 4])"},
    {"poll_tells_of_another", 2, R"(poll tells of descriptor 9, which it was not asked about)"},
    {"queue_never_opened", 1,
     R"(mq_timedsend shows that descriptor 5 is a message queue, but no mq_open() before it opened one there)"},
    {"read_longer_than_its_result", 2, R"(argument buf of read shows 3 bytes; expected 2)"},
    {"result_is_a_word", 1,
     R"(pipe2 cannot be read: expected a number or '?' as the result, found 'zero')"},
    {"resumed_another_call", 3, R"(write is resumed, but line 2 left read unfinished)"},
    {"resumed_without_unfinished", 2,
     R"(read is resumed, but no line before it left one of this task unfinished)"},
    {"unknown_flag", 1, R"(argument flags of pipe2 is 'O_NOBLOCK'; expected flags of open())"},
    {"wrote_more_than_asked", 2,
     R"(write of 1 bytes returned 2; expected no more than was asked for)"},
};

TEST(BadLogs, EachGivesItsMessage) {
  std::set<std::string> tested;
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.file);
    tested.emplace(row.file);
    const std::string path = "tests/import/bad/" + std::string(row.file) + ".log";
    const auto imported = import_strace(read_whole(path), path, {});
    ASSERT_FALSE(imported.has_value());
    EXPECT_EQ(imported.error().file, path);
    EXPECT_EQ(imported.error().line, row.line);
    EXPECT_EQ(imported.error().message, row.message);
  }
  for (const auto& path : logs_in("bad")) {
    EXPECT_TRUE(tested.contains(path.stem().string())) << path << " is not tested";
  }
}

TEST(BadLogs, ALineOfTenMegabytes) {
  const std::string text = "1 write(1, \"" + std::string(10'000'000, 'x');
  const auto imported = import_strace(text, "LOG", {});
  ASSERT_FALSE(imported.has_value());
  EXPECT_EQ(imported.error().line, 1U);
  EXPECT_EQ(imported.error().message, "the line is longer than 8388608 bytes");
}

}  // namespace
}  // namespace ipcsim
