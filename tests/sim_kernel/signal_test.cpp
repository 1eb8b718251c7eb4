// Signals, as far as sleeping calls and dying need them. Linux kernel/signal.c.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

/// A pipe, 3 and 4, of task 1 with thread 2; SIGUSR1 has a handler.
TestKernel with_thread(u32 sa_flags = 0) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, thread(2));
  k.run(1, sigaction(kSigusr1, Disposition::kHandler, sa_flags));
  return k;
}

// A handler ends the sleep: EINTR. [B06]
TEST(Signal, InterruptsASleepingCall) {
  TestKernel k = with_thread();
  EXPECT_EQ(k.run(2, read(3, 1)), "asleep");
  EXPECT_EQ(k.signal(2, kSigusr1), "2: -1 EINTR");
  EXPECT_EQ(k.waiters(), "rd_wait:, wr_wait:");
}

// With SA_RESTART the program sees nothing of it. [B08]
TEST(Signal, RestartsASleepingCall) {
  TestKernel k = with_thread(kSaRestart);
  k.run(2, read(3, 1));
  EXPECT_EQ(k.signal(2, kSigusr1), "");
  EXPECT_EQ(k.sleepers(), "2 read");
  k.run(1, write(4, "x"));
  EXPECT_EQ(k.others(), "2: 1 \"x\"");
}

// The call begins anew, at the end of the line.
TEST(Signal, MakesARestartedCallLoseItsPlace) {
  TestKernel k = with_thread(kSaRestart);
  k.run(1, thread(3));
  k.run(2, read(3, 1));
  k.run(3, read(3, 1));
  k.signal(2, kSigusr1);
  EXPECT_EQ(k.waiters(), "rd_wait: 3 2, wr_wait:");
}

// Bytes that are in the pipe are not taken back: a short count, also with SA_RESTART. [B08]
TEST(Signal, CutsAWriteThatHasBegun) {
  TestKernel k = with_thread(kSaRestart);
  EXPECT_EQ(k.run(2, write(4, u64{100000})), "asleep");
  EXPECT_EQ(k.signal(2, kSigusr1), "2: 65536");
}

// A task in no call handles its signal and goes on.
TEST(Signal, DoesNothingToAnIdleTask) {
  TestKernel k = with_thread();
  EXPECT_EQ(k.signal(2, kSigusr1), "");
  EXPECT_TRUE(k.kernel.idle(TaskId{2}));
  EXPECT_EQ(k.run(2, dup(0)), "5");
}

// A signal that came before the call is handled before it: the call itself is not interrupted.
TEST(Signal, IsHandledBeforeACallBegins) {
  TestKernel k = with_thread();
  EXPECT_EQ(k.kernel.post_signal(TaskId{2}, kSigusr1), std::nullopt);
  EXPECT_EQ(k.run(2, read(3, 1)), "asleep");
}

// The same with a call that sends a signal to its own task: it stays on the run queue once.
TEST(Signal, IsHandledBeforeACallThatSignalsItself) {
  TestKernel k = with_thread();
  k.run(1, sigaction(kSigpipe, Disposition::kHandler));
  k.run(1, close(3));
  EXPECT_EQ(k.kernel.post_signal(TaskId{2}, kSigusr1), std::nullopt);
  EXPECT_EQ(k.run(2, write(4, "x")), "-1 EPIPE");
  EXPECT_EQ(k.kernel.first_runnable(), kNoTask);
}

// Its default kills the process: all its threads, wherever they are.
TEST(Signal, KillsByDefault) {
  TestKernel k = with_thread();
  k.run(1, fork(3));
  k.run(3, thread(4));
  k.run(4, read(3, 1));
  EXPECT_EQ(k.signal(3, kSigalrm), "3: killed by SIGALRM; 4: killed by SIGALRM");
  EXPECT_FALSE(k.kernel.exists(TaskId{3}));
  EXPECT_FALSE(k.kernel.exists(TaskId{4}));
  EXPECT_TRUE(k.kernel.exists(TaskId{1}));
}

