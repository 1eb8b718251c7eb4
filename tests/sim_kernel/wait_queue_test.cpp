// Lists of waiting tasks. Linux kernel/sched/wait.c.
#include "sim/kernel/wait_queue.hpp"

#include <string>

#include <gtest/gtest.h>

namespace ipcsim {
namespace {

std::string tasks(const WaitQueues& queues, WaitQueueId queue) {
  std::string text;
  queues.each(queue, [&](const WaitEntry& entry) { text += std::to_string(entry.task.v); });
  return text;
}

WaitEntryId add(WaitQueues& queues, WaitQueueId queue, u32 task, bool exclusive) {
  return queues.add(queue, {.task = TaskId{task}, .exclusive = exclusive});
}

// read() and write() are served in the order in which they came.
TEST(WaitQueues, PutExclusiveWaitersAtTheTail) {
  WaitQueues queues;
  const WaitQueueId queue = queues.create();
  add(queues, queue, 1, true);
  add(queues, queue, 2, true);
  add(queues, queue, 3, true);
  EXPECT_EQ(tasks(queues, queue), "123");
}

// poll() and open() stand before them, the newest first.
TEST(WaitQueues, PutOthersAtTheHead) {
  WaitQueues queues;
  const WaitQueueId queue = queues.create();
  add(queues, queue, 1, true);
  add(queues, queue, 2, false);
  add(queues, queue, 3, true);
  add(queues, queue, 4, false);
  EXPECT_EQ(tasks(queues, queue), "4213");
}

// A waiter leaves from anywhere.
TEST(WaitQueues, RemoveFromAnywhere) {
  WaitQueues queues;
  const WaitQueueId queue = queues.create();
  const WaitEntryId first = add(queues, queue, 1, true);
  const WaitEntryId middle = add(queues, queue, 2, true);
  const WaitEntryId last = add(queues, queue, 3, true);
  queues.remove(middle);
  EXPECT_EQ(tasks(queues, queue), "13");
  queues.remove(last);
  EXPECT_EQ(tasks(queues, queue), "1");
  queues.remove(first);
  EXPECT_TRUE(queues.empty(queue));
  add(queues, queue, 4, true);
  EXPECT_EQ(tasks(queues, queue), "4");
}

// One task may wait on several queues.
TEST(WaitQueues, AreApart) {
  WaitQueues queues;
  const WaitQueueId a = queues.create();
  const WaitQueueId b = queues.create();
  add(queues, a, 1, false);
  add(queues, b, 1, false);
  const WaitEntryId gone = add(queues, b, 2, false);
  queues.remove(gone);
  EXPECT_EQ(tasks(queues, a), "1");
  EXPECT_EQ(tasks(queues, b), "1");
}

// State is a value.
TEST(WaitQueues, CopyAndCompare) {
  WaitQueues queues;
  const WaitQueueId queue = queues.create();
  add(queues, queue, 1, true);
  WaitQueues copy = queues;
  EXPECT_EQ(copy, queues);
  add(copy, queue, 2, true);
  EXPECT_NE(copy, queues);
  EXPECT_EQ(tasks(queues, queue), "1");
  Hasher a;
  queues.hash_into(a);
  Hasher b;
  copy.hash_into(b);
  EXPECT_NE(a.value(), b.value());
}

// A queue that goes with somebody in it would never wake him.
TEST(WaitQueuesDeathTest, StopWhenAQueueWithWaitersIsDestroyed) {
  WaitQueues queues;
  const WaitQueueId queue = queues.create();
  add(queues, queue, 1, true);
  EXPECT_DEATH(queues.destroy(queue), "check failed: empty");
}

}  // namespace
}  // namespace ipcsim
