// A queue as a value: what it costs, compares and hashes, and that its checker can say no.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "model/mqueue/mq_ops.hpp"
#include "tests/model_mqueue/allocations.hpp"
#include "tests/model_mqueue/state_text.hpp"

namespace ipcsim {
namespace {

constexpr MqCaller kNonblock{.task = WaiterId{99}, .prio = 120, .nonblock = true};

void fill(MqueueInode& queue, u32 messages) {
  for (u32 i = 0; i < messages; ++i) {
    (void)mq_send(queue, message(i * 7 % 64, 3), kNonblock);
  }
}

void drain(MqueueInode& queue) {
  while (!queue.msg_tree.empty()) {
    (void)mq_receive(queue, kNonblock);
  }
}

// A queue that nobody uses is its own few bytes (at most 1 KiB: a static_assert beside the
// structure).
TEST(MqueueInode, NewQueueAllocatesNothing) {
  const std::size_t before = allocations();
  const MqueueInode queue = new_queue(65536, 8);
  EXPECT_EQ(allocations(), before);
  EXPECT_EQ(queue.mq_curmsgs(), 0);
}

// Once a queue was as full as it gets, sending and receiving allocate no more.
TEST(MqueueInode, WarmQueueAllocatesNothing) {
  MqueueInode queue = new_queue(100, 8);
  fill(queue, 100);
  drain(queue);
  const std::size_t before = allocations();
  for (int i = 0; i < 10; ++i) {
    fill(queue, 100);
    drain(queue);
  }
  EXPECT_EQ(allocations(), before);
}

TEST(MqueueInode, CopyComparesAndHashesEqual) {
  MqueueInode queue = new_queue(20, 8);
  fill(queue, 20);
  (void)mq_send(queue, message(3, 8), {.task = WaiterId{1}});
  EXPECT_EQ(mq_register(queue, {.owner = WaiterId{4}}), Errno::kOk);
  MqueueInode copy = queue;
  EXPECT_EQ(copy, queue);
  EXPECT_EQ(hash_of(copy), hash_of(queue));
  (void)mq_receive(copy, kNonblock);
  EXPECT_FALSE(copy == queue);
  EXPECT_NE(hash_of(copy), hash_of(queue));
}

// Every field that `==` compares reaches the hash.
TEST(MqueueInode, HashSeesEveryField) {
  const MqNotify base{.kind = MqNotifyKind::kSignal, .owner = WaiterId{1}};
  MqueueInode plain = new_queue(2, 8);
  plain.notify = base;
  std::vector<MqueueInode> others(10, plain);
  others[0].attr.mq_maxmsg = 3;
  others[1].attr.mq_msgsize = 9;
  others[2].node_cache = true;
  others[3].notify.reset();
  others[4].notify->kind = MqNotifyKind::kThread;
  others[5].notify->signo = 5;
  others[6].notify->value = 5;
  others[7].notify->owner = WaiterId{5};
  others[8].notify->self_exec_id = 5;
  others[9].waiters(MqSide::kRecv).add({.task = WaiterId{5}, .prio = 120, .message = {}});
  for (const MqueueInode& other : others) {
    EXPECT_FALSE(other == plain);
    EXPECT_NE(hash_of(other), hash_of(plain));
  }
}

class BrokenQueue : public testing::Test {
 public:
  BrokenQueue() { fill(queue_, 2); }

  std::string broken() const { return broken_invariant(queue_).value_or("nothing is broken"); }
  void add_waiter(MqSide side, MqMessage message) {
    queue_.waiters(side).add({.task = WaiterId{1}, .prio = 120, .message = std::move(message)});
  }

  MqueueInode queue_ = new_queue(2, 8);
};

TEST_F(BrokenQueue, WholeQueueIsAccepted) { EXPECT_EQ(broken(), "nothing is broken"); }

TEST_F(BrokenQueue, AttributesNotPositive) {
  queue_.attr.mq_maxmsg = 0;
  EXPECT_EQ(broken(), "mq_maxmsg 0 and mq_msgsize 8 are positive");
}

TEST_F(BrokenQueue, TooManyMessages) {
  queue_.attr.mq_maxmsg = 1;
  EXPECT_EQ(broken(), "mq_curmsgs 2 is at most mq_maxmsg 1");
}

TEST_F(BrokenQueue, TooLongMessage) {
  queue_.attr.mq_msgsize = 2;
  EXPECT_EQ(broken(), "a message of 3 bytes is at most mq_msgsize 2");
}

TEST_F(BrokenQueue, WrongQsize) {
  ++queue_.qsize;
  EXPECT_EQ(broken(), "qsize 7 is the sum of the messages' lengths 6");
}

TEST_F(BrokenQueue, ReceiverAsleepBesideMessages) {
  add_waiter(MqSide::kRecv, {});
  EXPECT_EQ(broken(), "receivers sleep only while the queue is empty");
}

TEST_F(BrokenQueue, SenderAsleepBesideRoom) {
  add_waiter(MqSide::kSend, message(0, 1));
  queue_.attr.mq_maxmsg = 3;
  EXPECT_EQ(broken(), "senders sleep only while the queue is full");
}

TEST_F(BrokenQueue, SenderWithAnImpossibleMessage) {
  add_waiter(MqSide::kSend, message(kMqPrioMax, 1));
  EXPECT_EQ(broken(), "the message of waiter 1 has passed the checks");
}

TEST_F(BrokenQueue, WaiterTwiceInAList) {
  add_waiter(MqSide::kSend, message(0, 1));
  add_waiter(MqSide::kSend, message(0, 1));
  EXPECT_EQ(broken(), "waiter 1 sleeps once");
}

}  // namespace
}  // namespace ipcsim