// What is ignored leaves no trace, not even while asleep.
TEST(Signal, IsIgnored) {
  TestKernel k = with_thread();
  k.run(1, sigaction(kSigusr1, Disposition::kIgnore));
  k.run(2, read(3, 1));
  EXPECT_EQ(k.signal(2, kSigusr1), "");
  EXPECT_EQ(k.signal(2, kSigchld), "");  // ignored by default
  EXPECT_EQ(k.waiters(), "rd_wait: 2, wr_wait:");
}

// A blocked signal waits, even if it is ignored now: it may get a handler.
TEST(Signal, WaitsWhileItIsBlocked) {
  TestKernel k = with_thread();
  k.run(2, sigprocmask(MaskHow::kBlock, {kSigusr1, kSigchld}));
  k.run(2, read(3, 1));
  EXPECT_EQ(k.signal(2, kSigusr1), "");
  EXPECT_EQ(k.signal(2, kSigchld), "");
  EXPECT_EQ(k.sleepers(), "2 read");
  k.run(1, write(4, "x"));
  EXPECT_EQ(k.kernel.state().task(TaskId{2}).rare().pending.set.bits,
            u64{1} << (kSigusr1.v - 1) | u64{1} << (kSigchld.v - 1));
  EXPECT_EQ(k.run(2, sigprocmask(MaskHow::kUnblock, {kSigusr1, kSigchld})), "0");
  EXPECT_TRUE(k.kernel.state().task(TaskId{2}).rare().pending.empty());
}

// A fatal one that was blocked kills when it is let through.
TEST(Signal, KillsWhenItIsUnblocked) {
  TestKernel k;
  k.run(1, sigprocmask(MaskHow::kSetmask, {kSigalrm}));
  EXPECT_EQ(k.signal(1, kSigalrm), "");
  EXPECT_EQ(k.run(1, sigprocmask(MaskHow::kSetmask, {})), "killed by SIGALRM");
}

// SIGKILL cannot be blocked, handled or ignored.
TEST(Signal, KillCannotBeStopped) {
  TestKernel k;
  EXPECT_EQ(k.run(1, sigaction(kSigkill, Disposition::kIgnore)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, sigaction(kSigstop, Disposition::kHandler)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, sigaction(Signal{0}, Disposition::kHandler)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, sigaction(Signal{65}, Disposition::kHandler)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, sigprocmask(MaskHow::kBlock, {kSigkill, kSigstop})), "0");
  EXPECT_EQ(k.signal(1, kSigkill), "1: killed by SIGKILL");
}

// When a signal is set to be ignored, what is pending of it goes.
TEST(Signal, IsForgottenWhenItBecomesIgnored) {
  TestKernel k = with_thread();
  k.run(2, sigprocmask(MaskHow::kBlock, {kSigusr1}));
  k.signal(2, kSigusr1);
  k.run(1, sigaction(kSigusr1, Disposition::kIgnore));
  EXPECT_TRUE(k.kernel.state().task(TaskId{2}).rare().pending.empty());
}

// Without a reader write() kills. [W24]
TEST(Sigpipe, KillsTheWriter) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, close(3));
  EXPECT_EQ(k.run(1, write(4, "x")), "killed by SIGPIPE");
}

// Handled, ignored or blocked, the error stays: and a blocked one waits.
TEST(Sigpipe, LeavesTheErrorWhenItDoesNotKill) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, close(3));
  k.run(1, sigaction(kSigpipe, Disposition::kHandler));
  EXPECT_EQ(k.run(1, write(4, "x")), "-1 EPIPE");
  k.run(1, sigaction(kSigpipe, Disposition::kIgnore));
  EXPECT_EQ(k.run(1, write(4, "x")), "-1 EPIPE");
  k.run(1, sigprocmask(MaskHow::kBlock, {kSigpipe}));
  k.run(1, sigaction(kSigpipe, Disposition::kDefault));
  EXPECT_EQ(k.run(1, write(4, "x")), "-1 EPIPE");
  EXPECT_EQ(k.run(1, sigprocmask(MaskHow::kUnblock, {kSigpipe})), "killed by SIGPIPE");
}

