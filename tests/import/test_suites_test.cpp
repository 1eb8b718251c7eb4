// Lines that test suites of other systems and libraries leave: gVisor's, libuv's, the kernel's own.
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/import/imported_events.hpp"

namespace ipcsim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// libuv adds to its epoll instance through an io_uring, which no line shows, and deletes by
// epoll_ctl().
TEST(Import, AnIoUringAddsToAnInstanceUnseen) {
  const auto [trace, report] = imported(
      "1 epoll_create1(EPOLL_CLOEXEC) = 3\n"
      "1 io_uring_setup(256, {flags=0}) = 4\n"
      "1 pipe2([5, 6], 0) = 0\n"
      "1 epoll_ctl(3, EPOLL_CTL_ADD, 5, {events=EPOLLIN, data={u32=7, u64=7}}) = 0\n"
      "1 epoll_ctl(3, EPOLL_CTL_DEL, 5, {events=0}) = 0\n"
      "1 io_uring_enter(4, 2, 2, IORING_ENTER_GETEVENTS, NULL, 0) = 2\n"
      "1 write(6, \"x\", 1) = 1\n"
      "1 epoll_pwait(3, [{events=EPOLLIN, data={u32=5, u64=5}}], 8, -1, NULL, 8) = 1\n"
      "1 epoll_ctl(3, EPOLL_CTL_ADD, 5, {events=EPOLLIN, data={u32=5, u64=5}}) = -1 EEXIST (File "
      "exists)\n"
      "1 epoll_ctl(3, EPOLL_CTL_DEL, 5, {events=0}) = 0\n"
      "1 epoll_ctl(3, EPOLL_CTL_DEL, 5, {events=0}) = -1 ENOENT (No such file or directory)\n");
  EXPECT_THAT(report.not_understood, IsEmpty());
  EXPECT_THAT(
      event_lines(trace),
      ElementsAre(
          HasSubstr("epoll_create1"), HasSubstr("io_uring_setup"), HasSubstr("pipe2"),
          R"({"task":1,"call":"epoll_ctl","epfd":3,"op":"EPOLL_CTL_ADD","fd":5,"event":{"events":["EPOLLIN"],"data":7},"ret":0})",
          R"({"task":1,"call":"epoll_ctl","epfd":3,"op":"EPOLL_CTL_DEL","fd":5,"event":{"events":[]},"ret":0})",
          HasSubstr("write"),
          R"({"task":1,"call":"epoll_ctl","epfd":3,"op":"EPOLL_CTL_DEL","fd":5,"event":{"events":[]},"ret":-1,"errno":"ENOENT"})"));
}

// Which file a descriptor is: nothing changes, whatever -y shows.
TEST(Import, KcmpOnlyCompares) {
  const auto [trace, report] = imported(
      "1 pipe2([3<pipe:[7]>, 4<pipe:[7]>], 0) = 0\n"
      "1 kcmp(1, 1, KCMP_FILE, 3<pipe:[7]>, 4<pipe:[7]>) = 1\n");
  EXPECT_THAT(report.not_understood, IsEmpty());
  EXPECT_THAT(report.no_effect_by_call, ElementsAre(std::pair{std::string("kcmp"), u64{1}}));
}

// The log does not show RLIMIT_NOFILE, but where the numbers run out.
TEST(Import, NumbersThatRunOutShowTheirLimit) {
  const auto [trace, report] = imported(
      "1 pipe2([3, 4], 0) = 0\n"
      "1 pipe2(0x7ffc4dcdd5e8, 0) = -1 EMFILE (Too many open files)\n");
  ASSERT_EQ(trace.header.environment.tasks.size(), 1U);
  EXPECT_EQ(trace.header.environment.tasks[0].rlimit_nofile, 5U);
}

