// Signals, as far as they reach a task of the run.
#include "tests/host/support.hpp"

namespace ipcsim {
namespace {

class HostSignal : public EveryMode {};

TEST_P(HostSignal, AHandlerEndsASleepWithEintr) {
  run_->step(kT1, pipe_call());
  run_->step(kT1, thread_call(kT2));
  run_->step(kT1, RtSigactionCall{kSigusr1, Disposition::kHandler, SaFlags{0}});
  EXPECT_EQ(run_->step(kT2, read_call(0, 9)), "~t2");
  EXPECT_EQ(run_->signal(kT2, kSigusr1), "t2=-EINTR");
}

TEST_P(HostSignal, SaRestartStartsTheCallAgain) {
  run_->step(kT1, pipe_call());
  run_->step(kT1, thread_call(kT2));
  run_->step(kT1, RtSigactionCall{kSigusr1, Disposition::kHandler, SaFlags{kSaRestart}});
  run_->step(kT2, read_call(0, 9));
  EXPECT_EQ(run_->signal(kT2, kSigusr1), "~t2");
  EXPECT_EQ(sorted(run_->step(kT1, write_call(1, "x"))), "t1=1 t2='x'");
}

// poll() is never started again.
TEST_P(HostSignal, PollIsNotRestarted) {
  run_->step(kT1, pipe_call());
  run_->step(kT1, thread_call(kT2));
  run_->step(kT1, RtSigactionCall{kSigusr1, Disposition::kHandler, SaFlags{kSaRestart}});
  EXPECT_EQ(run_->step(kT2, PollCall{{{Fd{0}, PollEvents{1}}}, -1}), "~t2");
  EXPECT_EQ(run_->signal(kT2, kSigusr1), "t2=-EINTR");
}

TEST_P(HostSignal, ABlockedSignalWaits) {
  run_->step(kT1, pipe_call());
  run_->step(kT1, ForkCall{kT2});
  run_->step(kT2, RtSigactionCall{kSigusr1, Disposition::kHandler, SaFlags{0}});
  run_->step(kT2, RtSigprocmaskCall{MaskHow::kBlock, {kSigusr1}});
  run_->step(kT2, read_call(0, 9));
  EXPECT_EQ(run_->signal(kT2, kSigusr1), "~t2");
  EXPECT_EQ(sorted(run_->step(kT1, write_call(1, "x"))), "t1=1 t2='x'");
  EXPECT_EQ(run_->step(kT2, RtSigprocmaskCall{MaskHow::kUnblock, {kSigusr1}}), "t2=0");
}

TEST_P(HostSignal, AnIdleTaskDiesOfAFatalSignal) {
  run_->step(kT1, ForkCall{kT2});
  EXPECT_EQ(run_->signal(kT2, Signal{15}), "t2+SIGTERM");
  EXPECT_FALSE(run_->machine().exists(kT2));
  // A task that is gone gets nothing.
  EXPECT_EQ(run_->signal(kT2, Signal{15}), "");
}

// A dump of a task's memory would be the business of the machine, not of the run.
TEST_P(HostSignal, NoCoreIsDumped) {
  run_->step(kT1, ForkCall{kT2});
  EXPECT_EQ(run_->signal(kT2, Signal{11}), "t2+SIGSEGV");
}

TEST_P(HostSignal, KillReachesTasksOfTheRunOnly) {
  run_->step(kT1, ForkCall{kT2});
  EXPECT_EQ(run_->step(kT1, KillCall{kT2, Signal{0}}), "t1=0");
  EXPECT_EQ(run_->step(kT1, KillCall{TaskId{99}, kSigkill}), "t1=-ESRCH");
  EXPECT_EQ(run_->step(kT1, KillCall{TaskId{0}, kSigkill}), "t1=-ESRCH");
  EXPECT_EQ(run_->step(kT1, KillCall{TaskId{0xffffffff}, kSigkill}), "t1=-ESRCH");
  EXPECT_EQ(run_->step(kT1, TgkillCall{kT1, TaskId{99}, kSigkill}), "t1=-ESRCH");
  EXPECT_EQ(run_->step(kT1, KillCall{kT2, Signal{65}}), "t1=-EINVAL");
  EXPECT_EQ(run_->step(kT1, KillCall{kT2, kSigkill}), "t1=0 t2+SIGKILL");
  EXPECT_EQ(run_->step(kT1, KillCall{kT2, kSigkill}), "t1=-ESRCH");
}

TEST_P(HostSignal, TgkillReachesOneThread) {
  run_->step(kT1, pipe_call());
  run_->step(kT1, RtSigactionCall{kSigusr1, Disposition::kHandler, SaFlags{0}});
  for (const TaskId task : {kT2, kT3}) {
    run_->step(kT1, thread_call(task));
    run_->step(task, read_call(0, 9));
  }
  EXPECT_EQ(sorted(run_->step(kT1, TgkillCall{kT1, kT3, kSigusr1})), "t1=0 t3=-EINTR ~t2");
  EXPECT_EQ(run_->step(kT1, TgkillCall{kT3, kT2, kSigusr1}), "t1=-ESRCH ~t2");
}

// A process that is about to kill itself never sees kill() return.
TEST_P(HostSignal, KillingOneselfDoesNotReturn) {
  run_->step(kT1, ForkCall{kT2});
  EXPECT_EQ(run_->step(kT2, KillCall{kT2, kSigkill}), "t2+SIGKILL");
}

// A stopped task is settled; what it is given it does when it is continued.
TEST_P(HostSignal, StoppedTasksGoOn) {
  run_->step(kT1, ForkCall{kT2});
  for (const Signal signal : {kSigstop, kSigtstp, kSigttin, kSigttou}) {
    EXPECT_EQ(run_->step(kT1, KillCall{kT2, signal}), "t1=0");
    EXPECT_EQ(run_->step(kT2, DupCall{Fd{9}}), "~t2");
    EXPECT_EQ(sorted(run_->step(kT1, KillCall{kT2, kSigcont})), "t1=0 t2=-EBADF");
  }
}

// A task that stops itself does not see kill() return before it is continued.
TEST_P(HostSignal, AStoppedCallReturnsLater) {
  run_->step(kT1, ForkCall{kT2});
  EXPECT_EQ(run_->step(kT2, KillCall{kT2, kSigstop}), "~t2");
  EXPECT_EQ(run_->signal(kT2, kSigcont), "t2=0");
}

INSTANTIATE_TEST_SUITE_P(Modes, HostSignal, testing::ValuesIn(every_mode()), mode_name);

}  // namespace
}  // namespace ipcsim