// It goes to the thread that wrote, and through it to the process. [B04]
TEST(Sigpipe, ComesWithAShortCount) {
  TestKernel k = with_thread();
  k.run(1, sigaction(kSigpipe, Disposition::kHandler));
  EXPECT_EQ(k.run(2, write(4, u64{100000})), "asleep");
  EXPECT_EQ(k.run(1, close(3)), "0");
  EXPECT_EQ(k.others(), "2: 65536");
}

// kill() is for a process: one thread takes the signal, the named one if it does not block it.
TEST(Kill, ChoosesAThread) {
  TestKernel k = with_thread();
  k.run(1, fork(3));
  k.run(2, read(3, 1));
  k.run(1, sigprocmask(MaskHow::kBlock, {kSigusr1}));
  EXPECT_EQ(k.run(3, kill(1, kSigusr1)), "0");
  EXPECT_EQ(k.others(), "2: -1 EINTR");
}

// If all block it, it waits for the first that does not.
TEST(Kill, WaitsForAnyThread) {
  TestKernel k = with_thread();
  k.run(1, fork(3));
  k.run(1, sigprocmask(MaskHow::kBlock, {kSigusr1}));
  k.run(2, sigprocmask(MaskHow::kBlock, {kSigusr1}));
  EXPECT_EQ(k.run(3, kill(1, kSigusr1)), "0");
  k.run(1, fork(4));
  EXPECT_TRUE(k.kernel.state().process_of(TaskId{4}).shared_pending.empty());
  EXPECT_TRUE(k.kernel.state().process_of(TaskId{1}).shared_pending.has(kSigusr1));
  EXPECT_EQ(k.run(2, sigprocmask(MaskHow::kUnblock, {kSigusr1})), "0");
  EXPECT_TRUE(k.kernel.state().process_of(TaskId{1}).shared_pending.empty());
}

// A thread's number is as good as its leader's.
TEST(Kill, TakesAThreadsNumber) {
  TestKernel k = with_thread();
  k.run(1, fork(3));
  k.run(2, read(3, 1));
  EXPECT_EQ(k.run(3, kill(2, kSigusr1)), "0");
  EXPECT_EQ(k.others(), "2: -1 EINTR");
}

// A process lives on without its leader, and can be signalled by its number.
TEST(Kill, ReachesAProcessWhoseLeaderEnded) {
  TestKernel k = with_thread();
  k.run(1, fork(3));
  k.run(2, read(3, 1));
  k.run(1, exit());
  EXPECT_EQ(k.run(3, kill(1, Signal{0})), "0");
  EXPECT_EQ(k.run(3, kill(1, kSigusr1)), "0");
  EXPECT_EQ(k.others(), "2: -1 EINTR");
}

// tgkill() is for one thread, and asks for both numbers.
TEST(Tgkill, ReachesOneThread) {
  TestKernel k = with_thread();
  k.run(2, read(3, 1));
  EXPECT_EQ(k.run(1, tgkill(1, 1, kSigusr1)), "0");
  EXPECT_EQ(k.sleepers(), "2 read");
  EXPECT_EQ(k.run(1, tgkill(2, 2, kSigusr1)), "-1 ESRCH");
  EXPECT_EQ(k.run(1, tgkill(1, 2, kSigusr1)), "0");
  EXPECT_EQ(k.others(), "2: -1 EINTR");
}

// Nobody: ESRCH, before the signal's number is looked at; 0 is no task's number.
TEST(Kill, LooksForItsTargetFirst) {
  TestKernel k;
  EXPECT_EQ(k.run(1, kill(9, kSigusr1)), "-1 ESRCH");
  EXPECT_EQ(k.run(1, kill(9, Signal{1000})), "-1 ESRCH");
  EXPECT_EQ(k.run(1, kill(1, Signal{65})), "-1 EINVAL");
  EXPECT_EQ(k.run(1, kill(1, Signal{0})), "0");
  EXPECT_EQ(k.run(1, tgkill(9, 9, Signal{1000})), "-1 ESRCH");
  EXPECT_EQ(k.run(1, tgkill(1, 1, Signal{1000})), "-1 EINVAL");
  EXPECT_EQ(k.run(1, tgkill(1, 0, kSigusr1)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, tgkill(0, 1, kSigusr1)), "-1 EINVAL");
}

