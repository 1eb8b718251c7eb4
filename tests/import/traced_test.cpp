// What is otherwise because strace looks on, and what goes ways that a log does not show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/import/imported_events.hpp"

namespace ipcsim {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A signal that is ignored interrupts the calls of a traced task.
TEST(Import, AnIgnoredSignalThatCutACallShortStandsBeforeItsEnd) {
  EXPECT_THAT(
      events_of("1 epoll_create1(0) = 3\n"
                "1 pipe2([4, 5], 0) = 0\n"
                "1 epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN, data={u32=4, u64=4}}) = 0\n"
                "1 epoll_wait(3, 0x7ffc, 8, -1) = -1 EINTR (Interrupted system call)\n"
                "1 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=2} ---\n"),
      ElementsAre(HasSubstr("epoll_create1"), HasSubstr("pipe2"), HasSubstr("epoll_ctl"),
                  HasSubstr(R"("call":"epoll_wait")"), R"({"task":1,"signal":"SIGCHLD"})",
                  R"({"task":1,"return":"epoll_wait","ret":-1,"errno":"EINTR"})"));
}

// A recorder that is no tracer sees a fatal signal only in the task's end; if it cut a write short
// it came before that.
TEST(Import, AFatalSignalThatCutACallShortStandsBeforeItsEnd) {
  EXPECT_THAT(
      events_of("1 pipe2([3, 4], 0) = 0\n"
                "1 write(4, \"abc\"..., 100000) = 65536\n"
                "1 +++ killed by SIGTERM +++\n"),
      ElementsAre(HasSubstr("pipe2"), HasSubstr(R"("call":"write")"),
                  R"({"task":1,"signal":"SIGTERM"})", R"({"task":1,"return":"write","ret":65536})",
                  R"({"task":1,"died":"SIGTERM"})"));
}

// How a call slept, as our own recorder saw it, stands at its end. Who woke it is told as a task of
// the trace, if it is in it.
TEST(Import, RecordedSleepsStandAtACallsEnd) {
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n"
                        "1 clone(child_stack=NULL, flags=SIGCHLD) = 9\n"
                        "1 read(3 <unfinished ...>\n"
                        "9 write(4, \"a\", 1) = 1 <0.1>\n"
                        "9 +++ exited with 0 +++\n"
                        "1 <... read resumed>, \"a\", 1) = 1 <0.2> {slept 1 times, <0.000000015>, "
                        "woken by 9}\n"
                        "1 close(3) = 0 {slept 2 times, <1>, woken by 77}\n"),
              ElementsAre(HasSubstr("pipe2"), HasSubstr("fork"), HasSubstr(R"("call":"read")"),
                          HasSubstr(R"("call":"write")"),
                          HasSubstr(R"("slept":{"times":1,"ns":15,"woken_by":2})"),
                          HasSubstr(R"("slept":{"times":2,"ns":1000000000})")));
}

// One that comes between calls changes nothing.
TEST(Import, AnIgnoredSignalBetweenCallsIsLeftOut) {
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n"
                        "1 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=2} ---\n"
                        "1 write(4, \"a\", 1) = 1\n"),
              Not(Contains(HasSubstr("SIGCHLD"))));
}

// pselect6() with a mask lets in what was pending before: what others write meanwhile comes later.
TEST(Import, ASignalThatACallsOwnMaskLetsInStandsAtItsBeginning) {
  EXPECT_THAT(
      events_of(
          "1 pipe2([3, 4], 0) = 0\n"
          "1 rt_sigaction(SIGCHLD, {sa_handler=0x1000, sa_mask=[], sa_flags=0}, NULL, 8) = 0\n"
          "1 rt_sigprocmask(SIG_BLOCK, [CHLD], [], 8) = 0\n"
          "1 clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
          "1 pselect6(4, [3], NULL, NULL, NULL, {sigmask=[], sigsetsize=8} <unfinished ...>\n"
          "2 write(4, \"a\", 1) = 1\n"
          "1 <... pselect6 resumed>) = ? ERESTARTNOHAND (To be restarted if no handler)\n"
          "1 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=9} ---\n"),
      ElementsAre(HasSubstr("pipe2"), HasSubstr("rt_sigaction"), HasSubstr("rt_sigprocmask"),
                  HasSubstr("fork"), HasSubstr(R"("call":"pselect6")"),
                  R"({"task":1,"signal":"SIGCHLD"})", HasSubstr(R"("call":"write")"),
                  R"({"task":1,"return":"pselect6","ret":-1,"errno":"EINTR"})"));
}

