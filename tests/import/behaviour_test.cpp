// What lines of a log become.
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/import/imported_events.hpp"

namespace ipcsim {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A call that is split stands where its line begins, its return where the result is printed.
TEST(Import, SplitCallsHaveTwoEvents) {
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n"
                        "1 read(3,  <unfinished ...>\n"
                        "1 <... read resumed>\"x\", 10) = 1\n"),
              ElementsAre(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}})",
                          R"({"task":1,"call":"read","fd":3,"count":10})",
                          R"({"task":1,"return":"read","ret":1,"out":{"buf":"x"}})"));
}

// A child's lines may come before its parent's fork has returned, and say who it is.
TEST(Import, AForkStandsBeforeItsChildsEvents) {
  EXPECT_THAT(events_of("7 pipe2([3, 4], 0) = 0\n"
                        "7 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>\n"
                        "8 close(4) = 0\n"
                        "7 <... clone resumed>, child_tidptr=0x7f) = 8\n"),
              ElementsAre(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}})",
                          R"({"task":1,"call":"fork","child":2})",
                          R"({"task":2,"call":"close","fd":4,"ret":0})",
                          R"({"task":1,"return":"fork","ret":2})"));
}

TEST(Import, CutDataKeepsItsLength) {
  const auto [trace, report] = imported("1 pipe2([3, 4], 0) = 0\n1 write(4, \"ab\"..., 9) = 9\n");
  EXPECT_EQ(report.cut_strings, 1U);
  const auto& write = get<WriteCall>(std::get<CallEvent>(trace.events[1].body).call);
  EXPECT_EQ(write.buf.data, Payload::of_unknown(9, "ab"));
}

// The lowest free number is given out: what is below was open before the log began.
TEST(Import, NumbersThatAreSkippedWereInherited) {
  const auto [trace, report] = imported("1 pipe2([4, 6], 0) = 0\n");
  ASSERT_EQ(trace.header.environment.tasks.size(), 1U);
  EXPECT_THAT(trace.header.environment.tasks[0].other_fds,
              ElementsAre(Fd{0}, Fd{1}, Fd{2}, Fd{3}, Fd{5}));
}

// Without SA_RESTART the call ends where the signal comes, before what the handler does.
TEST(Import, AnInterruptedCallFailsWhereTheSignalComes) {
  EXPECT_THAT(
      events_of(
          "1 pipe2([3, 4], 0) = 0\n"
          "1 rt_sigaction(SIGALRM, {sa_handler=0x1000, sa_mask=[], sa_flags=0}, NULL, 8) = 0\n"
          "1 read(3, 0x7f00, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)\n"
          "1 --- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---\n"
          "1 write(4, \"!\", 1) = 1\n"
          "1 rt_sigreturn({mask=[]}) = -1 EINTR (Interrupted system call)\n"),
      ElementsAre(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}})",
                  HasSubstr(R"("call":"rt_sigaction","signum":"SIGALRM")"),
                  R"({"task":1,"call":"read","fd":3,"count":1})",
                  R"({"task":1,"signal":"SIGALRM"})",
                  R"({"task":1,"return":"read","ret":-1,"errno":"EINTR"})",
                  R"({"task":1,"call":"write","fd":4,"buf":"!","ret":1})"));
}

// With SA_RESTART the call that is made again is the same call.
TEST(Import, ARestartedCallStaysOpen) {
  EXPECT_THAT(
      events_of("1 pipe2([3, 4], 0) = 0\n"
                "1 rt_sigaction(SIGALRM, {sa_handler=0x1000, sa_flags=SA_RESTART}, NULL, 8) = 0\n"
                "1 read(3, 0x7f00, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)\n"
                "1 --- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---\n"
                "1 rt_sigreturn({mask=[]}) = 0\n"
                "1 read(3, \"x\", 1) = 1\n"),
      ElementsAre(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}})",
                  HasSubstr("rt_sigaction"), R"({"task":1,"call":"read","fd":3,"count":1})",
                  R"({"task":1,"signal":"SIGALRM"})",
                  R"({"task":1,"return":"read","ret":1,"out":{"buf":"x"}})"));
}

