// What lines become that few programs leave: each was in the log of a real one.
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/import/imported_events.hpp"

namespace ipcsim {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// strace takes a line's time before it prints the arguments, and counts the duration from behind
// them: the read may have ended after the write began.
TEST(Import, AFilesCallMayEndLaterThanItsDurationSays) {
  const std::vector<LogFile> logs{
      {"L.1",
       "1700000001.000000 pipe2([3, 4], 0) = 0 <0.000010>\n"
       "1700000001.000100 clone(child_stack=NULL, flags=SIGCHLD) = 2 <0.000010>\n"
       "1700000001.001030 write(4, \"x\", 1) = 1 <0.000010>\n",
       1},
      {"L.2",
       "1700000001.001000 read(3, \"x\", 1) = 1 <0.000020>\n1700000001.002000 close(3) = 0 "
       "<0.000001>\n",
       2}};
  auto result = import_strace(logs, {});
  ASSERT_TRUE(result.has_value());
  const std::vector<std::string> lines = event_lines(result->first);
  const auto at = [&](std::string_view line) {
    return std::find(lines.begin(), lines.end(), line) - lines.begin();
  };
  EXPECT_LT(at(R"({"task":1,"call":"write","fd":4,"buf":"x"})"),
            at(R"({"task":2,"return":"read","ret":1,"out":{"buf":"x"}})"));
}

// strace -ff: the execve() of a thread ends in the file of its process.
TEST(Import, AnExecveGoesOnInAnotherFile) {
  const std::vector<LogFile> logs{
      {"L.1",
       "1700000001.0 pipe2([3, 4], O_CLOEXEC) = 0 <0.000010>\n"
       "1700000001.1 clone(child_stack=NULL, "
       "flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) "
       "= 2 <0.000010>\n"
       "1700000001.2 futex(0x7f, FUTEX_WAIT) = ?\n"
       "1700000001.4 +++ superseded by execve in pid 2 +++\n"
       "1700000001.5 <... execve resumed>) = 0 <0.000100>\n"
       "1700000001.6 exit_group(0) = ?\n",
       1},
      {"L.2",
       "1700000001.3 execve(\"/bin/true\", [\"true\"], 0x7f /* 41 vars */ <pid changed to 1 ...>\n",
       2}};
  auto result = import_strace(logs, {});
  ASSERT_TRUE(result.has_value()) << result.error().text();
  EXPECT_THAT(event_lines(result->first),
              Contains(R"({"task":2,"call":"execve","pathname":"/bin/true"})"));
  EXPECT_TRUE(result->second.not_understood.empty());
}

// A read() that is killed never shows its length; the one before it does.
TEST(Import, AKilledReadAsksForAsMuchAsTheLastOne) {
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n"
                        "1 write(4, \"abcd\", 4) = 4\n"
                        "1 read(3, \"ab\", 2) = 2\n"
                        "1 read(3,  <unfinished ...>) = ?\n"
                        "1 +++ killed by SIGKILL +++\n"),
              Contains(R"({"task":1,"call":"read","fd":3,"count":2})"));
}

// One set given for reading and for exceptions: the kernel writes it twice, strace sees the last.
TEST(Import, OneSetForSeveralTellsOnlyTheLast) {
  EXPECT_THAT(
      events_of("1 pipe2([3, 4], 0) = 0\n"
                "1 close(4) = 0\n"
                "1 select(4, [3], NULL, [3], NULL) = 1 ()\n"),
      Contains(R"({"task":1,"call":"select","nfds":4,"readfds":[3],"exceptfds":[3],"ret":1})"));
}

TEST(Import, PpollKeepsATimeoutThatIsNone) {
  EXPECT_THAT(
      events_of("1 pipe2([3, 4], 0) = 0\n"
                "1 ppoll([{fd=3, events=POLLIN}], 1, {tv_sec=0, tv_nsec=18446744073709551615}, "
                "NULL, 8) = -1 EINVAL (Invalid argument)\n"),
      Contains(
          R"({"task":1,"call":"ppoll","fds":[{"fd":3,"events":["POLLIN"]}],"tmo_p":{"tv_nsec":-1},"ret":-1,"errno":"EINVAL"})"));
}

// Arguments that no trace can say, in a call that failed before it did anything.
TEST(Import, GarbageThatFailedHasNoEffect) {
  const auto [trace, report] = imported(
      "1 pipe2([3, 4], 0) = 0\n"
      "1 writev(4, NULL, 1) = -1 EFAULT (Bad address)\n"
      "1 writev(4, [{iov_base=\"abc\", iov_len=7021786319767039599}], 1) = -1 EINVAL (Invalid "
      "argument)\n");
  EXPECT_THAT(report.not_understood, IsEmpty());
  EXPECT_THAT(report.no_effect_by_call, ElementsAre(std::pair{std::string("writev"), u64{2}}));
}