// Who holds a pipe that went to nobody of the log cannot be told: it is left out as a whole.
TEST(Import, APipeThatIsPassedIsLeftOut) {
  const auto [trace, report] = imported(
      "1 pipe2([3, 4], 0) = 0\n"
      "1 pipe2([5, 6], 0) = 0\n"
      "1 sendmsg(7, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"x\", iov_len=1}], "
      "msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, "
      "cmsg_data=[4]}], msg_controllen=24, msg_flags=0}, 0) = 1\n"
      "1 close(4) = 0\n"
      "1 read(3, \"late\", 4) = 4\n"
      "1 write(6, \"b\", 1) = 1\n");
  EXPECT_THAT(event_lines(trace), Not(Contains(HasSubstr("\"read\""))));
  EXPECT_THAT(event_lines(trace), Contains(HasSubstr(R"("call":"write","fd":6)")));
  ASSERT_EQ(report.inherited_pipe_by_call.size(), 1U);
  EXPECT_EQ(report.inherited_pipe_by_call[0].first, "read");
  EXPECT_THAT(report.not_understood, ElementsAre(HasSubstr("passes descriptor 4")));
}

// In a PID namespace fork() returns, and kill() takes, other numbers than strace writes.
TEST(Import, PidsInANamespaceAreItsOwn) {
  EXPECT_THAT(
      events_of(
          "70 pipe2([3, 4], 0) = 0\n"
          "70 clone(child_stack=0x1000, flags=CLONE_NEWPID|SIGCHLD) = 71\n"
          "71 rt_sigaction(SIGUSR1, {sa_handler=0x1000, sa_mask=[], sa_flags=0}, NULL, 8) = 0\n"
          "71 clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
          "72 kill(1, SIGUSR1) = 0\n"
          "71 --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=2, si_uid=0} ---\n"
          "72 write(4, \"k\", 1) = 1\n"),
      ElementsAre(HasSubstr("pipe2"),
                  R"({"task":1,"call":"clone","flags":["CLONE_NEWPID"],"child":2,"ret":2})",
                  HasSubstr("rt_sigaction"), R"({"task":2,"call":"fork","child":3,"ret":3})",
                  R"({"task":3,"call":"kill","pid":2,"sig":"SIGUSR1","ret":0})",
                  R"({"task":3,"call":"write","fd":4,"buf":"k","ret":1})"));
}

// -X raw has a number for SIGEV_THREAD.
TEST(Import, ThreadsAreToldByNumbersToo) {
  EXPECT_THAT(
      events_of("1 mq_open(\"q\", 0x42, 0600, NULL) = 3\n"
                "1 socket(0x10, 0x3|0x80000, 0) = 4\n"
                "1 mq_notify(3, {sigev_signo=4, sigev_notify=0x2, sigev_notify_function=NULL, "
                "sigev_notify_attributes=NULL}) = 0\n"),
      Contains(HasSubstr(R"("call":"socket","domain":"AF_NETLINK")")));
}

// A length that no memory has is no length of a payload.
TEST(Import, ALengthThatNoMemoryHasIsCut) {
  EXPECT_THAT(events_of("1 mq_open(\"q\", O_RDWR|O_CREAT, 0600, NULL) = 3\n"
                        "1 mq_timedsend(3, \"ab\"..., 18446744073709551615, 0, NULL) = -1 EMSGSIZE "
                        "(Message too long)\n"),
              ElementsAre(HasSubstr("mq_open"), HasSubstr(R"("mapped":1073741824)")));
}

// What sendfile() to a file that is not under study refuses depends on how that was opened.
TEST(Import, SendfileOfAPipeThatIsRefusedHasNoEffect) {
  const auto [trace, report] = imported(
      "1 pipe2([3, 4], 0) = 0\n"
      "1 openat(AT_FDCWD, \"out\", O_WRONLY) = 5\n"
      "1 sendfile(5, 3, NULL, 16777216) = -1 EINVAL (Invalid argument)\n");
  ASSERT_EQ(report.no_effect_by_call.size(), 1U);
  EXPECT_EQ(report.no_effect_by_call[0].first, "sendfile");
}

// No call returns what is below -1.
TEST(Import, AResultThatCannotBeIsRefused) {
  const auto result =
      import_strace("1 pipe2([3, 4], 0) = 0\n1 close(4) = -9223372036854775808\n", "LOG", {});
  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error().text(), HasSubstr("LOG:2: close returned -9223372036854775808"));
}

// A name ends where its NUL is.
TEST(Import, ANameWithANulByteIsRefused) {
  const auto result = import_strace("1 mq_open(\"a\\0b\", O_RDONLY) = 3\n", "LOG", {});
  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error().text(), HasSubstr("a name without a NUL byte"));
}