// strace prints the result of a write() that SIGPIPE kills; the program never sees it.
TEST(Import, AWriteThatSigpipeKillsDoesNotReturn) {
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n"
                        "1 close(3) = 0\n"
                        "1 write(4, \"x\", 1) = -1 EPIPE (Broken pipe)\n"
                        "1 --- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=1} ---\n"
                        "1 +++ killed by SIGPIPE +++\n"),
              ElementsAre(HasSubstr("pipe2"), HasSubstr("close"),
                          R"({"task":1,"call":"write","fd":4,"buf":"x"})",
                          R"({"task":1,"died":"SIGPIPE"})"));
}

// A kill() of the log is the model's to deliver; a signal that nobody sent comes from outside.
TEST(Import, SignalsOfTheLogAreNotSentTwice) {
  const auto events = events_of(
      "1 pipe2([3, 4], 0) = 0\n"
      "1 fork() = 2\n"
      "1 kill(2, SIGTERM) = 0\n"
      "2 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=1} ---\n"
      "2 +++ killed by SIGTERM +++\n"
      "1 +++ killed by SIGKILL +++\n");
  EXPECT_THAT(events,
              ElementsAre(HasSubstr("pipe2"), HasSubstr("fork"),
                          R"({"task":1,"call":"kill","pid":2,"sig":"SIGTERM","ret":0})",
                          R"({"task":2,"died":"SIGTERM"})", R"({"task":1,"signal":"SIGKILL"})",
                          R"({"task":1,"died":"SIGKILL"})"));
}

// A FIFO is known by name, however the name is spelt.
TEST(Import, FifosAreKnownByTheirPaths) {
  EXPECT_THAT(
      events_of("1 mknodat(AT_FDCWD</tmp/d>, \"f\", S_IFIFO|0644) = 0\n"
                "1 chdir(\"/tmp\") = 0\n"
                "1 openat(AT_FDCWD</tmp>, \"./d/f\", O_RDWR|O_CLOEXEC) = 3</tmp/d/f>\n"
                "1 unlink(\"/tmp/d/f\") = 0\n"),
      ElementsAre(HasSubstr(R"("call":"mkfifo","pathname":"f")"),
                  HasSubstr(R"("call":"open","pathname":"f","flags":["O_RDWR","O_CLOEXEC"])"),
                  HasSubstr(R"("call":"unlink","pathname":"f","ret":0)")));
}

TEST(Import, AFifoFromBeforeTheLogIsMadeFirst) {
  EXPECT_THAT(events_of("1 openat(AT_FDCWD</t>, \"f\", O_RDWR) = 3</t/f>\n"
                        "1 fstat(3</t/f>, {st_mode=S_IFIFO|0644, st_size=0}) = 0\n"),
              ElementsAre(HasSubstr("mkfifo"), HasSubstr(R"("call":"open")")));
}

// What the model does not have is reported with its line, never dropped silently.
TEST(Import, CallsThatCannotBeSaidAreReported) {
  const auto [trace, report] =
      imported("1 pipe2([3, 4], 0) = 0\n1 copy_file_range(3, NULL, 4, NULL, 1, 0) = 1\n");
  EXPECT_THAT(report.not_understood,
              ElementsAre("LOG:2: not imported: copy_file_range on a pipe, FIFO or queue"));
  EXPECT_EQ(trace.events.size(), 2U);  // the second is a note
}

// Tasks that never have anything of the model are left out, with all that they do.
TEST(Import, TasksThatDoNotMatterAreLeftOut) {
  const auto [trace, report] = imported(
      "1 fork() = 2\n"
      "2 openat(AT_FDCWD, \"x\", O_RDONLY) = 3\n"
      "1 mq_unlink(\"q\") = -1 ENOENT (No such file or directory)\n");
  EXPECT_EQ(report.tasks, 1U);
  EXPECT_EQ(report.tasks_dropped, 1U);
  EXPECT_EQ(trace.events.size(), 1U);
}

TEST(Import, CloseRangeIsItself) {
  EXPECT_THAT(
      events_of("1 pipe2([3, 4], 0) = 0\n1 close_range(3, 4294967295, 0) = 0\n"),
      ElementsAre(HasSubstr("pipe2"),
                  R"({"task":1,"call":"close_range","first":3,"last":4294967295,"ret":0})"));
}

