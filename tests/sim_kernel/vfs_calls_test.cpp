// Attributes, locks, ids, limits and descriptors in flight: what the traces cannot say because it
// is about the state, or because no run on a machine may do it.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

constexpr SocketType kStream{kSockStream};

/// Task 1 of user 0, task 2 of user 7.
TestKernel two_users() {
  Environment environment = some_tasks(2);
  environment.tasks[1].uid = 7;
  return TestKernel(environment);
}

Call sysctl(std::string_view name, i64 value = -1) { return SysctlCall{std::string(name), value}; }

// The sizes that fs.pipe-max-size can have are those of pipes. [L05]
TEST(Sysctl, RoundsTheLargestSize) {
  TestKernel k;
  EXPECT_EQ(k.run(1, sysctl("fs.pipe-max-size", 5000)), "0 [8192]");
  EXPECT_EQ(k.run(1, sysctl("fs.pipe-max-size", 0)), "0 [4096]");
  EXPECT_EQ(k.run(1, sysctl("fs.pipe-max-size", i64{1} << 31U)), "0 [2147483648]");
  EXPECT_EQ(k.run(1, sysctl("fs.pipe-max-size", (i64{1} << 31U) + 1)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, sysctl("fs.pipe-max-size")), "0 [2147483648]");
  EXPECT_TRUE(k.run(1, sysctl("fs.file-max")).starts_with("not modelled"));
}

// Only user 0 writes a limit; everybody reads it.
TEST(Sysctl, IsUserZeros) {
  TestKernel k = two_users();
  EXPECT_EQ(k.run(2, sysctl("fs.pipe-user-pages-soft", 0)), "-1 EACCES");
  EXPECT_EQ(k.run(2, sysctl("fs.pipe-user-pages-soft")), "0 [16384]");
  EXPECT_EQ(k.run(1, sysctl("fs.pipe-user-pages-soft", 20)), "0 [20]");
}

// Over the hard limit pipe2() says ENFILE and open() of a FIFO ENOMEM; nothing stays charged. [L02]
TEST(PageBudget, HardLimitHasTwoErrors) {
  TestKernel k = two_users();
  k.run(1, MkfifoCall{"f", 0666});
  k.run(1, sysctl("fs.pipe-user-pages-hard", 10));
  EXPECT_EQ(k.run(2, pipe2()), "-1 ENFILE");
  EXPECT_EQ(k.run(2, open("f", kORdwr)), "-1 ENOMEM");
  for (const User& user : k.kernel.state().users) {
    EXPECT_EQ(user.pipe.pipe_bufs, 0U);
  }
  EXPECT_EQ(k.run(2, dup(0)), "3");
}

// The real user pays, whatever the effective one is, and the charge comes back. [E20]
TEST(PageBudget, IsTheRealUsers) {
  Environment environment = one_task();
  environment.caps.add(Cap::kSetuid);
  TestKernel k(environment);
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, SetresuidCall{5, 6, 6}), "0");
  k.run(1, pipe2());
  ASSERT_EQ(k.kernel.state().users.size(), 2U);
  EXPECT_EQ(k.kernel.state().users[1].uid, 5U);
  EXPECT_EQ(k.kernel.state().users[1].pipe.pipe_bufs, 16U);
  k.run(1, fcntl(3, kFSetpipeSz, 4096));
  EXPECT_EQ(k.kernel.state().users[0].pipe.pipe_bufs, 1U);
  for (const i32 fd : {3, 4, 5, 6}) {
    k.run(1, close(fd));
  }
  EXPECT_EQ(k.kernel.state().users[0].pipe.pipe_bufs, 0U);
  EXPECT_EQ(k.kernel.state().users[1].pipe.pipe_bufs, 0U);
}

// A thread changes its own ids alone; a fork() starts with its parent's.
TEST(Credentials, AreEachThreads) {
  Environment environment = one_task();
  environment.caps.add(Cap::kSetuid);
  TestKernel k(environment);
  k.run(1, thread(2));
  EXPECT_EQ(k.run(2, SetuidCall{9}), "0");
  EXPECT_EQ(k.run(1, GetresuidCall{}), "0 [0, 0, 0]");
  EXPECT_EQ(k.run(2, GetresuidCall{}), "0 [9, 9, 9]");
  k.run(2, fork(3));
  EXPECT_EQ(k.run(3, GetresuidCall{}), "0 [9, 9, 9]");
  k.run(3, SetresuidCall{-1, 4, -1});
  k.run(3, exec());
  EXPECT_EQ(k.run(3, GetresuidCall{}), "0 [9, 4, 4]");
}