// Without -y the command tells that bpf() returned a descriptor.
TEST(Import, BpfMakesDescriptors) {
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n"
                        "1 bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_ARRAY}, 72) = 5\n"),
              Contains(HasSubstr(R"("other_fd":5)")));
}

// A thread was told of a signal to the process, and another took it first.
TEST(Import, ACallThatEndedWithoutASignalWasToldOfTheOneThatAnotherThreadTook) {
  EXPECT_THAT(
      events_of("1 epoll_create1(0) = 3\n"
                "1 pipe2([4, 5], 0) = 0\n"
                "1 epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN, data={u32=4, u64=4}}) = 0\n"
                "1 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|"
                "CLONE_THREAD|CLONE_SYSVSEM) = 2\n"
                "2 epoll_wait(3,  <unfinished ...>\n"
                "1 getpid() = 1\n"
                "2 <... epoll_wait resumed>0x7ffc, 8, -1) = -1 EINTR (Interrupted system call)\n"
                "1 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=9} ---\n"
                "2 write(5, \"a\", 1) = 1\n"),
      ElementsAre(HasSubstr("epoll_create1"), HasSubstr("pipe2"), HasSubstr("epoll_ctl"),
                  HasSubstr("clone"), HasSubstr(R"("call":"epoll_wait")"),
                  R"({"task":2,"signal":"SIGCHLD"})", HasSubstr(R"("return":"epoll_wait")"),
                  HasSubstr("write")));
}

// Threads make pipes at the same time: the numbers below are another's whose line comes later.
TEST(Import, NumbersThatAnotherThreadGetsMeanwhileWereNotOpenBefore) {
  const auto [trace, report] = imported(
      "1 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|"
      "CLONE_THREAD|CLONE_SYSVSEM) = 2\n"
      "2 pipe2( <unfinished ...>\n"
      "1 pipe2([3, 4], 0) = 0\n"
      "2 <... pipe2 resumed>[5, 6], 0) = 0\n");
  EXPECT_THAT(trace.header.environment.tasks.front().other_fds, ElementsAre(Fd{0}, Fd{1}, Fd{2}));
}

// SIGKILL overtakes strace, which prints what it learned last, of another task: nobody saw the
// read() return.
TEST(Import, AResultThatIsAnothersBeforeAKillIsNone) {
  const std::string_view head =
      "1 pipe2([3, 4], 0) = 0\n"
      "1 clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
      "2 read(3,  <unfinished ...>\n"
      "1 fcntl(4, F_SETPIPE_SZ, 1) = -1 EBUSY (Device or resource busy) <0.000010>\n";
  const auto with_end = [&](std::string_view end) {
    return events_of(std::string(head) + "2 <... read resumed>0x7ffc, 512) = -1 " +
                     std::string(end) + " <0.000012>\n2 +++ killed by SIGKILL +++\n");
  };
  EXPECT_THAT(with_end("EBUSY (Device or resource busy)"),
              Not(Contains(HasSubstr(R"("return":"read")"))));
  EXPECT_THAT(with_end("EIO (Input/output error)"), Contains(HasSubstr(R"("return":"read")")));
}

// A thread waits at an epoll instance while another adds a pipe: what is told is the pipe's, though
// nothing of ours was watched when the wait began.
TEST(Import, AFileThatIsAddedWhileAThreadWaitsIsTold) {
  const std::vector<std::string> events = events_of(
      "1 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|"
      "CLONE_THREAD|CLONE_SYSVSEM) = 2\n"
      "1 epoll_create1(0) = 3\n"
      "1 eventfd2(0, 0) = 4\n"
      "1 pipe2([5, 6], 0) = 0\n"
      "1 epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN, data={u32=4, u64=4}}) = 0\n"
      "2 epoll_wait(3,  <unfinished ...>\n"
      "1 epoll_ctl(3, EPOLL_CTL_ADD, 6, {events=EPOLLOUT|EPOLLET, data={u32=6, u64=6}}) = 0\n"
      "2 <... epoll_wait resumed>[{events=EPOLLOUT, data={u32=6, u64=6}}], 8, -1) = 1\n");
  EXPECT_THAT(events, Contains(R"({"task":2,"call":"epoll_wait","epfd":3,"maxevents":8})"));
  EXPECT_THAT(
      events,
      Contains(
          R"({"task":2,"return":"epoll_wait","ret":1,"out":{"events":[{"events":["EPOLLOUT"],"data":6}]}})"));
}

}  // namespace
}  // namespace ipcsim