// Time passes in the trace where a call waited for it in vain.
TEST(Import, ATimeoutAdvancesTheClock) {
  EXPECT_THAT(
      events_of("1 100000001.0 pipe2([3, 4], 0) = 0\n"
                "1 100000001.5 poll([{fd=3, events=POLLIN}], 1, 100) = 0 (Timeout) <0.2>\n"),
      ElementsAre(HasSubstr("pipe2"), R"({"advance_ns":500000000})", HasSubstr("poll"),
                  R"({"advance_ns":200000000})", HasSubstr(R"("return":"poll","ret":0)")));
}

TEST(Import, LinesOfOtherProgramsAreReported) {
  const auto report = imported("1 pipe2([3, 4], 0) = 0\nhello\n1 close(3) = 0\n").second;
  EXPECT_THAT(report.not_understood, ElementsAre("LOG:2: this is no line of strace: 'hello'"));
}

// exec by a thread takes over the leader's pid; the descriptors that are marked close.
TEST(Import, ExecByAThread) {
  EXPECT_THAT(
      events_of("5 pipe2([3, 4], O_CLOEXEC) = 0\n"
                "5 clone3({flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD}, 88) = 6\n"
                "5 read(3,  <unfinished ...>\n"
                "6 execve(\"/bin/true\", [\"true\"], 0x1 <unfinished ...>\n"
                "5 +++ superseded by execve in pid 6 +++\n"
                "5 <... execve resumed>) = 0\n"
                "5 exit_group(0) = ?\n"
                "5 +++ exited with 0 +++\n"),
      ElementsAre(HasSubstr("pipe2"), HasSubstr(R"("call":"clone")"),
                  R"({"task":1,"call":"read","fd":3,"count":65536})",
                  HasSubstr(R"("call":"execve")"), R"({"task":1,"died":"exit"})",
                  R"({"task":2,"return":"execve","ret":0})",
                  HasSubstr(R"({"task":2,"call":"exit_group")"), R"({"task":2,"died":"exit"})"));
}

// Whether another file is ready the model does not know: it is left out of the list.
TEST(Import, PollOfOtherFilesTooAsksAboutOurs) {
  EXPECT_THAT(
      events_of("1 pipe2([3, 4], 0) = 0\n"
                "1 poll([{fd=0, events=POLLIN}, {fd=3, events=POLLIN}], 2, -1) = 1 ([{fd=0, "
                "revents=POLLIN}])\n"
                "1 poll([{fd=0, events=POLLIN}, {fd=4, events=POLLOUT}], 2, 7) = 1 ([{fd=4, "
                "revents=POLLOUT}])\n"),
      ElementsAre(
          HasSubstr("pipe2"),
          R"({"task":1,"call":"poll","fds":[{"fd":-1,"events":["POLLIN"]},{"fd":3,"events":["POLLIN"]}],"timeout":0,"ret":0,"out":{"revents":[[],[]]}})",
          R"({"task":1,"call":"poll","fds":[{"fd":-1,"events":["POLLIN"]},{"fd":4,"events":["POLLOUT"]}],"timeout":7,"ret":1,"out":{"revents":[[],["POLLOUT"]]}})"));
}

// -X raw prints numbers for names.
TEST(Import, NumbersForNames) {
  EXPECT_THAT(
      events_of("1 mknodat(-100, \"f\", 010644) = 0\n"
                "1 pipe2([3, 4], 0x80000) = 0\n"
                "1 rt_sigprocmask(0, [13], [], 8) = 0\n"
                "1 openat(-100, \"f\", 0x2) = 5\n"
                "1 socket(0x1, 0x80001, 0) = 6\n"
                "1 clone(child_stack=NULL, flags=0x1200011, child_tidptr=0x7f00) = 2\n"),
      ElementsAre(R"({"task":1,"call":"mkfifo","pathname":"f","mode":"0644","ret":0})",
                  HasSubstr(R"("flags":["O_CLOEXEC"])"), HasSubstr("SIGPIPE"), HasSubstr("open"),
                  HasSubstr(R"("other_fd":6,"cloexec":true)"), HasSubstr(R"("call":"fork")")));
}

