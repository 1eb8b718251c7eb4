// fork(), clone(), execve(), exit(), and what becomes of the descriptors.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

// A child has the descriptors, and shares the open files. [F19]
TEST(Fork, CopiesTheTable) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, fork(2)), "2");
  EXPECT_EQ(k.run(2, write(4, "from 2")), "6");
  EXPECT_EQ(k.run(1, read(3, 10)), "6 \"from 2\"");
  EXPECT_EQ(k.run(2, close(3)), "0");
  EXPECT_EQ(k.run(1, fcntl(3, kFGetfd)), "0");
  EXPECT_EQ(k.run(2, fcntl(4, kFSetfl, kONonblock)), "0");
  EXPECT_EQ(k.run(1, fcntl(4, kFGetfl)), std::to_string(kOWronly | kONonblock));
  EXPECT_EQ(k.run(1, close(4)), "0");
  EXPECT_EQ(k.run(1, poll(3, kPollIn, 0)), "0 [0]");  // the child's is open still
  EXPECT_EQ(k.run(2, close(4)), "0");
  EXPECT_EQ(k.run(1, poll(3, kPollIn, 0)), "1 [POLLHUP]");
}

// Signal handling is inherited, what is pending is not.
TEST(Fork, InheritsHandlersAndMask) {
  TestKernel k;
  k.run(1, sigaction(kSigusr1, Disposition::kHandler));
  k.run(1, sigprocmask(MaskHow::kBlock, {kSigusr1}));
  k.signal(1, kSigusr1);
  k.run(1, fork(2));
  EXPECT_TRUE(k.kernel.state().task(TaskId{2}).blocked.has(kSigusr1));
  EXPECT_TRUE(k.kernel.state().task(TaskId{2}).rare().pending.empty());
  EXPECT_EQ(k.run(2, sigprocmask(MaskHow::kSetmask, {})), "0");
  EXPECT_EQ(k.run(2, dup(0)), "3");
}

// A thread shares the table itself.
TEST(Clone, SharesTheTable) {
  TestKernel k;
  k.run(1, thread(2));
  EXPECT_EQ(k.run(2, pipe2()), "0 pipefd=[3, 4]");
  EXPECT_EQ(k.run(1, write(4, "x")), "1");
  EXPECT_EQ(k.run(1, close(3)), "0");
  EXPECT_EQ(k.run(2, read(3, 1)), "-1 EBADF");
}

// The thread ends, the table stays.
TEST(Clone, LeavesTheTableBehind) {
  TestKernel k;
  k.run(1, thread(2));
  k.run(2, pipe2());
  EXPECT_EQ(k.run(2, exit()), "gone");
  EXPECT_FALSE(k.kernel.exists(TaskId{2}));
  EXPECT_EQ(k.run(1, write(4, "x")), "1");
}

// CLONE_FILES without CLONE_THREAD: two processes, one table.
TEST(Clone, SharesTheTableBetweenProcesses) {
  TestKernel k;
  EXPECT_EQ(k.run(1, clone(kCloneFiles, 2)), "2");
  EXPECT_EQ(k.run(2, pipe2()), "0 pipefd=[3, 4]");
  EXPECT_EQ(k.run(1, write(4, "x")), "1");
  EXPECT_EQ(k.run(2, exit_group()), "gone");
  EXPECT_EQ(k.run(1, read(3, 1)), "1 \"x\"");
}

// The kernel insists on some flags together; others are not modelled.
TEST(Clone, ChecksItsFlags) {
  TestKernel k;
  EXPECT_EQ(k.run(1, clone(kCloneThread, 2)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, clone(kCloneThread | kCloneSighand, 2)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, clone(kCloneSighand, 2)), "-1 EINVAL");
  EXPECT_TRUE(k.run(1, clone(kCloneSighand | kCloneVm, 2)).starts_with("not modelled"));
  EXPECT_TRUE(k.run(1, fork(1)).starts_with("not modelled"));
}

// A number names one task for ever.
TEST(Fork, DoesNotReuseANumber) {
  TestKernel k;
  k.run(1, fork(2));
  k.run(2, exit_group());
  EXPECT_TRUE(k.run(1, fork(2)).starts_with("not modelled"));
  EXPECT_EQ(k.run(1, fork(7)), "7");
  EXPECT_FALSE(k.kernel.exists(TaskId{5}));
}

// The parent of vfork() sleeps until its child has called execve() ...
TEST(Vfork, WaitsForExec) {
  TestKernel k;
  EXPECT_EQ(k.run(1, vfork(2)), "asleep");
  EXPECT_EQ(k.run(2, pipe2()), "0 pipefd=[3, 4]");
  EXPECT_EQ(k.run(2, exec()), "0");
  EXPECT_EQ(k.others(), "1: 2");
}

// ... or is gone, through a signal handler that comes meanwhile.
TEST(Vfork, WaitsForTheEnd) {
  TestKernel k;
  k.run(1, sigaction(kSigusr1, Disposition::kHandler));
  k.run(1, vfork(2));
  EXPECT_EQ(k.signal(1, kSigusr1), "");
  EXPECT_EQ(k.sleepers(), "1 vfork");
  EXPECT_EQ(k.run(2, exit_group()), "gone");
  EXPECT_EQ(k.others(), "1: 2");
}

// Only SIGKILL and its like end the wait.
TEST(Vfork, CanBeKilled) {
  TestKernel k;
  k.run(1, vfork(2));
  EXPECT_EQ(k.signal(1, kSigkill), "1: killed by SIGKILL");
  EXPECT_EQ(k.run(2, exec()), "0");
}