// What it does to the table of others it does not do to theirs.
TEST(Import, CloseRangeMayUnshareFirst) {
  EXPECT_THAT(
      events_of("1 pipe2([3, 4], 0) = 0\n"
                "1 clone(child_stack=0x7f, flags=CLONE_FILES|SIGCHLD) = 2\n"
                "2 close_range(3, 4294967295, CLOSE_RANGE_UNSHARE) = 0\n"
                "1 close(3) = 0\n"),
      ElementsAre(
          R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}})",
          R"({"task":1,"call":"clone","flags":["CLONE_FILES"],"child":2,"ret":2})",
          R"({"task":2,"call":"close_range","first":3,"last":4294967295,"flags":["CLOSE_RANGE_UNSHARE"],"ret":0})",
          R"({"task":1,"call":"close","fd":3,"ret":0})"));
}

// What a child does to descriptors that it shares is the parent's too, whatever else it does.
TEST(Import, ATaskThatSharesDescriptorsMatters) {
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n"
                        "1 clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
                        "2 close(3) = 0\n"
                        "2 close(4) = 0\n"
                        "2 clone(child_stack=0x7f, flags=CLONE_FILES|SIGCHLD) = 3\n"
                        "3 openat(AT_FDCWD, \"/dev/null\", O_RDONLY) = 3\n"
                        "3 exit_group(0) = ?\n"
                        "3 +++ exited with 0 +++\n"
                        "2 close(3) = 0\n"),
              Contains(R"({"task":3,"other_fd":3,"what":"/dev/null"})"));
}

TEST(Import, ANamespaceOfQueuesByClone) {
  EXPECT_THAT(
      events_of("1 clone(child_stack=NULL, flags=CLONE_NEWIPC|SIGCHLD) = 2\n"
                "2 mq_open(\"q\", O_RDWR|O_CREAT, 0600, NULL) = 3\n"),
      ElementsAre(
          R"({"task":1,"call":"fork","child":2,"ret":2})",
          R"({"task":2,"call":"unshare","flags":["CLONE_NEWIPC"],"ret":0})",
          R"({"task":2,"call":"mq_open","name":"q","oflag":["O_RDWR","O_CREAT"],"mode":"0600","ret":3})"));
}

// Where queues are mounted they are files.
TEST(Import, QueuesAreFilesWhereTheyAreMounted) {
  EXPECT_THAT(
      events_of("1 mount(\"mqueue\", \"/mnt/q\", \"mqueue\", 0, NULL) = 0\n"
                "1 creat(\"/mnt/q/a\", 0600) = 3\n"
                "1 mq_unlink(\"a\") = 0\n"
                "1 umount2(\"/mnt/q\", 0) = 0\n"
                "1 creat(\"/mnt/q/b\", 0600) = 4\n"),
      ElementsAre(
          R"({"task":1,"call":"mkdir","pathname":"mqueue~1","ret":0})",
          R"({"task":1,"call":"mount","target":"mqueue~1","ret":0})",
          R"({"task":1,"call":"open","pathname":"mqueue~1/a","flags":["O_WRONLY","O_CREAT","O_TRUNC"],"mode":"0600","ret":3})",
          R"({"task":1,"call":"mq_unlink","name":"a","ret":0})",
          R"({"task":1,"other_fd":4,"what":"/mnt/q/b"})"));
}

// The usual place is mounted before the log begins.
TEST(Import, DevMqueueIsMountedAlready) {
  EXPECT_THAT(events_of("1 mq_open(\"q\", O_RDWR|O_CREAT, 0600, NULL) = 3\n"
                        "1 unlink(\"/dev/mqueue/q\") = 0\n"),
              Contains(R"({"task":1,"call":"unlink","pathname":"mqueue~1/q","ret":0})"));
}

TEST(Import, LimitsOfPipesThatAreWritten) {
  EXPECT_THAT(
      events_of("1 openat(AT_FDCWD, \"/proc/sys/fs/pipe-max-size\", O_WRONLY) = 3\n"
                "1 write(3, \"4096\", 4) = 4\n"
                "1 pipe2([4, 5], 0) = 0\n"),
      Contains(R"({"task":1,"call":"sysctl","name":"fs.pipe-max-size","value":4096,"ret":0})"));
}

// strace -X raw: a mode is a number, and 0100644 is no FIFO's.
TEST(Import, ModesThatAreNumbers) {
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n"
                        "1 stat(\"/etc/x\", {st_mode=0100644, st_size=0, ...}) = 0\n"
                        "1 stat(\"/tmp/f\", {st_mode=010644, st_size=0, ...}) = 0\n"),
              ElementsAre(R"({"task":1,"call":"mkfifo","pathname":"f","mode":"0666","ret":0})",
                          R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}})"));
}