// -xx with -y prints the paths behind descriptors in hexadecimal too.
TEST(Import, AnnotationsInHexadecimal) {
  EXPECT_THAT(events_of("1 pipe2([3<\\x70\\x69\\x70\\x65\\x3a\\x5b\\x37\\x5d>, "
                        "4<\\x70\\x69\\x70\\x65\\x3a\\x5b\\x37\\x5d>], 0) = 0\n"
                        "1 write(4<\\x70\\x69\\x70\\x65\\x3a\\x5b\\x37\\x5d>, \"\\x61\", 1) = 1\n"),
              ElementsAre(HasSubstr("pipe2"), HasSubstr(R"("call":"write")")));
}

// -s 0 cuts even the pair of a pipe2(): the lowest free numbers are given out.
TEST(Import, APairThatIsCut) {
  EXPECT_THAT(events_of("1 openat(AT_FDCWD, \"\"..., O_RDONLY) = 3\n"
                        "1 pipe2([...], 0) = 0\n"
                        "1 close(4) = 0\n"),
              ElementsAre(HasSubstr("other_fd"), HasSubstr(R"("pipefd":[4,5])"),
                          HasSubstr(R"("call":"close","fd":4)")));
}

// strace -ff writes a file a task: times put the calls in order, durations say when they ended.
TEST(Import, SeveralFilesAreOneLog) {
  const std::string parent =
      "100000001.0 pipe2([3, 4], 0) = 0 <0.1>\n"
      "100000001.2 clone(child_stack=NULL, flags=SIGCHLD) = 8 <0.1>\n"
      "100000002.0 write(4, \"x\", 1) = 1 <0.5>\n";
  const std::string child = "100000001.5 read(3, \"x\", 9) = 1 <0.6>\n";
  const LogFile files[] = {{"LOG.7", parent, 7}, {"LOG.8", child, 8}};
  const auto imported = import_strace(files, {});
  ASSERT_TRUE(imported.has_value()) << imported.error().text();
  std::vector<std::string> order;
  for (const Event& event : imported->first.events) {
    order.push_back(event.origin +
                    (std::holds_alternative<ReturnEvent>(event.body) ? " ends" : ""));
  }
  EXPECT_THAT(order, ElementsAre("LOG.7:1", "LOG.7:1 ends", "LOG.7:2", "LOG.7:2 ends", "LOG.8:1",
                                 "LOG.7:3", "LOG.8:1 ends", "LOG.7:3 ends"));
}

TEST(Import, SeveralFilesNeedTimes) {
  const LogFile files[] = {{"LOG.7", "pipe2([3, 4], 0) = 0\n", 7}, {"LOG.8", "close(3) = 0\n", 8}};
  const auto imported = import_strace(files, {});
  ASSERT_FALSE(imported.has_value());
  EXPECT_THAT(imported.error().text(), HasSubstr("LOG.7: the lines have no times"));
}

// What succeeded was allowed: limits are raised to it.
TEST(Import, LimitsAreThoseThatCallsShow) {
  const auto trace =
      imported(
          "1 geteuid() = 4242\n"
          "1 openat(AT_FDCWD, \"/proc/sys/fs/mqueue/msgsize_max\", O_RDONLY) = 3\n"
          "1 read(3, \"9000\\n\", 99) = 5\n"
          "1 close(3) = 0\n"
          "1 mq_open(\"q\", O_RDWR|O_CREAT, 0600, {mq_flags=0, mq_maxmsg=40, mq_msgsize=64, "
          "mq_curmsgs=0}) = 3\n"
          "1 pipe2([4, 5], 0) = 0\n"
          "1 fcntl(4, F_SETPIPE_SZ, 2097152) = 2097152\n")
          .first;
  const Environment& environment = trace.header.environment;
  EXPECT_EQ(environment.mq_limits.mq_msg_max, 40U);
  EXPECT_EQ(environment.mq_limits.mq_msgsize_max, 9000U);
  EXPECT_EQ(environment.pipe_limits.pipe_max_size, 2097152U);
  EXPECT_EQ(environment.tasks.at(0).uid, 4242U);
}

