// The fair scheduler's rules, one by one, with small numbers for times.
#include "sim/workload/fair_queue.hpp"

#include <gtest/gtest.h>

namespace ipcsim::workload {
namespace {

constexpr i64 kLong = 1'000'000;

/// Task 0 has run for 100 and sleeps, still queued because it has had more than task 1, which runs.
FairQueue one_ahead() {
  FairQueue queue(kLong, kLong);
  queue.add(0, 0);
  queue.add(1, 0);
  EXPECT_EQ(queue.running(), 0U);
  queue.sleep(100);
  EXPECT_EQ(queue.running(), 1U);
  return queue;
}

/// Then task 1 has run for 50 and sleeps, owed 50 more than task 0, which runs and wakes it at 160.
FairQueue one_behind() {
  FairQueue queue = one_ahead();
  queue.wake(0, 130);
  queue.sleep(150);
  EXPECT_EQ(queue.running(), 0U);
  queue.wake(1, 160);
  return queue;
}

TEST(FairQueue, AWokenTaskThatIsAheadWaits) {
  FairQueue queue = one_ahead();
  queue.wake(0, 130);
  EXPECT_EQ(queue.go_on(140), 1U);
}

TEST(FairQueue, AWokenTaskThatIsOwedTimeRunsWhenTheWakerReturns) {
  FairQueue queue = one_behind();
  EXPECT_EQ(queue.running(), 0U) << "not inside the kernel";
  EXPECT_EQ(queue.go_on(170), 1U);
}

// A task that sleeps while it is ahead stays queued. The others catch up with it meanwhile.
TEST(FairQueue, AWokenTaskThatWasAheadRunsOnceTheWakerHasHadMore) {
  FairQueue queue = one_ahead();
  queue.wake(0, 201);
  EXPECT_EQ(queue.go_on(210), 0U);
}

// schedule() goes on with the clock of the wake-up: from 160 on it is task 1's time. At 220 task 1
// has had 120 in all and task 0 110; with a clock read at 170 it would be 110 and 120.
TEST(FairQueue, TheWayOutOfAWakeUpThatPreemptsIsTheWokenTasksTime) {
  FairQueue queue = one_behind();
  ASSERT_EQ(queue.go_on(170), 1U);
  queue.sleep(220);
  ASSERT_EQ(queue.running(), 0U);
  queue.wake(1, 222);
  EXPECT_EQ(queue.go_on(223), 0U);
}

TEST(FairQueue, ATaskThatWasAheadIsOwedNothingLater) {
  FairQueue queue = one_ahead();
  queue.sleep(250);
  EXPECT_EQ(queue.running(), kNobody) << "both are asleep";
  queue.wake(0, 300);
  EXPECT_EQ(queue.running(), 0U);
  queue.wake(1, 310);
  EXPECT_EQ(queue.go_on(320), 0U);
}

TEST(FairQueue, ATaskRunsForASliceWhileAnotherWaits) {
  FairQueue queue(1000, 400);
  queue.add(0, 0);
  queue.add(1, 0);
  EXPECT_EQ(queue.go_on(900), 0U);
  EXPECT_EQ(queue.go_on(1100), 0U) << "no tick since 900";
  EXPECT_EQ(queue.go_on(1300), 1U);
}

TEST(FairQueue, WhoIsOverLeavesTheProcessorToTheOthers) {
  FairQueue queue = one_ahead();
  queue.leave(120);
  EXPECT_EQ(queue.running(), kNobody) << "the other one is asleep";
  queue.wake(0, 130);
  EXPECT_EQ(queue.running(), 0U);
  queue.leave(140);
  EXPECT_EQ(queue.running(), kNobody);
}

}  // namespace
}  // namespace ipcsim::workload
