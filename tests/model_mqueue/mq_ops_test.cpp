// What a call does to a queue under the lock: vectors of real queues, Linux 6.18.44.
#include "model/mqueue/mq_ops.hpp"

#include <gtest/gtest.h>

#include "tests/model_mqueue/state_text.hpp"

namespace ipcsim {
namespace {

constexpr MqCaller task(u32 id, i32 prio = 120) { return {.task = WaiterId{id}, .prio = prio}; }
constexpr MqCaller kNonblock{.task = WaiterId{99}, .prio = 120, .nonblock = true};

/// Sends; the call must be over at once, and well.
MqSendOutcome sent(MqueueInode& queue, u32 prio, u64 len) {
  MqSendOutcome outcome = mq_send(queue, message(prio, len), kNonblock);
  EXPECT_EQ(outcome.end, MqEnd::kDone);
  EXPECT_EQ(broken_invariant(queue), std::nullopt);
  return outcome;
}

/// Receives, likewise.
MqReceiveOutcome received(MqueueInode& queue) {
  MqReceiveOutcome outcome = mq_receive(queue, kNonblock);
  EXPECT_EQ(outcome.end, MqEnd::kDone);
  EXPECT_EQ(broken_invariant(queue), std::nullopt);
  return outcome;
}

void sleep_in_send(MqueueInode& queue, const MqCaller& caller, u32 prio, u64 len) {
  EXPECT_EQ(mq_send(queue, message(prio, len), caller).end, MqEnd::kAsleep);
  EXPECT_EQ(broken_invariant(queue), std::nullopt);
}

void sleep_in_receive(MqueueInode& queue, const MqCaller& caller) {
  EXPECT_EQ(mq_receive(queue, caller).end, MqEnd::kAsleep);
  EXPECT_EQ(broken_invariant(queue), std::nullopt);
}

TEST(MqChecks, PriorityIsBelow32768) {
  EXPECT_EQ(mq_check_prio(32767), Errno::kOk);
  EXPECT_EQ(mq_check_prio(32768), Errno::kEINVAL);
  EXPECT_EQ(mq_check_prio(4294967295U), Errno::kEINVAL);
}

// A message may be shorter than mq_msgsize, a buffer may be longer (B05, C02).
TEST(MqChecks, LengthsAreComparedWithMsgsize) {
  const MqueueInode queue = new_queue(1, 8);
  EXPECT_EQ(mq_check_send(queue, Bytes{8}), Errno::kOk);
  EXPECT_EQ(mq_check_send(queue, Bytes{9}), Errno::kEMSGSIZE);
  EXPECT_EQ(mq_check_send(queue, Bytes{~u64{0}}), Errno::kEMSGSIZE);
  EXPECT_EQ(mq_check_receive(queue, Bytes{8}), Errno::kOk);
  EXPECT_EQ(mq_check_receive(queue, Bytes{7}), Errno::kEMSGSIZE);
  EXPECT_EQ(mq_check_receive(queue, Bytes{~u64{0}}), Errno::kOk);
}

TEST(MqSend, FullQueueRefusesNonblock) {
  MqueueInode queue = new_queue(1, 8);
  sent(queue, 0, 8);
  const MqSendOutcome outcome = mq_send(queue, message(0, 8), kNonblock);
  EXPECT_EQ(outcome.end, MqEnd::kFailed);
  EXPECT_EQ(outcome.error, Errno::kEAGAIN);
  EXPECT_EQ(full_state_text(queue),
            "max=1 msgsize=8 cur=1 qsize=8 rightmost=0 cache=1 tree=(0B:8 . .) SEND=[] RECV=[]");
}

TEST(MqReceive, EmptyQueueRefusesNonblock) {
  MqueueInode queue = new_queue(1, 8);
  const MqReceiveOutcome outcome = mq_receive(queue, kNonblock);
  EXPECT_EQ(outcome.end, MqEnd::kFailed);
  EXPECT_EQ(outcome.error, Errno::kEAGAIN);
}

// The message goes past the tree: nothing in the queue changes, and no poller is woken (B11).
TEST(MqSend, HandsOverToASleepingReceiver) {
  MqueueInode queue = new_queue(2, 8192);
  sleep_in_receive(queue, task(1));
  const MqueueInode before = queue;
  EXPECT_EQ(full_state_text(queue),
            "max=2 msgsize=8192 cur=0 qsize=0 rightmost=-1 cache=1 tree=. SEND=[] RECV=[w1/120]");
  const MqSendOutcome outcome = sent(queue, 9, 6);
  EXPECT_EQ(outcome.receiver, WaiterId{1});
  EXPECT_EQ(outcome.handed_over, message(9, 6));
  EXPECT_FALSE(outcome.wake_pollers);
  EXPECT_EQ(state_text(queue), state_text(before));
  EXPECT_TRUE(queue.waiters(MqSide::kRecv).empty());
}

// One message completes one receiver; the next message finds the next (B12).
TEST(MqSend, ServesOneReceiverEach) {
  MqueueInode queue = new_queue(2, 8192);
  sleep_in_receive(queue, task(1));
  sleep_in_receive(queue, task(2));
  EXPECT_EQ(sent(queue, 1, 2).receiver, WaiterId{1});
  EXPECT_EQ(sent(queue, 2, 2).receiver, WaiterId{2});
  EXPECT_EQ(sent(queue, 2, 2).receiver, std::nullopt);
}

// A sleeping sender's message is no part of the queue (B15).
TEST(MqSend, SleepingSenderKeepsItsMessage) {
  MqueueInode queue = new_queue(1, 8192);
  sent(queue, 0, 1);
  sleep_in_send(queue, task(1), 5, 1);
  EXPECT_EQ(full_state_text(queue),
            "max=1 msgsize=8192 cur=1 qsize=1 rightmost=0 cache=1 tree=(0B:1 . .) "
            "SEND=[w1/120<p5,1>] RECV=[]");
}

// What is returned is chosen before the sleeper's message comes in, however urgent that is (C04).
TEST(MqReceive, AdmitsOneSleepingSender) {
  MqueueInode queue = new_queue(2, 8192);
  sent(queue, 1, 2);
  sent(queue, 1, 3);
  sleep_in_send(queue, task(1), 9, 4);
  const MqReceiveOutcome outcome = received(queue);
  EXPECT_EQ(outcome.message, message(1, 2));
  EXPECT_EQ(outcome.sender, WaiterId{1});
  EXPECT_FALSE(outcome.wake_pollers);
  EXPECT_EQ(full_state_text(queue),
            "max=2 msgsize=8192 cur=2 qsize=7 rightmost=9 cache=0 tree=(1B:3 . (9R:4 . .)) "
            "SEND=[] RECV=[]");
}

// Which sender is admitted is a matter of the task's urgency, not of the message's (C05, C06).
TEST(MqReceive, AdmitsByTaskNotByMessage) {
  MqueueInode queue = new_queue(1, 8192);
  sent(queue, 0, 2);
  sleep_in_send(queue, task(1), 30000, 2);
  sleep_in_send(queue, task(2, 115), 3, 2);
  EXPECT_EQ(received(queue).sender, WaiterId{2});
  EXPECT_EQ(received(queue).sender, WaiterId{1});
}

// A signal or a timeout takes the waiter out with its message (C11).
TEST(WqRemove, SenderLeavesWithItsMessage) {
  MqueueInode queue = new_queue(1, 8192);
  sent(queue, 1, 4);
  sleep_in_send(queue, task(1), 9, 4);
  EXPECT_FALSE(wq_remove(queue, MqSide::kRecv, WaiterId{1}));
  EXPECT_TRUE(wq_remove(queue, MqSide::kSend, WaiterId{1}));
  EXPECT_EQ(full_state_text(queue),
            "max=1 msgsize=8192 cur=1 qsize=4 rightmost=1 cache=1 tree=(1B:4 . .) SEND=[] RECV=[]");
  EXPECT_EQ(received(queue).sender, std::nullopt);
}

// A peer that came first stands: the waiter is no longer there to be taken out.
TEST(WqRemove, CompletedWaiterIsGone) {
  MqueueInode queue = new_queue(1, 8192);
  sleep_in_receive(queue, task(1));
  sent(queue, 0, 1);
  EXPECT_FALSE(wq_remove(queue, MqSide::kRecv, WaiterId{1}));
}

// wq_set_prio() finds the task in either list, and newcomers see the new value (C08).
TEST(WqSetPrio, ReachesBothLists) {
  MqueueInode queue = new_queue(1, 8192);
  sleep_in_receive(queue, task(1));
  wq_set_prio(queue, WaiterId{1}, 110);
  sleep_in_receive(queue, task(2, 115));
  EXPECT_EQ(list_text(queue, MqSide::kRecv), "w2/115,w1/110");
  for (int i = 0; i < 3; ++i) {
    sent(queue, 0, 1);
  }
  sleep_in_send(queue, task(3), 0, 1);
  wq_set_prio(queue, WaiterId{3}, 139);
  wq_set_prio(queue, WaiterId{4}, 1);
  EXPECT_EQ(list_text(queue, MqSide::kSend), "w3/139<p0,1>");
}

// Independent of access mode and of sleepers, never an error bit (E01).
TEST(MqPollMask, FollowsTheNumberOfMessages) {
  MqueueInode queue = new_queue(2, 8);
  EXPECT_EQ(mq_poll_mask(queue), 0x104U);
  sent(queue, 0, 1);
  EXPECT_EQ(mq_poll_mask(queue), 0x145U);
  sent(queue, 0, 1);
  EXPECT_EQ(mq_poll_mask(queue), 0x041U);
  received(queue);
  EXPECT_EQ(mq_poll_mask(queue), 0x145U);
}

// Pollers are woken by every insert, also into a queue that was not empty, and by every plain
// receive.
TEST(MqPollers, WokenByInsertAndPlainReceive) {
  MqueueInode queue = new_queue(2, 8);
  EXPECT_TRUE(sent(queue, 0, 1).wake_pollers);
  EXPECT_TRUE(sent(queue, 0, 1).wake_pollers);
  EXPECT_FALSE(mq_send(queue, message(0, 1), kNonblock).wake_pollers);
  EXPECT_TRUE(received(queue).wake_pollers);
}

// cache after each kind of call, as the kernel's dumps show it.
TEST(NodeCache, NewQueueHasNoSpareNode) { EXPECT_FALSE(new_queue(1, 8).node_cache); }

TEST(NodeCache, FilledByCallsThatFailOrSleep) {
  MqueueInode queue = new_queue(1, 8);
  (void)mq_receive(queue, kNonblock);
  EXPECT_TRUE(queue.node_cache);
  sent(queue, 0, 1);
  EXPECT_FALSE(queue.node_cache);
  (void)mq_send(queue, message(0, 1), kNonblock);
  EXPECT_TRUE(queue.node_cache);
}

TEST(NodeCache, UsedUpByANewPriorityOnly) {
  MqueueInode queue = new_queue(3, 8);
  sent(queue, 5, 1);
  EXPECT_FALSE(queue.node_cache);
  sent(queue, 5, 1);
  EXPECT_TRUE(queue.node_cache);
  sent(queue, 6, 1);
  EXPECT_FALSE(queue.node_cache);
}

TEST(NodeCache, FullAfterAReceiveAndAHandOver) {
  MqueueInode queue = new_queue(2, 8);
  sent(queue, 5, 1);
  received(queue);
  EXPECT_TRUE(queue.node_cache);
  sleep_in_receive(queue, task(1));
  sent(queue, 7, 1);
  EXPECT_TRUE(queue.node_cache);
}

TEST(NodeCache, UsedUpByAnAdmittedNewPriority) {
  MqueueInode queue = new_queue(1, 8);
  sent(queue, 5, 1);
  sleep_in_send(queue, task(1), 5, 1);
  sleep_in_send(queue, task(2), 5, 1);
  received(queue);  // the node of 5 went, and a new one came
  EXPECT_FALSE(queue.node_cache);
  MqueueInode two = new_queue(2, 8);
  sent(two, 5, 1);
  sent(two, 5, 1);
  sleep_in_send(two, task(1), 5, 1);
  received(two);
  EXPECT_TRUE(two.node_cache);
}

// msg_get() alone keeps the node of the last message when there is no spare one.
TEST(NodeCache, KeptByMsgGet) {
  MqueueInode queue = new_queue(2, 8);
  msg_insert(queue, message(1, 3));
  EXPECT_FALSE(queue.node_cache);
  EXPECT_EQ(msg_get(queue), message(1, 3));
  EXPECT_TRUE(queue.node_cache);
  EXPECT_EQ(queue.qsize, 0U);
}

}  // namespace
}  // namespace ipcsim