// What strace could not decode in a call that is not about our objects does not matter.
TEST(Import, UnreadableArgumentsOfOtherCallsAreNoFault) {
  const auto report = imported(
                          "1 pipe2([3, 4], 0) = 0\n"
                          "1 clone3({flags=0, exit_signal=SIGCHLD, ???}, 89) = -1 EFAULT (Bad "
                          "address)\n")
                          .second;
  EXPECT_THAT(report.not_understood, IsEmpty());
}

TEST(Import, MessageQueues) {
  const auto [trace, report] = imported(
      "1 mq_open(\"q\", O_RDWR|O_CREAT, 0600, {mq_flags=0, mq_maxmsg=4, mq_msgsize=64, "
      "mq_curmsgs=0}) = 3</q>\n"
      "1 mq_timedsend(3</q>, \"hi\", 2, 5, NULL) = 0\n"
      "1 mq_timedreceive(3</q>, \"hi\", 64, [5], NULL) = 2\n"
      "1 mq_notify(3</q>, NULL) = -1 EINVAL (Invalid argument)\n");
  ASSERT_EQ(trace.events.size(), 4U);
  EXPECT_THAT(report.not_understood, IsEmpty());
  const auto& result = *std::get<CallEvent>(trace.events[2].body).result;
  EXPECT_EQ(result, SysResult::success(2, ReceivedMessage{Payload::of_bytes("hi"), 5}));
}

// What a file gave is all that is known of it; offsets stand in brackets, before and after.
TEST(Import, SpliceFromAFileIsAsLongAsItsResult) {
  EXPECT_THAT(
      events_of("1 pipe2([3, 4], 0) = 0\n"
                "1 openat(AT_FDCWD, \"/f\", O_RDONLY) = 5\n"
                "1 splice(5</f>, [0], 4<pipe:[1]>, NULL, 1000, SPLICE_F_MOVE|0xfffffff0) = -1 "
                "EINVAL (Invalid argument)\n"
                "1 splice(5</f>, [0] => [5], 4<pipe:[1]>, NULL, 1000, SPLICE_F_MOVE) = 5\n"
                "1 splice(5</f>, [5], 4<pipe:[1]>, NULL, 1000, 0) = 0\n"
                "1 sendfile(4, 5, NULL, 70) = 7\n"
                "1 tee(3, 4, 10, SPLICE_F_NONBLOCK) = -1 EINVAL (Invalid argument)\n"),
      ElementsAre(
          R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}})",
          R"({"task":1,"other_fd":5,"what":"/f"})",
          R"({"task":1,"call":"splice","fd_in":5,"off_in":0,"fd_out":4,"len":5,"flags":["SPLICE_F_MOVE"],"ret":5,"out":{"off_in":5}})",
          R"({"task":1,"call":"sendfile","out_fd":4,"in_fd":5,"count":7,"ret":7})",
          R"({"task":1,"call":"tee","fd_in":3,"fd_out":4,"len":10,"flags":["SPLICE_F_NONBLOCK"],"ret":-1,"errno":"EINVAL"})"));
}

// A device is opened for what it is when bytes may be spliced.
TEST(Import, SpliceToADeviceKeepsItsLength) {
  EXPECT_THAT(
      events_of("1 pipe2([3, 4], 0) = 0\n"
                "1 openat(AT_FDCWD, \"/dev/null\", O_WRONLY|O_CLOEXEC) = 5\n"
                "1 vmsplice(4, [{iov_base=\"abc\", iov_len=3}, {iov_base=\"x\"..., iov_len=4096}], "
                "2, SPLICE_F_GIFT) = 4099\n"
                "1 splice(3, NULL, 5</dev/null>, NULL, 65536, 0) = 4099\n"),
      ElementsAre(
          R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}})",
          R"({"task":1,"call":"open","pathname":"/dev/null","flags":["O_WRONLY","O_CLOEXEC"],"ret":5})",
          R"({"task":1,"call":"vmsplice","fd":4,"iov":["abc",{"text":"x","len":4096}],"flags":["SPLICE_F_GIFT"],"ret":4099})",
          R"({"task":1,"call":"splice","fd_in":3,"fd_out":5,"len":65536,"ret":4099})"));
}