// The umask is shared where CLONE_FS says so.
TEST(Umask, IsSharedByThreads) {
  TestKernel k;
  k.run(1, thread(2));
  k.run(1, fork(3));
  EXPECT_EQ(k.run(2, UmaskCall{027}), "0");
  EXPECT_EQ(k.run(1, UmaskCall{0777777}), "23");
  EXPECT_EQ(k.run(2, UmaskCall{0}), "511");
  EXPECT_EQ(k.run(3, UmaskCall{0}), "0");
}

// A file in flight is open, and closed with the socket that nobody reads any more.
TEST(Socket, KeepsFilesInFlight) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, SocketpairCall{kStream}), "0 sv=[5, 6]");
  EXPECT_EQ(k.run(1, SendmsgCall{Fd{5}, bytes("x"), {Fd{4}}, {}}), "1");
  k.run(1, close(4));
  EXPECT_EQ(k.kernel.snapshot().pipes.at(0).writers, 1U);
  k.run(1, close(5));
  EXPECT_EQ(k.kernel.snapshot().pipes.at(0).writers, 1U);
  k.run(1, close(6));
  EXPECT_EQ(k.kernel.snapshot().pipes.at(0).writers, 0U);
  EXPECT_EQ(k.run(1, read(3, 1)), "0");
}

// What is not known of sockets is not guessed.
TEST(Socket, IsNotModelledFurther) {
  TestKernel k;
  k.run(1, SocketpairCall{kStream});
  for (const Call& call :
       {Call{SendmsgCall{Fd{3}, bytes("x"), {Fd{4}}, {}}}, Call{RecvmsgCall{Fd{3}, room(1)}},
        read(3, 1), write(3, "x"), poll(3, kPollIn, 0), open("/proc/self/fd/3", kORdonly),
        Call{FstatCall{Fd{3}}}}) {
    EXPECT_TRUE(k.run(1, call).starts_with("not modelled: ")) << to_text(call);
  }
}

// Times are told as changes since they were told last.
TEST(Stat, TellsWhatChanged) {
  TestKernel k;
  k.run(1, MkfifoCall{"f", 0600});
  k.run(1, open("f", kORdwr));
  const std::string same =
      "0 {ino=1, mode=010600, nlink=1, uid=0, gid=0, size=0, blocks=0, changed=0}";
  EXPECT_EQ(k.run(1, FstatCall{Fd{3}}), same);
  k.pass(1000);
  k.run(1, write(3, "abc"));
  EXPECT_EQ(k.run(1, StatCall{"f"}),
            "0 {ino=1, mode=010600, nlink=1, uid=0, gid=0, size=0, blocks=0, "
            "changed=st_mtim|st_ctim}");
  EXPECT_EQ(k.run(1, FstatCall{Fd{3}}), same);
}

// Two threads' tables part when one asks for it.
TEST(CloseRange, CanUnshare) {
  TestKernel k;
  k.run(1, thread(2));
  EXPECT_EQ(k.run(2, CloseRangeCall{0, 1, CloseRangeFlags{kCloseRangeUnshare}}), "0");
  EXPECT_EQ(k.run(2, dup(0)), "-1 EBADF");
  EXPECT_EQ(k.run(1, dup(0)), "3");
  EXPECT_EQ(k.run(1, CloseRangeCall{1, 0, {}}), "-1 EINVAL");
}

// A lock goes with the last reference to its file, not with a descriptor.
TEST(Flock, IsTheOpenFiles) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, dup(3));
  EXPECT_EQ(k.run(1, FlockCall{Fd{3}, LockOperation{kLockEx}}), "0");
  k.run(1, close(3));
  EXPECT_EQ(k.run(1, FlockCall{Fd{4}, LockOperation{kLockSh | kLockNb}}), "-1 EAGAIN");
  EXPECT_TRUE(
      k.run(1, FlockCall{Fd{4}, LockOperation{kLockSh}}).starts_with("not modelled: waiting"));
  k.run(1, close(5));
  EXPECT_EQ(k.run(1, FlockCall{Fd{4}, LockOperation{kLockSh}}), "0");
}

}  // namespace
}  // namespace ipcsim