// strace -X raw: flags of clone() are numbers beside the signal, and so are events of poll().
TEST(Import, FlagsThatAreNumbers) {
  EXPECT_THAT(
      events_of("1 pipe2([3, 4], 0) = 0\n"
                "1 clone(child_stack=0x55f4be0d3070, flags=0x400|17) = 2\n"
                "2 close(4) = 0\n"
                "1 poll([{fd=4, events=0x4}], 1, 0) = 1 ([{fd=4, revents=0x20}])\n"
                "1 pipe2([4, 5], 0) = 0\n"),
      AllOf(Contains(R"({"task":1,"call":"clone","flags":["CLONE_FILES"],"child":2,"ret":2})"),
            Contains(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[4,5]}})")));
}

// strace -e raw=read,write: bytes are not decoded, and neither are errors that it knows.
TEST(Import, BytesThatAreNotDecodedAreUnknown) {
  EXPECT_THAT(
      events_of("1 pipe2([3, 4], 0) = 0\n"
                "1 write(0x4, 0x55b1ebe600a0, 0x2) = 0x2\n"
                "1 read(0x3, 0x55b1ebe600a0, 0x9) = 0x2\n"
                "1 write(4, 0x8, 10) = -1 EFAULT (Bad address)\n"),
      ElementsAre(
          R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}})",
          R"({"task":1,"call":"write","fd":4,"buf":{"len":2},"ret":2})",
          R"({"task":1,"call":"read","fd":3,"count":9,"ret":2,"out":{"buf":{"len":2}}})",
          R"({"task":1,"call":"write","fd":4,"buf":{"mapped":0},"count":10,"ret":-1,"errno":"EFAULT"})"));
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n"
                        "1 read(0x3, 0x55b1ebe600a0, 0x9) = -1 ERESTARTSYS (Unknown error 512)\n"),
              Contains(R"({"task":1,"call":"read","fd":3,"count":9})"));
}

// strace -s 0 does not show the pair; the next number does.
TEST(Import, ASocketpairThatIsCut) {
  EXPECT_THAT(events_of("1 socketpair(AF_UNIX, SOCK_STREAM, 0, [...]) = 0\n"
                        "1 pipe2([5, 6], 0) = 0\n"),
              ElementsAre(R"({"task":1,"other_fd":3,"what":"socketpair"})",
                          R"({"task":1,"other_fd":4,"what":"socketpair"})",
                          R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[5,6]}})"));
}

// From a pipe's read end vmsplice() fills memory; the log shows what was there before.
TEST(Import, VmspliceOfAReadEnd) {
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n"
                        "1 write(4, \"ab\", 2) = 2\n"
                        "1 vmsplice(3, [{iov_base=\"\\0\\0\\0\", iov_len=3}], 1, 0) = 2\n"),
              AllOf(Contains(R"({"task":1,"call":"vmsplice","fd":3,"iov":[{"iov_len":3}]})"),
                    Contains(R"({"task":1,"return":"vmsplice","ret":2,"out":{"buf":{"len":2}}})")));
}

// Without -a1 results of short calls stand in a column of their own.
TEST(Import, ResultsInAColumn) {
  const auto [trace, report] = imported(
      "1 pipe2([3, 4], 0) = 0\n1 writev(4, NULL, 1)               = -1 EFAULT (Bad address)\n");
  EXPECT_THAT(report.not_understood, IsEmpty());
}

// Owners of files: a thread, a process, and a group that has one process in the log.
TEST(Import, OwnersOfFilesAreTasks) {
  const auto [trace, report] = imported(
      "1 setpgid(0, 0) = 0\n"
      "1 pipe2([3, 4], 0) = 0\n"
      "1 fcntl(3, F_SETOWN_EX, {type=F_OWNER_TID, pid=1}) = 0\n"
      "1 fcntl(3, F_SETOWN_EX, {type=F_OWNER_PGRP, pid=1}) = 0\n"
      "1 fcntl(3, F_SETOWN, -1) = 0\n"
      "1 fcntl(3, F_SETOWN, 0) = 0\n"
      "1 clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
      "1 fcntl(3, F_SETOWN, -1) = 0\n");
  EXPECT_THAT(
      event_lines(trace),
      ElementsAre(
          HasSubstr("pipe2"),
          R"({"task":1,"call":"fcntl","fd":3,"cmd":"F_SETOWN_EX","owner":{"type":"F_OWNER_TID","pid":1},"ret":0})",
          R"({"task":1,"call":"fcntl","fd":3,"cmd":"F_SETOWN","arg":1,"ret":0})",
          R"({"task":1,"call":"fcntl","fd":3,"cmd":"F_SETOWN","arg":1,"ret":0})",
          R"({"task":1,"call":"fcntl","fd":3,"cmd":"F_SETOWN","ret":0})", HasSubstr("fork"),
          HasSubstr("not imported: fcntl with an owner")));
  EXPECT_EQ(report.not_understood_total, 1U);
}

}  // namespace
}  // namespace ipcsim