// With SIGEV_THREAD strace prints a descriptor as a signal, and takes a cookie for a message.
TEST(Import, NotificationOfAThreadIsANetlinkSocket) {
  EXPECT_THAT(
      events_of("1 mq_open(\"q\", O_RDWR|O_CREAT, 0600, NULL) = 3</q>\n"
                "1 socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 4\n"
                "1 mq_notify(3</q>, {sigev_value={sival_int=1, sival_ptr=0x7fff00000001}, "
                "sigev_signo=SIGILL, sigev_notify=SIGEV_THREAD, sigev_notify_function=NULL, "
                "sigev_notify_attributes=NULL}) = 0\n"
                "1 recvfrom(4, [{nlmsg_len=1, nlmsg_type=0x5652 /* NLMSG_??? */, nlmsg_flags=0, "
                "nlmsg_seq=0, nlmsg_pid=0}, \"\\0\\1\"], 32, MSG_WAITALL|MSG_NOSIGNAL, NULL, NULL) "
                "= 32\n"
                "1 mq_notify(3</q>, {sigev_signo=SIGUSR1, sigev_notify=SIGEV_SIGNAL}) = 0\n"
                "1 mq_notify(3</q>, NULL) = 0\n"),
      ElementsAre(
          HasSubstr("mq_open"),
          R"({"task":1,"call":"socket","domain":"AF_NETLINK","type":["SOCK_RAW","SOCK_CLOEXEC"],"ret":4})",
          R"({"task":1,"call":"mq_notify","mqdes":3,"sevp":{"sigev_notify":"SIGEV_THREAD","sigev_signo":4,"cookie":{"len":32}},"ret":0})",
          R"({"task":1,"call":"recvfrom","sockfd":4,"len":32,"flags":["MSG_WAITALL","MSG_NOSIGNAL"],"ret":32,"out":{"buf":{"len":32}}})",
          R"({"task":1,"call":"mq_notify","mqdes":3,"sevp":{"sigev_notify":"SIGEV_SIGNAL","sigev_signo":"SIGUSR1"},"ret":0})",
          R"({"task":1,"call":"mq_notify","mqdes":3,"ret":0})"));
}

// What a log does not state, but what its calls could not do without.
TEST(Import, LimitsOfQueuesFollowFromQueuesThatWereMade) {
  const Trace trace = imported(
                          "1 mq_open(\"q\", O_RDWR|O_CREAT, 0600, {mq_flags=0, mq_maxmsg=40, "
                          "mq_msgsize=9000, mq_curmsgs=0}) = 3</q>\n"
                          "1 mq_open(\"r\", O_RDWR|O_CREAT, 0600, {mq_flags=0, mq_maxmsg=50, "
                          "mq_msgsize=9000, mq_curmsgs=0}) = -1 EINVAL (Invalid argument)\n")
                          .first;
  EXPECT_EQ(trace.header.environment.mq_limits.mq_msg_max, 40U);
  EXPECT_EQ(trace.header.environment.mq_limits.mq_msgsize_max, 9000U);
}

// A namespace of its own, and its limits.
TEST(Import, NamespacesAndLimitsOfQueues) {
  EXPECT_THAT(
      events_of("1 unshare(CLONE_NEWIPC) = 0\n"
                "1 openat(AT_FDCWD, \"/proc/sys/fs/mqueue/msg_max\", O_RDWR) = 3\n"
                "1 write(3, \"20\", 2) = 2\n"
                "1 mq_open(\"q\", O_RDWR|O_CREAT, 0600, NULL) = 4</q>\n"),
      ElementsAre(R"({"task":1,"call":"unshare","flags":["CLONE_NEWIPC"],"ret":0})",
                  HasSubstr("/proc/sys/fs/mqueue/msg_max"),
                  R"({"task":1,"call":"write","fd":3,"buf":"20","ret":2})", HasSubstr("mq_open")));
}