// The file that bytes would go to is full, or as long as RLIMIT_FSIZE lets it be.
TEST(Import, ASpliceThatItsFileRefuses) {
  const auto [trace, report] = imported(
      "1 pipe2([3, 4], 0) = 0\n"
      "1 write(4, \"x\", 1) = 1\n"
      "1 openat(AT_FDCWD, \"/tmp/f\", O_RDWR) = 5\n"
      "1 splice(3, NULL, 5, NULL, 1, 0) = -1 EFBIG (File too large)\n"
      "1 read(3, \"x\", 2) = 1\n");
  EXPECT_THAT(report.no_effect_by_call, ElementsAre(std::pair{std::string("splice"), u64{1}}));
}

// python's os.set_blocking() is ioctl(FIONBIO): where ioctl() is not recorded, results show it.
TEST(Import, NonblockingIsSetUnseenWhereIoctlIsNotRecorded) {
  constexpr std::string_view kSet =
      R"({"task":1,"call":"ioctl","fd":4,"request":"FIONBIO","value":1,"ret":0})";
  constexpr std::string_view kFlags =
      "1 pipe2([3, 4], O_CLOEXEC) = 0\n"
      "1 fcntl(4, F_GETFL) = 0x801 (flags O_WRONLY|O_NONBLOCK)\n";
  EXPECT_THAT(events_of(kFlags), ElementsAre(HasSubstr("pipe2"), kSet, HasSubstr("F_GETFL")));
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n"
                        "1 dup2(4, 1) = 1\n"
                        "1 write(4, \"\"..., 100000) = 65536 <0.000010>\n"
                        "1 write(1, \"x\", 1) = -1 EAGAIN (Resource temporarily unavailable)\n"),
              ElementsAre(HasSubstr("pipe2"), HasSubstr("dup2"), kSet, HasSubstr("write"),
                          HasSubstr("\"ret\":65536"), HasSubstr("EAGAIN")));
  // Where it is recorded nothing is put in.
  EXPECT_THAT(events_of(std::string(kFlags) + "1 ioctl(4, FIONREAD, [0]) = 0\n"),
              ElementsAre(HasSubstr("pipe2"), HasSubstr("F_GETFL"), HasSubstr("FIONREAD")));
}

// A child is killed in its execve(), which had let the parent go on already.
TEST(Import, AnExecveThatIsKilledMayHaveEndedAVfork) {
  EXPECT_THAT(events_of("1 pipe2([3, 4], 0) = 0\n"
                        "1 vfork( <unfinished ...>\n"
                        "2 execve(\"/bin/true\", [\"true\"], 0x7f /* 1 var */ <unfinished ...>\n"
                        "1 <... vfork resumed>) = 2\n"
                        "1 kill(2, SIGKILL) = 0\n"
                        "2 <... execve resumed>) = ?\n"
                        "2 +++ killed by SIGKILL +++\n"),
              ElementsAre(HasSubstr("pipe2"), HasSubstr("vfork"),
                          R"({"task":2,"call":"execve","pathname":"/bin/true"})",
                          HasSubstr("vfork"), HasSubstr("kill"), HasSubstr("died")));
}

// Go: a thread is told of a socket while another one adds it.
TEST(Import, AnItemIsThereBeforeTheLineThatAddedIt) {
  const auto lines = events_of(
      "1 pipe2([3, 4], 0) = 0\n"
      "1 epoll_create1(0) = 5\n"
      "1 socket(AF_UNIX, SOCK_STREAM, 0) = 6\n"
      "1 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 2\n"
      "1 epoll_ctl(5, EPOLL_CTL_ADD, 3, {events=EPOLLIN, data={u32=3, u64=3}}) = 0\n"
      "1 epoll_ctl(5, EPOLL_CTL_ADD, 6, {events=EPOLLOUT, data={u32=6, u64=6}} <unfinished ...>\n"
      "2 epoll_pwait(5, [{events=EPOLLOUT, data={u32=6, u64=6}}], 1, 0, NULL, 8) = 1\n"
      "1 <... epoll_ctl resumed>) = 0\n");
  EXPECT_THAT(lines, ::testing::Each(::testing::Not(HasSubstr("epoll_pwait"))));
}

}  // namespace
}  // namespace ipcsim
