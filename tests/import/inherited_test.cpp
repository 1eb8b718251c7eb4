// Pipes that were there before the recording: what is read came from somebody, what is written goes
// to somebody, and what tasks of the log do with both ends must fit together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/import/explained.hpp"

namespace ipcsim {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kFilter =
    "1 execve(\"/bin/cat\", [\"cat\"], 0x7f /* 1 var */) = 0\n"
    "1 read(0<pipe:[7]>, \"hi\\n\", 131072) = 3\n"
    "1 write(1<pipe:[8]>, \"hi\\n\", 3) = 3\n"
    "1 read(0<pipe:[7]>, \"\", 131072) = 0\n"
    "1 exit_group(0) = ?\n";

// echo hi | strace cat | wc
TEST(Inherited, AFilterReadsWhatWasWrittenAndWritesWhatIsRead) {
  const auto [trace, report] = imported(kFilter);
  EXPECT_EQ(verdict_on(trace), "explained");
  EXPECT_EQ(report.inherited_pipes, 2U);
  EXPECT_GT(report.supposed_calls, 0U);
  EXPECT_THAT(report.inherited_pipe_by_call, IsEmpty());
  const auto lines = event_lines(trace);
  EXPECT_THAT(lines, Contains(R"({"task":1,"call":"write","fd":6,"buf":"hi\n","ret":3})"));
  EXPECT_THAT(
      lines, Contains(R"({"task":1,"call":"read","fd":7,"count":3,"ret":3,"out":{"buf":"hi\n"}})"));
  EXPECT_THAT(lines, Contains(R"({"task":2,"call":"read","fd":0,"count":131072,"ret":0})"));
}

// Without -y an fstat() tells.
TEST(Inherited, AnFstatShowsAPipe) {
  const auto [trace, report] = imported(
      "1 execve(\"/bin/cat\", [\"cat\"], 0x7f /* 1 var */) = 0\n"
      "1 newfstatat(0, \"\", {st_mode=S_IFIFO|0600, st_size=0, ...}, AT_EMPTY_PATH) = 0\n"
      "1 read(0, \"hi\\n\", 131072) = 3\n"
      "1 read(0, \"\", 131072) = 0\n");
  EXPECT_EQ(report.inherited_pipes, 1U);
  EXPECT_EQ(verdict_on(trace), "explained");
}

// A write of more than the pipe holds needs somebody who reads meanwhile.
TEST(Inherited, ALargeWriteIsReadWhileItGoesOn) {
  EXPECT_EQ(verdict_of("1 write(1<pipe:[8]>, \"aaa\"..., 200000) = 200000\n"
                       "1 write(1<pipe:[8]>, \"b\", 1) = 1\n"),
            "explained");
}

// EAGAIN and short writes: the pipe was full, and is emptied before the next write.
TEST(Inherited, AFullPipeIsFullAndThenNot) {
  EXPECT_EQ(verdict_of("1 fcntl(1<pipe:[8]>, F_SETFL, O_WRONLY|O_NONBLOCK) = 0\n"
                       "1 write(1<pipe:[8]>, \"a\"..., 100000) = 65536\n"
                       "1 write(1<pipe:[8]>, \"a\"..., 34464) = -1 EAGAIN (Resource "
                       "temporarily unavailable)\n"
                       "1 poll([{fd=1<pipe:[8]>, events=POLLOUT}], 1, -1) = 1 ([{fd=1, "
                       "revents=POLLOUT}])\n"
                       "1 write(1<pipe:[8]>, \"a\"..., 34464) = 4096\n"
                       "1 write(1<pipe:[8]>, \"a\"..., 30368) = 30368\n"
                       "1 write(1<pipe:[8]>, \"a\", 1) = -1 EPIPE (Broken pipe)\n"
                       "1 --- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=1, si_uid=0} ---\n"
                       "1 +++ killed by SIGPIPE +++\n"),
            "explained");
}

// poll() finds nothing, then something, then the end.
TEST(Inherited, APollFindsWhatSomebodyDid) {
  EXPECT_EQ(verdict_of("1 poll([{fd=0<pipe:[7]>, events=POLLIN}], 1, 0) = 0 (Timeout)\n"
                       "1 poll([{fd=0<pipe:[7]>, events=POLLIN}], 1, -1) = 1 ([{fd=0, "
                       "revents=POLLIN}])\n"
                       "1 ioctl(0<pipe:[7]>, FIONREAD, [5]) = 0\n"
                       "1 read(0<pipe:[7]>, \"abc\", 3) = 3\n"
                       "1 read(0<pipe:[7]>, \"defg\", 100) = 4\n"
                       "1 poll([{fd=0<pipe:[7]>, events=POLLIN}], 1, -1) = 1 ([{fd=0, "
                       "revents=POLLHUP}])\n"
                       "1 read(0<pipe:[7]>, \"\", 100) = 0\n"),
            "explained");
}

constexpr std::string_view kWhole =
    "1 read(0<pipe:[7]>, \"old\", 3) = 3\n"
    "2 write(1<pipe:[7]>, \"abc\", 3) = 3\n"
    "1 read(0<pipe:[7]>, \"abc\", 100) = 3\n"
    "2 write(1<pipe:[7]>, \"first\", 5) = 5\n"
    "2 write(1<pipe:[7]>, \"second\", 6) = 6\n";

// strace -p of both ends: what was in the pipe comes first, and then their bytes are theirs.
TEST(Inherited, APipeThatIsInheritedWholeKeepsItsBytes) {
  const auto [trace, report] =
      imported(std::string(kWhole) + "1 read(0<pipe:[7]>, \"firstsecond\", 100) = 11\n");
  EXPECT_EQ(verdict_on(trace), "explained");
  EXPECT_THAT(event_lines(trace), Contains(HasSubstr(R"("buf":"old","ret":3)")));
}

// The pipe was empty, and nothing suggests another writer: bytes in another order than they were
// written are refuted.
TEST(Inherited, BytesOfAWholePipeInAnotherOrderAreRefuted) {
  EXPECT_THAT(verdict_of("1 read(0<pipe:[7]>, 0x7ffc, 9) = -1 EAGAIN (Resource temporarily "
                         "unavailable)\n"
                         "2 write(1<pipe:[7]>, \"first\", 5) = 5\n"
                         "2 write(1<pipe:[7]>, \"second\", 6) = 6\n"
                         "1 read(0<pipe:[7]>, \"first\", 5) = 5\n"
                         "1 read(0<pipe:[7]>, \"dnoces\", 6) = 6\n"),
              StartsWith("refuted"));
}

// More is read than these tasks wrote, again and again: others write too.
TEST(Inherited, WhereLengthsDoNotFitOthersWrite) {
  std::string log;
  for (int i = 0; i < 30; ++i) {
    log += "1 read(0<pipe:[7]>, \"x\"..., 4096) = 4096\n";
  }
  log += "2 write(1<pipe:[7]>, \"abc\", 3) = 3\n";
  EXPECT_EQ(verdict_of(log), "explained");
}

// A result that no other process could bring about is refuted.
TEST(Inherited, AnEndOfFileWhileATaskOfTheLogCanWriteIsRefuted) {
  EXPECT_THAT(verdict_of("2 write(1<pipe:[7]>, \"abc\", 3) = 3\n"
                         "1 read(0<pipe:[7]>, \"abc\", 100) = 3\n"
                         "1 read(0<pipe:[7]>, \"\", 100) = 0\n"
                         "2 write(1<pipe:[7]>, \"d\", 1) = 1\n"),
              StartsWith("refuted"));
}

// What is spliced cannot be supposed yet: calls on that pipe are counted.
TEST(Inherited, APipeThatIsSplicedIsLeftOut) {
  const auto [trace, report] = imported(
      "1 pipe2([3, 4], 0) = 0\n"
      "1 splice(0<pipe:[7]>, NULL, 4, NULL, 65536, 0) = 5\n"
      "1 read(0<pipe:[7]>, \"a\", 1) = 1\n");
  EXPECT_EQ(report.inherited_pipes, 0U);
  EXPECT_THAT(report.inherited_pipe_by_call, Contains(std::pair<std::string, u64>{"read", 1}));
}

}  // namespace
}  // namespace ipcsim
