// Registration for the next message: vectors C12 and D01 to D08 of real queues, Linux 6.18.44.
#include <gtest/gtest.h>

#include "model/mqueue/mq_ops.hpp"
#include "tests/model_mqueue/state_text.hpp"

namespace ipcsim {
namespace {

constexpr MqCaller kNonblock{.task = WaiterId{99}, .prio = 120, .nonblock = true};
constexpr MqNotify kSignal10{.kind = MqNotifyKind::kSignal,
                             .signo = 10,
                             .value = 7,
                             .owner = WaiterId{4},
                             .self_exec_id = 3};

std::optional<MqNotify> fired_by_send(MqueueInode& queue) {
  return mq_send(queue, message(1, 1), kNonblock).fired;
}

void receive(MqueueInode& queue) { (void)mq_receive(queue, kNonblock); }

// The kind is looked at first; SIGEV_NONE ignores the signal number; 0 is a signal number (D04).
TEST(MqCheckSigevent, KindThenSignal) {
  for (const i32 kind : {0, 1, 2}) {
    EXPECT_EQ(mq_check_sigevent(kind, 64), Errno::kOk);
  }
  for (const i32 kind : {-1, 3, 4}) {
    EXPECT_EQ(mq_check_sigevent(kind, 10), Errno::kEINVAL);
  }
  EXPECT_EQ(mq_check_sigevent(0, 0), Errno::kOk);
  EXPECT_EQ(mq_check_sigevent(0, 65), Errno::kEINVAL);
  EXPECT_EQ(mq_check_sigevent(0, -1), Errno::kEINVAL);
  EXPECT_EQ(mq_check_sigevent(1, 999), Errno::kOk);
  EXPECT_EQ(mq_check_sigevent(2, -1), Errno::kOk);
}

// The registration is used up by the message that made the queue non-empty (D01).
TEST(MqNotify, FiresOnce) {
  MqueueInode queue = new_queue(3, 8);
  EXPECT_EQ(mq_register(queue, kSignal10), Errno::kOk);
  EXPECT_EQ(fired_by_send(queue), kSignal10);
  EXPECT_EQ(queue.notify, std::nullopt);
  receive(queue);
  EXPECT_EQ(fired_by_send(queue), std::nullopt);
}

// Messages that are there already do not count (D02).
TEST(MqNotify, WaitsForTheQueueToBecomeEmpty) {
  MqueueInode queue = new_queue(3, 8);
  (void)fired_by_send(queue);
  EXPECT_EQ(mq_register(queue, kSignal10), Errno::kOk);
  EXPECT_EQ(fired_by_send(queue), std::nullopt);
  receive(queue);
  receive(queue);
  EXPECT_EQ(fired_by_send(queue), kSignal10);
}

// One registration a queue, also for the one who has it (D03).
TEST(MqNotify, SecondRegistrationIsBusy) {
  MqueueInode queue = new_queue(3, 8);
  EXPECT_EQ(mq_register(queue, kSignal10), Errno::kOk);
  EXPECT_EQ(mq_register(queue, kSignal10), Errno::kEBUSY);
  EXPECT_EQ(mq_register(queue, {.owner = WaiterId{5}}), Errno::kEBUSY);
  EXPECT_EQ(queue.notify, kSignal10);
}

// Only the owner's call or close removes it (D03, D05).
TEST(MqNotify, RemovedByItsOwnerOnly) {
  MqueueInode queue = new_queue(3, 8);
  EXPECT_EQ(mq_register(queue, kSignal10), Errno::kOk);
  EXPECT_FALSE(mq_unregister(queue, WaiterId{5}));
  EXPECT_EQ(queue.notify, kSignal10);
  EXPECT_TRUE(mq_unregister(queue, WaiterId{4}));
  EXPECT_FALSE(mq_unregister(queue, WaiterId{4}));
  EXPECT_EQ(fired_by_send(queue), std::nullopt);
}

// A message that a receiver takes at once never was in the queue (D08).
TEST(MqNotify, HandOverDoesNotFire) {
  MqueueInode queue = new_queue(3, 8);
  EXPECT_EQ(mq_register(queue, kSignal10), Errno::kOk);
  (void)mq_receive(queue, {.task = WaiterId{1}});
  EXPECT_EQ(fired_by_send(queue), std::nullopt);
  EXPECT_EQ(fired_by_send(queue), kSignal10);
}

// The queue goes from 1 to 0 to 1 message inside one receive; nothing fires (C12).
TEST(MqNotify, AdmittedSenderDoesNotFire) {
  MqueueInode queue = new_queue(1, 8);
  (void)fired_by_send(queue);
  EXPECT_EQ(mq_register(queue, kSignal10), Errno::kOk);
  EXPECT_EQ(mq_send(queue, message(2, 1), {.task = WaiterId{1}}).end, MqEnd::kAsleep);
  receive(queue);
  EXPECT_EQ(queue.notify, kSignal10);
  EXPECT_EQ(state_text(queue), "max=1 msgsize=8 cur=1 qsize=1 rightmost=2 cache=0 tree=(2B:1 . .)");
  receive(queue);
  EXPECT_EQ(fired_by_send(queue), kSignal10);
}

// A message without bytes is a message.
TEST(MqNotify, EmptyTextFires) {
  MqueueInode queue = new_queue(1, 8);
  EXPECT_EQ(mq_register(queue, kSignal10), Errno::kOk);
  EXPECT_EQ(mq_send(queue, message(0, 0), kNonblock).fired, kSignal10);
}

}  // namespace
}  // namespace ipcsim