// In a namespace of its own a task may do all, until it becomes another user; its ids are those of
// the map.
TEST(Import, UserNamespaces) {
  EXPECT_THAT(
      events_of("71 unshare(CLONE_NEWUSER|CLONE_NEWNS) = 0\n"
                "71 openat(AT_FDCWD, \"/proc/self/uid_map\", O_WRONLY) = 3\n"
                "71 write(3, \"0 1000 1\", 8) = 8\n"
                "71 close(3) = 0\n"
                "71 clone(child_stack=NULL, flags=CLONE_NEWUSER|SIGCHLD) = 72\n"
                "71 openat(AT_FDCWD, \"/proc/72/gid_map\", O_WRONLY) = 3\n"
                "71 write(3, \"0 0 1\", 5) = 5\n"
                "72 pipe2([3, 4], 0) = 0\n"),
      ElementsAre(
          R"({"task":1,"call":"unshare","flags":["CLONE_NEWUSER"],"ret":0})", _,
          R"({"task":1,"call":"id_map","pid":1,"file":"uid_map","text":"0 1000 1","ret":0})", _,
          R"({"task":1,"call":"fork","child":2,"ret":2})",
          R"({"task":2,"call":"unshare","flags":["CLONE_NEWUSER"],"ret":0})", _,
          R"({"task":1,"call":"id_map","pid":2,"file":"gid_map","text":"0 0 1","ret":0})",
          HasSubstr("pipe2")));
}

// In the trace too the first one of a PID namespace is that: signals spare it. Its number is 1 for
// those inside.
TEST(Import, PidNamespaces) {
  EXPECT_THAT(
      events_of("71 pipe2([3, 4], 0) = 0\n"
                "71 clone(child_stack=NULL, flags=CLONE_NEWPID|CLONE_NEWUSER|SIGCHLD) = 72\n"
                "72 clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
                "73 kill(1, SIGKILL) = 0\n"
                "71 unshare(CLONE_NEWPID) = 0\n"
                "71 clone(child_stack=NULL, flags=SIGCHLD) = 74\n"),
      ElementsAre(
          HasSubstr("pipe2"),
          R"({"task":1,"call":"clone","flags":["CLONE_NEWUSER","CLONE_NEWPID"],"child":2,"ret":2})",
          R"({"task":2,"call":"fork","child":3,"ret":3})",
          R"({"task":3,"call":"kill","pid":2,"sig":"SIGKILL","ret":0})",
          R"({"task":1,"call":"unshare","flags":["CLONE_NEWPID"],"ret":0})",
          R"({"task":1,"call":"fork","child":4,"ret":4})"));
}

// It is in the trace although it does nothing, for the second one is not spared.
TEST(Import, TheFirstOfAPidNamespaceMatters) {
  EXPECT_THAT(events_of("71 unshare(CLONE_NEWPID) = 0\n"
                        "71 clone(child_stack=NULL, flags=SIGCHLD) = 72\n"
                        "71 clone(child_stack=NULL, flags=SIGCHLD) = 73\n"
                        "73 pipe2([3, 4], 0) = 0\n"),
              ElementsAre(HasSubstr("unshare"), HasSubstr(R"("child":2)"),
                          HasSubstr(R"("child":3)"), HasSubstr(R"({"task":3,"call":"pipe2")")));
}

// Who makes one needs the capability, unless it makes a user namespace at once.
TEST(Import, APidNamespaceTakesACapability) {
  const auto makes_it = [](const std::string& what) {
    const std::string log =
        "1 getuid() = 1000\n1 unshare(" + what + ") = 0\n1 pipe2([0x3, 0x4], 0) = 0\n";
    return imported(log).first.header.environment.caps.has(Cap::kSysAdmin);
  };
  EXPECT_TRUE(makes_it("CLONE_NEWPID"));
  EXPECT_TRUE(makes_it("0x20000000"));
  EXPECT_FALSE(makes_it("CLONE_NEWUSER|CLONE_NEWPID"));
  EXPECT_FALSE(makes_it("0x30000000"));
  EXPECT_FALSE(makes_it("CLONE_FILES"));
}

// Of a call that a program made of another kind of file in a way that is not known, the descriptor
// is some other file from then on.
TEST(Import, ADescriptorThatNothingOpenedIsReportedAndTakenForAnotherFile) {
  const auto [trace, report] = imported(
      "1 pipe2([3, 4], 0) = 0\n1 close(3) = 0\n"
      "1 read(3, \"x\", 1) = 1\n1 close(3) = 0\n");
  EXPECT_THAT(report.not_understood,
              ElementsAre("LOG:3: not imported: descriptor 3 is in use, but no line before it "
                          "opened it"));
  EXPECT_EQ(report.unseen_descriptors, 1U);
}

