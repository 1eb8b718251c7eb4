// Stopping and continuing tasks, and signals with what comes with them.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

/// A pipe, 3 and 4, of task 1 and its child 2.
TestKernel with_child() {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, fork(2));
  return k;
}

TEST(Stop, TakesASleeperOutOfItsQueue) {
  TestKernel k = with_child();
  k.run(2, read(3, 1));
  EXPECT_EQ(k.waiters(), "rd_wait: 2, wr_wait:");
  k.signal(2, kSigstop);
  EXPECT_EQ(k.waiters(), "rd_wait:, wr_wait:");
  EXPECT_EQ(k.sleepers(), "2 read");
  k.signal(2, kSigcont);
  EXPECT_EQ(k.waiters(), "rd_wait: 2, wr_wait:");
}

// A stopped kernel is a value like any other.
TEST(Stop, IsPartOfTheState) {
  TestKernel k = with_child();
  const TestKernel before = k;
  k.signal(2, kSigstop);
  EXPECT_NE(k.kernel, before.kernel);
  EXPECT_NE(k.kernel.hash(), before.kernel.hash());
  TestKernel copy = k;
  copy.signal(2, kSigcont);
  EXPECT_EQ(copy.kernel, before.kernel);
  EXPECT_EQ(k.kernel.state().task(TaskId{2}).state, TaskState::kStopped);
}

TEST(Stop, EndsWithSigkillAlone) {
  TestKernel k = with_child();
  k.run(2, read(3, 1));
  k.signal(2, kSigstop);
  EXPECT_EQ(k.signal(2, Signal{15}), "");
  EXPECT_EQ(k.signal(2, kSigkill), "2: killed by SIGKILL");
}

// SIGCONT takes a stop signal back that nobody has taken yet.
TEST(Stop, IsTakenBack) {
  TestKernel k = with_child();
  k.run(2, sigprocmask(MaskHow::kBlock, {kSigtstp}));
  k.signal(2, kSigtstp);
  EXPECT_TRUE(k.kernel.state().task(TaskId{2}).rare().pending.has(kSigtstp));
  k.signal(2, kSigcont);
  EXPECT_FALSE(k.kernel.state().task(TaskId{2}).rare().pending.has(kSigtstp));
}

TEST(PendingSignals, QueueRealtimeSignalsAndNoOthers) {
  PendingSignals pending;
  for (const u32 number : {40U, 12U, 40U, 12U}) {
    pending.add(SignalInfo::of(Signal{number}, kSiUser, TaskId{number}));
  }
  EXPECT_EQ(pending.queue.size(), 3U);
  EXPECT_EQ(pending.take({})->signal, Signal{12});
  EXPECT_EQ(pending.take({})->signal, Signal{40});
  EXPECT_TRUE(pending.has(Signal{40}));
  pending.remove(Signal{40});
  EXPECT_EQ(pending.take({}), std::nullopt);
}

// A fault comes before signals with a lower number.
TEST(PendingSignals, GiveFaultsFirst) {
  PendingSignals pending;
  pending.add(SignalInfo::of(Signal{1}, kSiUser));
  pending.add(SignalInfo::of(Signal{11}, kSiUser));
  EXPECT_EQ(pending.take({})->signal, Signal{11});
}

}  // namespace
}  // namespace ipcsim
