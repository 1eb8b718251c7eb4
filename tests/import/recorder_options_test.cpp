// Options of strace that leave things out: what the importer still makes of the log.
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/import/explained.hpp"
#include "tests/import/imported_events.hpp"

namespace ipcsim {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// -X verbose writes a comment between AT_FDCWD's number and its path.
TEST(RecorderOptions, VerboseNumbersHaveTheirPathBehindTheComment) {
  const auto [trace, report] = imported(
      "1 pipe2([3</p>, 4</p>], 0) = 0\n"
      "1 openat(-100 /* AT_FDCWD */</home>, \"f\", 0x80000 /* O_RDONLY|O_CLOEXEC */) = "
      "5</home/f>\n");
  EXPECT_THAT(report.not_understood, IsEmpty());
  EXPECT_THAT(
      event_lines(trace),
      ElementsAre(HasSubstr("pipe2"), R"({"task":1,"other_fd":5,"cloexec":true,"what":"f"})"));
}

// -z: of a call that failed only the beginning is there, if another line came between.
TEST(RecorderOptions, OfCallsThatFailedOnlyTheBeginningMayBeThere) {
  std::string log = "1 pipe2([3, 4], O_NONBLOCK) = 0\n";
  for (int i = 0; i < 40; ++i) {
    log += "1 getpid() = 1\n";
  }
  log += "1 read(3,  <unfinished ...>\n";
  log += "1 write(4, \"a\", 1) = 1\n";
  const auto [trace, report] = imported(log);
  EXPECT_THAT(event_lines(trace), ElementsAre(HasSubstr("pipe2"), HasSubstr("write")));
}

// ... and where calls are seen to fail that is a log that contradicts itself.
TEST(RecorderOptions, ACallInsideAnotherIsRefusedWhereFailuresAreShown) {
  std::string log = "1 pipe2([3, 4], O_NONBLOCK) = 0\n";
  for (int i = 0; i < 40; ++i) {
    log += "1 close(99) = -1 EBADF (Bad file descriptor)\n";
  }
  log += "1 read(3,  <unfinished ...>\n";
  log += "1 write(4, \"a\", 1) = 1\n";
  const auto refused = import_strace(log, "LOG", {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("begins while the task's read"));
}

// -b execve: what the program does with the pipe that it has from then on is not known.
TEST(RecorderOptions, APipeOfAProgramThatStraceLetsGoIsLeftOut) {
  const auto [trace, report] = imported(
      "1 pipe2([3, 4], 0) = 0\n"
      "1 pipe2([5, 6], O_CLOEXEC) = 0\n"
      "1 vfork( <unfinished ...>\n"
      "2 execve(\"/bin/echo\", [\"echo\"], 0x7f /* 1 var */ <detached ...>\n"
      "1 <... vfork resumed>) = 2\n"
      "1 read(3, \"hi\", 10) = 2\n"
      "1 write(6, \"a\", 1) = 1\n");
  EXPECT_THAT(event_lines(trace),
              ElementsAre(HasSubstr(R"("other_fd":3)"), HasSubstr(R"("other_fd":4)"),
                          HasSubstr("pipe2"), HasSubstr(R"("call":"vfork")"),
                          R"({"task":2,"call":"execve","pathname":"?","ret":0})",
                          HasSubstr(R"("return":"vfork")"), HasSubstr("write")));
  EXPECT_THAT(report.not_understood, Contains(HasSubstr("strace lets go of a program")));
  EXPECT_EQ(report.inherited_pipe_by_call, (CallCounts{{"read", 1}}));
}

// Without open() and its kin in -e trace= files come unseen, and that is no fault of the log.
TEST(RecorderOptions, WhereNoOpenIsRecordedFilesComeUnseen) {
  const auto [trace, report] = imported(
      "1 execve(\"/bin/a\", [\"a\"], 0x7f /* 1 var */) = 0\n"
      "1 read(3, \"\\177ELF\", 832) = 832\n"
      "1 close(3) = 0\n"
      "1 read(3, \"x\", 100) = 1\n"
      "1 close(3) = 0\n"
      "1 pipe2([3, 4], 0) = 0\n");
  EXPECT_THAT(report.not_understood, IsEmpty());
  EXPECT_EQ(report.unseen_descriptors, 1U);
  EXPECT_THAT(event_lines(trace), Contains(HasSubstr("pipe2")));
}

// -s 0: which descriptor goes to another process is not shown, so it may be any.
TEST(RecorderOptions, ADescriptorThatIsPassedUnseenMayBeAny) {
  const auto [trace, report] = imported(
      "1 pipe2([3, 4], 0) = 0\n"
      "1 socketpair(AF_UNIX, SOCK_STREAM, 0, [5, 6]) = 0\n"
      "1 sendmsg(5, {msg_name=NULL, msg_iov=[...], msg_iovlen=1, msg_control=[{cmsg_len=20, "
      "cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[...]}], msg_flags=0}, 0) = 1\n"
      "1 read(3, \"a\", 1) = 1\n");
  EXPECT_THAT(event_lines(trace), Not(Contains(HasSubstr("read"))));
  EXPECT_EQ(report.inherited_pipe_by_call, (CallCounts{{"read", 1}}));
}

// A recorder that was killed leaves half a line: what stands before it counts.
TEST(CutLogs, TheLastLineMayBeCut) {
  const auto [trace, report] = imported("1 pipe2([3, 4], 0) = 0\n1 write(4, \"ab");
  EXPECT_THAT(event_lines(trace), ElementsAre(HasSubstr("pipe2")));
  EXPECT_THAT(report.not_understood, ElementsAre("LOG:2: the log ends in the middle of a line"));
}

// The end of a longer log: each task may be in the middle of a call.
TEST(CutLogs, TheFirstLineOfATaskMayBeTheEndOfACall) {
  const auto [trace, report] = imported(
      "1 <... wait4 resumed>NULL, 0, NULL) = 7\n"
      "2 <... read resumed>\"x\", 1) = 1\n"
      "1 pipe2([3, 4], 0) = 0\n"
      "1 write(4, \"ab\", 2) = 2\n");
  EXPECT_THAT(event_lines(trace), ElementsAre(HasSubstr("pipe2"), HasSubstr("write")));
  EXPECT_THAT(report.not_understood, ElementsAre(HasSubstr("in the middle of this task's wait4"),
                                                 HasSubstr("in the middle of this task's read")));
}

// -X raw and verbose: flags and limits are numbers, with their names in a comment or without.
TEST(RecorderOptions, NumbersStandForNames) {
  const auto [trace, report] = imported(
      "1 prlimit64(0, 0x7 /* RLIMIT_NOFILE */, NULL, {rlim_cur=20000, rlim_max=20000}) = 0\n"
      "1 socket(0x1 /* AF_UNIX */, 0x1 /* SOCK_STREAM */|0x80800 /* SOCK_CLOEXEC|SOCK_NONBLOCK */, "
      "0) = 3\n"
      "1 socket(0x1, 0x1|0x800, 0) = 4\n"
      "1 pipe2([5, 6], 0x80000 /* O_CLOEXEC */) = 0\n"
      "1 poll([{fd=5, events=0x1 /* POLLIN */}, {fd=9, events=0x1 /* POLLIN */}], 2, 0) = 1 "
      "([{fd=9, revents=0x20 /* POLLNVAL */}])\n");
  EXPECT_THAT(report.not_understood, IsEmpty());
  EXPECT_EQ(trace.header.environment.tasks.front().rlimit_nofile, 20000U);
  EXPECT_THAT(event_lines(trace),
              ElementsAre(R"({"task":1,"other_fd":3,"cloexec":true,"what":"socket"})",
                          R"({"task":1,"other_fd":4,"what":"socket"})", HasSubstr("pipe2"),
                          HasSubstr("POLLNVAL")));
}

// Lines enough for a log in which no call failed by -z, not by chance.
std::string many_lines() {
  std::string lines;
  for (int i = 0; i < 32; ++i) {
    lines += fmt::format("1 1795715412.0000{:02} getpid() = 1\n", i);
  }
  return lines;
}

// -z prints a call when it has ended, and exit() never: lines stand in the order of ends, with the
// times of beginnings. Where another task ends meanwhile a line is torn in two.
TEST(RecorderOptions, LinesOfSuccessesStandWhereCallsEnded) {
  const std::string log = many_lines() +
                          "1 1795715412.000100 pipe2([3, 4], 0) = 0\n"
                          "2 1795715412.000300 close(3) = 0\n"
                          "1 1795715412.000200 vfork() = 2\n"
                          "2 1795715412.000400 execve(\"/bin/x\", [\"x\"], 0x7f /* 1 var */) = 0\n"
                          "1 1795715412.000500 close(4) = 0\n"
                          "2 1795715412.000700 write(4, \"ab\", 2) = 2\n"
                          "1 1795715412.000600 read(3, \"ab\", 9) = 2\n"
                          "1 1795715412.000800 read(3, \"\", 9) = 0\n"
                          "2 1795715412.000900 +++ exited with 0 +++\n"
                          "1 1795715412.000850 wait4(2,  <unfinished ...>\n"
                          "[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 2\n";
  EXPECT_THAT(imported(log).second.not_understood, IsEmpty());
  EXPECT_EQ(verdict_of(log), "explained");
  // A byte that nobody wrote is refuted there too.
  std::string wrong = log;
  wrong.replace(wrong.find("read(3, \"ab\""), 12, "read(3, \"ac\"");
  EXPECT_THAT(verdict_of(wrong), StartsWith("refuted"));
}

// In a log in which nothing failed by chance a line still stands where the call began.
TEST(RecorderOptions, LinesWhoseTimesNeverGoBackStandWhereCallsBegan) {
  const std::string log = many_lines() +
                          "1 1795715412.000100 pipe2([3, 4], 0) = 0\n"
                          "1 1795715412.000200 clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
                          "2 1795715412.000300 write(4, \"ab\", 2) = 2\n"
                          "1 1795715412.000400 read(3, \"ab\", 9) = 2\n";
  EXPECT_THAT(events_of(log), ElementsAre(HasSubstr("pipe2"), HasSubstr("fork"),
                                          HasSubstr(R"("ret":2)"), HasSubstr(R"("ret":2)")));
}

}  // namespace
}  // namespace ipcsim
