// Tasks that make tasks, become programs, and end.
#include "tests/host/support.hpp"

namespace ipcsim {
namespace {

class HostProcess : public EveryMode {};

// A forked process has the same open files under the same numbers, and a table of its own.
TEST_P(HostProcess, ForkCopiesDescriptors) {
  EXPECT_EQ(run_->step(kT1, pipe_call()), "t1=[0,1]");
  EXPECT_EQ(run_->step(kT1, ForkCall{kT2}), "t1=2");
  EXPECT_EQ(run_->step(kT2, write_call(1, "hi")), "t2=2");
  EXPECT_EQ(run_->step(kT1, read_call(0, 9)), "t1='hi'");
  EXPECT_EQ(run_->step(kT2, CloseCall{Fd{1}}), "t2=0");
  EXPECT_EQ(run_->step(kT1, write_call(1, "still")), "t1=5");
  EXPECT_EQ(run_->step(kT2, write_call(1, "x")), "t2=-EBADF");
}

TEST_P(HostProcess, CloneFilesSharesDescriptors) {
  run_->step(kT1, CloneCall{CloneFlags{kCloneFiles}, kT2});
  EXPECT_EQ(run_->step(kT2, pipe_call()), "t2=[0,1]");
  EXPECT_EQ(run_->step(kT1, DupCall{Fd{1}}), "t1=2");
  EXPECT_EQ(run_->step(kT2, CloseCall{Fd{2}}), "t2=0");
  EXPECT_EQ(run_->step(kT1, CloseCall{Fd{2}}), "t1=-EBADF");
}

// A thread without CLONE_FILES has a table of its own, although it shares the memory.
TEST_P(HostProcess, AThreadMayHaveItsOwnDescriptors) {
  run_->step(kT1, CloneCall{CloneFlags{kThreadFlags & ~kCloneFiles}, kT2});
  EXPECT_EQ(run_->step(kT2, pipe_call()), "t2=[0,1]");
  EXPECT_EQ(run_->step(kT1, DupCall{Fd{1}}), "t1=-EBADF");
}

// CLONE_THREAD without CLONE_SIGHAND is the kernel's to refuse; no task comes of it.
TEST_P(HostProcess, BadCloneFlagsMakeNoTask) {
  EXPECT_EQ(run_->step(kT1, CloneCall{CloneFlags{kCloneThread | kCloneVm}, kT2}), "t1=-EINVAL");
  EXPECT_FALSE(run_->machine().exists(kT2));
  EXPECT_EQ(run_->step(kT1, ForkCall{kT2}), "t1=2");
  EXPECT_TRUE(run_->machine().idle(kT2));
}

// The parent sleeps in vfork() until the child has called execve().
TEST_P(HostProcess, VforkWaitsForExec) {
  run_->step(kT1, pipe_call());
  EXPECT_EQ(run_->step(kT1, VforkCall{kT2}), "~t1");
  EXPECT_EQ(run_->step(kT2, write_call(1, "from the child")), "t2=14 ~t1");
  EXPECT_EQ(sorted(run_->step(kT2, ExecveCall{"/bin/true"})), "t1=2 t2=0");
  EXPECT_EQ(run_->step(kT1, read_call(0, 99)), "t1='from the child'");
  EXPECT_EQ(run_->step(kT2, write_call(1, "more")), "t2=4");
}

TEST_P(HostProcess, VforkWaitsForExit) {
  run_->step(kT1, VforkCall{kT2});
  EXPECT_EQ(run_->step(kT2, ExitGroupCall{7}), "t1=2");
  EXPECT_FALSE(run_->machine().exists(kT2));
}

// A signal with a handler does not end vfork(); it is handled when vfork() returns.
TEST_P(HostProcess, VforkSleepsThroughSignals) {
  run_->step(kT1, RtSigactionCall{kSigusr1, Disposition::kHandler, SaFlags{0}});
  run_->step(kT1, VforkCall{kT2});
  EXPECT_EQ(run_->signal(kT1, kSigusr1), "~t1");
  EXPECT_EQ(run_->step(kT2, ExitGroupCall{0}), "t1=2");
}

// execve() closes what is marked so and keeps the rest; the agent itself leaves no trace in the
// table.
TEST_P(HostProcess, ExecClosesMarkedDescriptors) {
  run_->step(kT1, pipe_call());
  run_->step(kT1, pipe_call(kOCloexec));
  run_->step(kT1, Dup3Call{Fd{1}, Fd{7}, OpenFlags{kOCloexec}});
  run_->step(kT1, Dup2Call{Fd{1}, Fd{9}});
  EXPECT_EQ(run_->step(kT1, ExecveCall{"/bin/true"}), "t1=0");
  for (const i32 closed : {2, 3, 7}) {
    EXPECT_EQ(run_->step(kT1, DupCall{Fd{closed}}), "t1=-EBADF") << closed;
  }
  EXPECT_EQ(run_->step(kT1, write_call(9, "x")), "t1=1");
  EXPECT_EQ(run_->step(kT1, read_call(0, 9)), "t1='x'");
  EXPECT_EQ(run_->step(kT1, pipe_call()), "t1=[2,3]");
}

// execve() works with a full table, and leaves the limit as it was.
TEST_P(HostProcess, ExecWorksWithAFullTable) {
  run_->step(kT1, SetrlimitCall{Resource{kRlimitNofile}, 4});
  run_->step(kT1, pipe_call());
  run_->step(kT1, pipe_call());
  EXPECT_EQ(run_->step(kT1, DupCall{Fd{0}}), "t1=-EMFILE");
  EXPECT_EQ(run_->step(kT1, ExecveCall{"/bin/true"}), "t1=0");
  EXPECT_EQ(run_->step(kT1, DupCall{Fd{0}}), "t1=-EMFILE");
  EXPECT_EQ(run_->step(kT1, write_call(3, "x")), "t1=1");
}

// execve() ends the other threads before it returns; those in a call are reported.
TEST_P(HostProcess, ExecEndsOtherThreads) {
  run_->step(kT1, pipe_call());
  run_->step(kT1, thread_call(kT2));
  run_->step(kT1, thread_call(kT3));
  run_->step(kT3, read_call(0, 9));
  EXPECT_EQ(run_->step(kT1, ExecveCall{"/bin/true"}), "t3+gone t1=0");
  EXPECT_FALSE(run_->machine().exists(kT2));
  EXPECT_EQ(run_->step(kT1, write_call(1, "x")), "t1=1");
}

// The same when it is not the leader that calls execve(): it takes the leader's place.
TEST_P(HostProcess, AnyThreadMayExec) {
  run_->step(kT1, pipe_call());
  run_->step(kT1, ForkCall{kT2});
  run_->step(kT2, thread_call(kT3));
  run_->step(kT2, read_call(0, 9));
  EXPECT_EQ(run_->step(kT3, ExecveCall{"/bin/true"}), "t2+gone t3=0");
  EXPECT_EQ(run_->step(kT3, write_call(1, "x")), "t3=1");
  EXPECT_EQ(run_->step(kT1, KillCall{kT3, kSigkill}), "t1=0 t3+SIGKILL");
  EXPECT_FALSE(run_->machine().exists(kT3));
}

TEST_P(HostProcess, ExitEndsOneThread) {
  run_->step(kT1, pipe_call());
  run_->step(kT1, ForkCall{kT2});
  run_->step(kT2, thread_call(kT3));
  EXPECT_EQ(run_->step(kT3, ExitCall{0}), "");
  EXPECT_FALSE(run_->machine().exists(kT3));
  EXPECT_EQ(run_->step(kT2, write_call(1, "x")), "t2=1");
  // The leader may go first; the process lives on in its other threads.
  run_->step(kT2, thread_call(kT4));
  EXPECT_EQ(run_->step(kT2, ExitCall{0}), "");
  EXPECT_EQ(run_->step(kT4, write_call(1, "y")), "t4=1");
  EXPECT_EQ(run_->step(kT4, ExitCall{0}), "");
  EXPECT_EQ(run_->step(kT1, read_call(0, 9)), "t1='xy'");
}

TEST_P(HostProcess, ExitGroupEndsAllThreads) {
  run_->step(kT1, pipe_call());
  run_->step(kT1, ForkCall{kT2});
  for (const TaskId task : {kT3, kT4, kT5}) {
    run_->step(kT2, thread_call(task));
  }
  run_->step(kT4, read_call(0, 9));
  run_->step(kT3, read_call(0, 9));
  EXPECT_EQ(run_->step(kT5, ExitGroupCall{1}), "t3+gone t4+gone");
  EXPECT_FALSE(run_->machine().exists(kT2));
  EXPECT_TRUE(run_->machine().idle(kT1));
}

// A write to a pipe without readers kills its process, all of it.
TEST_P(HostProcess, SigpipeKillsAProcess) {
  run_->step(kT1, pipe_call());
  run_->step(kT1, ForkCall{kT2});
  run_->step(kT2, thread_call(kT3));
  run_->step(kT1, CloseCall{Fd{0}});
  run_->step(kT2, CloseCall{Fd{0}});
  EXPECT_EQ(run_->step(kT2, write_call(1, "x")), "t2+SIGPIPE t3+SIGPIPE");
  EXPECT_TRUE(run_->machine().idle(kT1));
  run_->step(kT1, RtSigactionCall{kSigpipe, Disposition::kIgnore, SaFlags{0}});
  EXPECT_EQ(run_->step(kT1, write_call(1, "x")), "t1=-EPIPE");
}

// Slots are used again: there is no limit on how many tasks a run makes in its life.
TEST_P(HostProcess, ManyTasksOneAfterTheOther) {
  const u32 count = run_->realtime() ? 2 * host::kMostSlots : 50;
  run_->step(kT1, pipe_call());
  for (u32 i = 0; i < count; ++i) {
    const TaskId child{100 + i};
    const std::string number = std::to_string(child.v);
    ASSERT_EQ(run_->step(kT1, i % 2 == 0 ? Call(ForkCall{child}) : thread_call(child)),
              "t1=" + number);
    ASSERT_EQ(run_->step(child, write_call(1, "x")), "t" + number + "=1");
    ASSERT_EQ(run_->step(child, ExitCall{0}), "");
    ASSERT_EQ(run_->step(kT1, read_call(0, 9)), "t1='x'");
  }
}

TEST_P(HostProcess, TooManyTasksAreRefused) {
  u32 made = 0;
  for (; made < host::kMostSlots; ++made) {
    if (auto posted = run_->machine().post(kT1, ForkCall{TaskId{100 + made}}); !posted) {
      EXPECT_TRUE(posted.error().unsupported);
      EXPECT_THAT(posted.error().message, testing::HasSubstr("more than 1024 tasks"));
      break;
    }
    const std::string outcome = run_->settle();
    if (outcome == "t1=-EAGAIN") {
      GTEST_SKIP() << "this machine allows only " << made << " more processes";
    }
    ASSERT_EQ(outcome, "t1=" + std::to_string(100 + made));
    if (GetParam().ordering == HostOrdering::kPolling && made == 20) {
      GTEST_SKIP() << "looking at a thousand tasks in each step takes too long";
    }
  }
  EXPECT_EQ(made, host::kMostSlots - 1);
}

INSTANTIATE_TEST_SUITE_P(Modes, HostProcess, testing::ValuesIn(every_mode()), mode_name);

}  // namespace
}  // namespace ipcsim
