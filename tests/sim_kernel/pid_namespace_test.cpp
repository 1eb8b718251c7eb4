// PID namespaces: numbers, signals that the first process is spared, and the end of all.
// Linux kernel/pid_namespace.c, kernel/signal.c.
#include "sim/kernel/pid_namespace.hpp"

#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

constexpr u32 kCreate = kOCreat | kORdwr;

Environment administrator() {
  Environment environment = one_task();
  environment.caps.add(Cap::kSysAdmin);
  environment.caps.add(Cap::kKill);
  return environment;
}

/// Task 2 is the first of a namespace, task 3 its child.
TestKernel with_namespace() {
  TestKernel k(administrator());
  EXPECT_EQ(k.run(1, clone(kCloneNewpid, 2)), "2");
  EXPECT_EQ(k.run(2, fork(3)), "3");
  return k;
}

/// Reads what stands behind NOTIFY_PID.
Call pid_in_text(i32 mqdes) {
  constexpr i64 kPlace = 53;
  return Pread64Call{.fd = Fd{mqdes}, .buf = room(20), .offset = kPlace};
}

SigEvent signal_event(Signal signal) {
  return {.sigev_notify = SigevNotify{kSigevSignal}, .sigev_signo = static_cast<i32>(signal.v)};
}

TEST(PidNamespace, NobodyOutsideHasANumber) {
  TestKernel k = with_namespace();
  EXPECT_EQ(k.run(3, kill(1, Signal{0})), "-1 ESRCH");
  EXPECT_EQ(k.run(3, tgkill(1, 1, Signal{0})), "-1 ESRCH");
  EXPECT_EQ(k.run(1, kill(3, Signal{0})), "0");
  EXPECT_EQ(k.run(2, kill(3, Signal{0})), "0");
  EXPECT_EQ(k.run(3, setpriority(1, 5)), "-1 ESRCH");
  EXPECT_EQ(k.run(1, setpriority(3, 5)), "0");
  EXPECT_EQ(k.run(2, SchedSetschedulerCall{TaskId{1}, SchedPolicy{kSchedOther}, 0}), "-1 ESRCH");
}

TEST(PidNamespace, SidesDoNotKnowEachOther) {
  TestKernel k = with_namespace();
  EXPECT_EQ(k.run(1, clone(kCloneNewpid, 4)), "4");
  EXPECT_FALSE(has_number_for(k.kernel.state(), TaskId{4}, TaskId{2}));
  EXPECT_FALSE(has_number_for(k.kernel.state(), TaskId{2}, TaskId{4}));
  EXPECT_TRUE(has_number_for(k.kernel.state(), TaskId{1}, TaskId{4}));
  EXPECT_EQ(sender_number(k.kernel.state(), TaskId{1}, TaskId{4}), kNoTask);
  EXPECT_EQ(sender_number(k.kernel.state(), TaskId{4}, TaskId{1}), TaskId{4});
}

// [F13]
TEST(PidNamespace, QueueTextsTellNumbersOfTheReader) {
  TestKernel k(administrator());
  k.run(1, mq_open("q", kCreate));
  k.run(1, clone(kCloneNewpid, 2));
  k.run(2, mq_notify(3, signal_event(kSigusr1)));
  EXPECT_EQ(k.run(1, pid_in_text(3)), "7 \"2     \\n\"");
  k.run(2, mq_notify(3));
  k.run(1, mq_notify(3, signal_event(kSigusr1)));
  EXPECT_EQ(k.run(2, pid_in_text(3)), "7 \"0     \\n\"");
}