// Another user's process: EPERM, but for CAP_KILL; the number of the signal comes first.
TEST(Kill, NeedsPermission) {
  Environment environment = some_tasks(2);
  environment.tasks[1].uid = 1000;
  TestKernel k(environment);
  EXPECT_EQ(k.run(2, kill(1, kSigusr1)), "-1 EPERM");
  EXPECT_EQ(k.run(2, kill(1, Signal{0})), "-1 EPERM");
  EXPECT_EQ(k.run(2, kill(1, Signal{65})), "-1 EINVAL");
  EXPECT_EQ(k.run(2, tgkill(1, 1, kSigusr1)), "-1 EPERM");
  EXPECT_EQ(k.run(2, kill(2, Signal{0})), "0");
  environment.caps.add(Cap::kKill);
  TestKernel privileged(environment);
  EXPECT_EQ(privileged.run(2, kill(1, kSigusr1)), "0");
  EXPECT_FALSE(privileged.kernel.exists(TaskId{1}));
}

// An ended thread has no number any more; of an ended process that is not known.
TEST(Kill, OfWhatHasEnded) {
  TestKernel k = with_thread();
  k.run(1, fork(3));
  k.run(2, exit());
  EXPECT_EQ(k.run(1, kill(2, kSigusr1)), "-1 ESRCH");
  EXPECT_EQ(k.run(1, tgkill(1, 2, kSigusr1)), "-1 ESRCH");
  k.run(3, exit_group());
  EXPECT_TRUE(k.run(1, kill(3, kSigusr1)).starts_with("not modelled"));
  EXPECT_TRUE(k.run(1, tgkill(3, 3, kSigusr1)).starts_with("not modelled"));
}

// Process groups are not modelled.
TEST(Kill, IsNotModelledFurther) {
  TestKernel k;
  EXPECT_TRUE(k.run(1, kill(0, kSigusr1)).starts_with("not modelled"));
  EXPECT_NE(k.kernel.post_signal(TaskId{1}, Signal{0}), std::nullopt);
  EXPECT_NE(k.kernel.post_signal(TaskId{1}, Signal{65}), std::nullopt);
}

// A signal to a task that has gone is nothing.
TEST(Signal, ToADeadTaskIsNothing) {
  TestKernel k;
  k.run(1, fork(2));
  k.run(2, exit_group());
  EXPECT_EQ(k.signal(2, kSigkill), "");
  EXPECT_EQ(k.signal(9, kSigkill), "");
}

// What a handler stores in the buffer of a call that starts again is what it sends. [C15]
TEST(HandlerStore, IsReadByARestart) {
  TestKernel k;
  k.run(1, mq_open("q", kOCreat | kORdwr, 1, 8));
  k.run(1, mq_send(3, "x"));
  k.run(1, fork(2));
  k.run(2, RtSigactionCall{.signum = kSigusr1,
                           .handler = Disposition::kHandler,
                           .sa_flags = SaFlags{kSaRestart},
                           .stores = UserPtr<Payload>::of(Payload::of_bytes("AFTER!"))});
  EXPECT_EQ(k.run(2, mq_send(3, "BEFORE")), "asleep");
  k.signal(2, kSigusr1);
  EXPECT_EQ(k.run(1, mq_receive(3)), "1 \"x\" prio 0");
  EXPECT_EQ(k.run(1, mq_receive(3)), "6 \"AFTER!\" prio 0");
}

TEST(HandlerStore, IsKnownAndShort) {
  TestKernel k;
  const auto stores = [&](Payload bytes) {
    return k.run(1, RtSigactionCall{.signum = kSigusr1,
                                    .handler = Disposition::kHandler,
                                    .sa_flags = {},
                                    .stores = UserPtr<Payload>::of(std::move(bytes))});
  };
  EXPECT_EQ(stores(Payload::of_pattern(256, 1)), "0");
  EXPECT_EQ(stores(Payload::of_pattern(257, 1)), "not modelled: a handler that stores these bytes");
  EXPECT_EQ(stores(Payload::of_unknown(3)), "not modelled: a handler that stores these bytes");
}

}  // namespace
}  // namespace ipcsim