// strace prints what it finds in the registers of a task that is killed in a call.
TEST(Import, AKilledTasksResultIsNone) {
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n1 read(3,  <unfinished ...>\n"
                        "1 <... read resumed>\"\\0\"..., 1) = 18446744073709551615\n"
                        "1 +++ killed by SIGKILL +++\n"),
              ElementsAre(HasSubstr("pipe2"), R"({"task":1,"call":"read","fd":3,"count":1})",
                          R"({"task":1,"signal":"SIGKILL"})", R"({"task":1,"died":"SIGKILL"})"));
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n1 read(3,  <unfinished ...>\n"
                        "1 <... read resumed>) = ? <unavailable>\n"
                        "1 +++ killed by SIGKILL +++\n"),
              ElementsAre(HasSubstr("pipe2"), HasSubstr("\"read\""), HasSubstr("signal"),
                          HasSubstr("died")));
}

// epoll_wait() fails where the signal came, though strace prints the signal's line behind it.
TEST(Import, ASignalThatCutACallShortStandsBeforeItsEnd) {
  EXPECT_THAT(
      events_of(
          "1 rt_sigaction(SIGALRM, {sa_handler=0x1000, sa_mask=[], sa_flags=0}, NULL, 8) = 0\n"
          "1 pipe2([3, 4], 0) = 0\n"
          "1 write(4, \"\"..., 70000) = 65536\n"
          "1 --- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---\n"
          "1 rt_sigreturn({mask=[]}) = 65536\n"),
      ElementsAre(HasSubstr("rt_sigaction"), HasSubstr("pipe2"),
                  R"({"task":1,"call":"write","fd":4,"buf":{"len":70000}})",
                  R"({"task":1,"signal":"SIGALRM"})",
                  R"({"task":1,"return":"write","ret":65536})"));
}

// What an instance tells of other files is left out, with room for it.
TEST(Import, EpollOfOtherFilesIsLeftOut) {
  EXPECT_THAT(
      events_of("1 pipe2([3, 4], 0) = 0\n1 epoll_create1(EPOLL_CLOEXEC) = 5\n"
                "1 socket(AF_INET, SOCK_STREAM, 0) = 6\n"
                "1 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, data={u32=4, u64=4}}) = 0\n"
                "1 epoll_ctl(5, EPOLL_CTL_ADD, 6, {events=EPOLLIN, data={u32=6, u64=6}}) = 0\n"
                "1 epoll_wait(5, [{events=EPOLLIN, data={u32=6, u64=6}}, {events=EPOLLOUT, "
                "data={u32=4, u64=4}}], 8, -1) = 2\n"),
      ElementsAre(
          HasSubstr("pipe2"), R"({"task":1,"call":"epoll_create1","flags":["O_CLOEXEC"],"ret":5})",
          HasSubstr("other_fd"),
          R"({"task":1,"call":"epoll_ctl","epfd":5,"op":"EPOLL_CTL_ADD","fd":4,"event":{"events":["EPOLLOUT"],"data":4},"ret":0})",
          R"({"task":1,"call":"epoll_wait","epfd":5,"maxevents":7,"timeout":0,"ret":1,"out":{"events":[{"events":["EPOLLOUT"],"data":4}]}})"));
}

TEST(Import, SelectOfOtherFilesLooksOnce) {
  EXPECT_THAT(
      events_of("1 pipe2([3, 4], 0) = 0\n1 socket(AF_INET, SOCK_STREAM, 0) = 5\n"
                "1 select(6, [3 5], NULL, NULL, NULL) = 1 (in [5])\n"),
      ElementsAre(
          HasSubstr("pipe2"), HasSubstr("other_fd"),
          R"({"task":1,"call":"select","nfds":6,"readfds":[3],"timeout":{},"ret":0,"out":{"readfds":[]}})"));
}

}  // namespace
}  // namespace ipcsim