// What is marked is closed, the rest stays.
TEST(Exec, ClosesWhatIsMarked) {
  TestKernel k;
  k.run(1, pipe2(kOCloexec));
  k.run(1, dup(3));
  k.run(1, mq_open("q", kOCreat | kORdwr));  // always marked
  EXPECT_EQ(k.run(1, exec()), "0");
  EXPECT_EQ(k.run(1, fcntl(3, kFGetfd)), "-1 EBADF");
  EXPECT_EQ(k.run(1, fcntl(4, kFGetfd)), "-1 EBADF");
  EXPECT_EQ(k.run(1, fcntl(6, kFGetfd)), "-1 EBADF");
  EXPECT_EQ(k.run(1, read(5, 1)), "0");  // the only writer was closed
}

// Handlers are gone with the program; ignored signals stay ignored.
TEST(Exec, ResetsHandlers) {
  TestKernel k;
  k.run(1, fork(2));
  k.run(2, sigaction(kSigusr1, Disposition::kHandler));
  k.run(2, sigaction(kSigpipe, Disposition::kIgnore));
  k.run(2, exec());
  EXPECT_EQ(k.signal(2, kSigpipe), "");
  EXPECT_EQ(k.signal(2, kSigusr1), "2: killed by SIGUSR1");
}

// A shared table is copied first: the other process keeps its descriptors.
TEST(Exec, UnsharesTheTable) {
  TestKernel k;
  k.run(1, pipe2(kOCloexec));
  k.run(1, clone(kCloneFiles, 2));
  EXPECT_EQ(k.run(2, exec()), "0");
  EXPECT_EQ(k.run(2, read(3, 1)), "-1 EBADF");
  EXPECT_EQ(k.run(1, write(4, "x")), "1");
}

// The other threads die, wherever they are.
TEST(Exec, EndsTheOtherThreads) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, thread(2));
  k.run(1, thread(3));
  EXPECT_EQ(k.run(2, read(3, 1)), "asleep");
  EXPECT_EQ(k.run(1, exec()), "0");
  EXPECT_EQ(k.others(), "2: died: its process ended");
  EXPECT_FALSE(k.kernel.exists(TaskId{2}));
  EXPECT_FALSE(k.kernel.exists(TaskId{3}));
  EXPECT_EQ(k.run(1, write(4, "x")), "1");
}

// A thread that calls execve() leads the process from then on; here it keeps its own number.
TEST(Exec, MakesAThreadTheLeader) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, fork(3));
  k.run(1, thread(2));
  EXPECT_EQ(k.run(2, exec()), "0");
  EXPECT_FALSE(k.kernel.exists(TaskId{1}));
  EXPECT_EQ(k.run(2, write(4, "x")), "1");
  EXPECT_EQ(k.run(3, kill(1, kSigalrm)), "-1 ESRCH");
  EXPECT_EQ(k.run(3, kill(2, kSigalrm)), "0");
  EXPECT_FALSE(k.kernel.exists(TaskId{2}));
}

// The end of a process closes its descriptors, in ascending order.
TEST(Exit, ClosesTheDescriptors) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, fork(2));
  k.run(1, close(4));
  EXPECT_EQ(k.run(1, read(3, 1)), "asleep");
  EXPECT_EQ(k.run(2, exit()), "gone");
  EXPECT_EQ(k.others(), "1: 0");
}

// exit_group() ends all threads; who was in a call is told of.
TEST(ExitGroup, EndsAllThreads) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, fork(2));
  k.run(2, thread(3));
  k.run(2, thread(4));
  EXPECT_EQ(k.run(4, read(3, 1)), "asleep");
  EXPECT_EQ(k.run(3, exit_group()), "gone");
  EXPECT_EQ(k.others(), "4: died: its process ended");
  EXPECT_FALSE(k.kernel.exists(TaskId{2}));
  EXPECT_TRUE(k.kernel.exists(TaskId{1}));
}

// The leader's exit() is not the end of the process.
TEST(Exit, OfTheLeaderLeavesTheProcess) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, thread(2));
  EXPECT_EQ(k.run(1, exit()), "gone");
  EXPECT_EQ(k.run(2, write(4, "x")), "1");
}

// Nothing is left when the last process has gone.
TEST(Exit, LeavesNothingBehind) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, write(4, u64{10000}));
  k.run(1, fork(2));
  k.run(1, thread(3));
  k.run(3, read(3, 100));
  k.run(1, exit_group());
  k.run(2, exit_group());
  EXPECT_EQ(k.kernel.state().pipes.size(), 0U);
  EXPECT_EQ(k.kernel.state().files.size(), 0U);
  EXPECT_EQ(k.kernel.state().fd_tables.size(), 0U);
  EXPECT_EQ(k.kernel.state().pages.live(), 0U);
  EXPECT_EQ(k.kernel.state().users[0].pipe.pipe_bufs, 0U);
}

// Other limits than the two that matter are not modelled.
TEST(Setrlimit, KnowsTwoLimits) {
  TestKernel k;
  EXPECT_TRUE(k.run(1, setrlimit(0, 5)).starts_with("not modelled"));
  EXPECT_EQ(k.run(1, setrlimit(kRlimitMsgqueue, 5)), "0");
  EXPECT_EQ(k.run(1, mq_open("q", kOCreat | kORdwr)), "-1 EMFILE");
}

}  // namespace
}  // namespace ipcsim