TEST(PidNamespace, TheFirstProcessIsSparedBySignals) {
  TestKernel k = with_namespace();
  EXPECT_EQ(k.run(2, pipe2()), "0 pipefd=[3, 4]");
  EXPECT_EQ(k.run(2, close(3)), "0");
  EXPECT_EQ(k.run(2, write(4, "x")), "-1 EPIPE");
  EXPECT_EQ(k.run(3, kill(2, kSigkill)), "0");
  EXPECT_EQ(k.run(3, kill(2, kSigstop)), "0");
  EXPECT_EQ(k.run(1, kill(2, Signal{15})), "0");
  EXPECT_TRUE(k.kernel.idle(TaskId{2}));
  EXPECT_EQ(k.run(1, kill(2, kSigstop)), "0");
  EXPECT_EQ(k.kernel.state().task(TaskId{2}).state, TaskState::kStopped);
}

// A tracer hears of the signal, and it is dropped then.
TEST(PidNamespace, ATracedSignalSparesItToo) {
  TestKernel k = with_namespace();
  ASSERT_EQ(k.kernel.post_traced_signal(TaskId{2}, Signal{15}), std::nullopt);
  EXPECT_EQ(k.settle(), "");
  EXPECT_TRUE(k.kernel.idle(TaskId{2}));
}

TEST(PidNamespace, EndsWithItsFirstProcess) {
  TestKernel k = with_namespace();
  EXPECT_EQ(k.run(3, clone(kCloneNewpid, 4)), "4");
  EXPECT_EQ(k.run(1, kill(2, kSigkill)), "0");
  EXPECT_EQ(k.others(), "2: killed by SIGKILL; 3: killed by SIGKILL; 4: killed by SIGKILL");
  EXPECT_TRUE(pid_namespace_ended(k.kernel.state(), PidNsId{1}));
  EXPECT_TRUE(pid_namespace_ended(k.kernel.state(), PidNsId{2}));
}

TEST(PidNamespace, ChildrenNeedAFirstProcessThatLives) {
  TestKernel k(administrator());
  EXPECT_EQ(k.run(1, unshare(kCloneNewpid)), "0");
  EXPECT_EQ(k.run(1, unshare(kCloneNewpid)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, clone(kCloneNewpid, 2)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, thread(2)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, fork(2)), "2");
  EXPECT_EQ(k.run(1, fork(3)), "3");
  EXPECT_EQ(k.run(3, kill(2, kSigkill)), "0");
  EXPECT_TRUE(k.kernel.exists(TaskId{2}));
  k.run(2, exit_group());
  EXPECT_FALSE(k.kernel.exists(TaskId{3}));
  EXPECT_EQ(k.run(1, fork(4)), "-1 ENOMEM");
}

TEST(PidNamespace, NeedsPrivilege) {
  TestKernel k;
  EXPECT_EQ(k.run(1, clone(kCloneNewpid, 2)), "-1 EPERM");
  EXPECT_EQ(k.run(1, clone(kThread | kCloneNewpid, 2)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, unshare(kCloneNewpid)), "-1 EPERM");
  EXPECT_EQ(k.run(1, clone(kCloneNewpid | kCloneNewuser, 2)), "2");
}

// 32 of them lie inside each other, and no more.
TEST(PidNamespace, AreNotTooDeep) {
  TestKernel k(administrator());
  for (u32 task = 1; task <= 32; ++task) {
    ASSERT_EQ(k.run(task, clone(kCloneNewpid, task + 1)), std::to_string(task + 1));
  }
  EXPECT_EQ(k.run(33, clone(kCloneNewpid, 34)), "-1 ENOSPC");
  EXPECT_EQ(k.run(33, unshare(kCloneNewpid)), "-1 ENOSPC");
  EXPECT_EQ(k.run(33, fork(34)), "34");
}

// Where children go, who is spared and what has ended are state like everything else.
TEST(PidNamespace, IsPartOfTheState) {
  TestKernel k(administrator());
  const Kernel before = k.kernel;
  k.run(1, unshare(kCloneNewpid));
  EXPECT_FALSE(k.kernel == before);
  EXPECT_NE(k.kernel.hash(), before.hash());
  const Kernel unshared = k.kernel;
  k.run(1, fork(2));
  EXPECT_NE(k.kernel.hash(), unshared.hash());
}

}  // namespace
}  // namespace ipcsim
