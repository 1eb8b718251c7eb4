// Sending and receiving: what is checked, who sleeps, who is served. Linux ipc/mqueue.c. The names
// in brackets are those of the measurements on linux 6.18.44.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

constexpr u32 kCreate = kOCreat | kORdwr;
constexpr i64 kNow = 1'700'000'000;  // seconds, when a run begins

/// A queue, 3, for two messages of 100 bytes; threads 2 to 4.
TestKernel with_queue(u32 flags = 0) {
  TestKernel k;
  k.run(1, mq_open("q", kCreate | flags, 2, 100));
  for (u32 task = 2; task <= 4; ++task) {
    k.run(1, thread(task));
  }
  return k;
}

MqTimedsendCall send_call(i32 mqdes, std::string_view text) {
  return get<MqTimedsendCall>(mq_send(mqdes, text));
}

MqTimedreceiveCall receive_call(i32 mqdes) { return get<MqTimedreceiveCall>(mq_receive(mqdes)); }

// The greatest priority first, among equals the oldest.
TEST(MqTransfer, GoesByPriorityThenAge) {
  TestKernel k;
  k.run(1, mq_open("q", kCreate));
  k.run(1, mq_send(3, "low", 1));
  k.run(1, mq_send(3, "high", 9));
  k.run(1, mq_send(3, "high too", 9));
  k.run(1, mq_send(3, "", 5));
  EXPECT_EQ(k.run(1, mq_receive(3)), "4 \"high\" prio 9");
  EXPECT_EQ(k.run(1, mq_receive(3)), "8 \"high too\" prio 9");
  EXPECT_EQ(k.run(1, mq_receive(3)), "0 \"\" prio 5");
  EXPECT_EQ(k.run(1, mq_receive(3)), "3 \"low\" prio 1");
}

// Timeout, priority, descriptor, length, buffer. [B01-B05]
TEST(MqSend, ChecksInOrder) {
  TestKernel k = with_queue();
  MqTimedsendCall call = send_call(9, std::string(101, 'x'));
  call.msg.mapped = 0;
  call.msg_prio = 32768;
  call.abs_timeout = UserPtr<Timespec>::bad();
  EXPECT_EQ(k.run(1, call), "-1 EFAULT");
  for (const Timespec bad : {Timespec{-1, 0}, Timespec{0, -1}, Timespec{0, 1'000'000'000}}) {
    call.abs_timeout = UserPtr<Timespec>::of(bad);
    EXPECT_EQ(k.run(1, call), "-1 EINVAL");
  }
  call.abs_timeout = {};
  EXPECT_EQ(k.run(1, call), "-1 EINVAL");
  call.msg_prio = 32767;
  EXPECT_EQ(k.run(1, call), "-1 EBADF");
  call.mqdes = Fd{3};
  EXPECT_EQ(k.run(1, call), "-1 EMSGSIZE");
  call.msg.len = 100;
  EXPECT_EQ(k.run(1, call), "-1 EFAULT");
  call.msg = {.data = {}, .len = 0, .mapped = 0};
  EXPECT_EQ(k.run(1, call), "0");  // no byte is touched
}

// Timeout, descriptor, room. [C02]
TEST(MqReceive, ChecksInOrder) {
  TestKernel k = with_queue(kONonblock);
  MqTimedreceiveCall call = receive_call(9);
  call.msg.len = 99;
  call.abs_timeout = UserPtr<Timespec>::of({-1, 0});
  EXPECT_EQ(k.run(1, call), "-1 EINVAL");
  call.abs_timeout = {};
  EXPECT_EQ(k.run(1, call), "-1 EBADF");
  call.mqdes = Fd{3};
  EXPECT_EQ(k.run(1, call), "-1 EMSGSIZE");  // the room is for any message, not for this one
  call.msg.len = 100;
  EXPECT_EQ(k.run(1, call), "-1 EAGAIN");
}

// The access mode is the file's.
TEST(MqTransfer, NeedsTheRightMode) {
  TestKernel k = with_queue();
  k.run(1, mq_open("q", kORdonly));
  k.run(1, mq_open("q", kOWronly));
  EXPECT_EQ(k.run(1, mq_send(4, "x")), "-1 EBADF");
  EXPECT_EQ(k.run(1, mq_receive(5)), "-1 EBADF");
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, mq_send(7, "x")), "-1 EBADF");
}

// A message that cannot be copied out is lost. [C03, B13]
TEST(MqReceive, LosesAMessageOnAFault) {
  TestKernel k = with_queue();
  k.run(1, mq_send(3, "first"));
  k.run(1, mq_send(3, "second"));
  MqTimedreceiveCall call = receive_call(3);
  call.msg.mapped = 4;
  EXPECT_EQ(k.run(1, call), "-1 EFAULT");
  call = receive_call(3);
  call.msg_prio = OutPtr::kBad;
  EXPECT_EQ(k.run(1, call), "-1 EFAULT");
  EXPECT_EQ(k.run(1, mq_getattr(3)), "0 {flags=0, maxmsg=2, msgsize=100, curmsgs=0}");
}

// Only the message's own length is written; the priority is optional.
TEST(MqReceive, WritesTheMessageOnly) {
  TestKernel k = with_queue();
  k.run(1, mq_send(3, "first", 7));
  MqTimedreceiveCall call = receive_call(3);
  call.msg.mapped = 5;
  call.msg_prio = OutPtr::kNull;
  EXPECT_EQ(k.run(1, call), "5 \"first\"");
}

// Full and empty without waiting.
TEST(MqTransfer, FailsWithoutWaiting) {
  TestKernel k = with_queue(kONonblock);
  EXPECT_EQ(k.run(1, mq_receive(3)), "-1 EAGAIN");
  k.run(1, mq_send(3, "1"));
  k.run(1, mq_send(3, "2"));
  EXPECT_EQ(k.run(1, mq_send(3, "3")), "-1 EAGAIN");
}

// A sleeping receiver gets the message from the sender's hand: it never was in the queue. [B11]
TEST(MqReceive, IsHandedTheMessage) {
  TestKernel k = with_queue();
  EXPECT_EQ(k.run(2, mq_receive(3)), "asleep");
  EXPECT_EQ(k.run(1, mq_send(3, "x", 4)), "0");
  EXPECT_EQ(k.others(), "2: 1 \"x\" prio 4");
  EXPECT_EQ(k.kernel.snapshot().mqueues[0].qsize, 0U);
}

// Among equals the one who came first is served first.
TEST(MqReceive, ServesTheOldestFirst) {
  TestKernel k = with_queue();
  for (const u32 task : {3U, 2U, 4U}) {
    k.run(task, mq_receive(3));
  }
  k.run(1, mq_send(3, "a"));
  EXPECT_EQ(k.others(), "3: 1 \"a\" prio 0");
  k.run(1, mq_send(3, "b"));
  EXPECT_EQ(k.others(), "2: 1 \"b\" prio 0");
}

// The nicer task waits behind the others. [C06]
TEST(MqReceive, ServesTheLessNiceFirst) {
  Environment environment = some_tasks(3);
  environment.tasks[1].nice = 5;
  TestKernel k(environment);
  k.run(1, mq_open("q", kCreate));
  k.run(2, mq_open("q", kORdonly));
  k.run(3, mq_open("q", kORdonly));
  k.run(2, mq_receive(3));
  k.run(3, mq_receive(3));
  k.run(1, mq_send(3, "x"));
  EXPECT_EQ(k.others(), "3: 1 \"x\" prio 0");
}

// A receive lets a sleeping sender's message in; which was received was settled before. [C04]
TEST(MqSend, IsAdmittedByAReceive) {
  TestKernel k = with_queue();
  k.run(1, mq_send(3, "1", 1));
  k.run(1, mq_send(3, "2", 2));
  EXPECT_EQ(k.run(2, mq_send(3, "9", 9)), "asleep");
  EXPECT_EQ(k.run(3, mq_send(3, "8", 8)), "asleep");
  EXPECT_EQ(k.run(1, mq_receive(3)), "1 \"2\" prio 2");
  EXPECT_EQ(k.others(), "2: 0");
  EXPECT_EQ(k.run(1, mq_receive(3)), "1 \"9\" prio 9");
  EXPECT_EQ(k.others(), "3: 0");
}

// Timeouts are times of the virtual clock. [B03]
TEST(MqTimeout, EndsTheWait) {
  TestKernel k = with_queue();
  EXPECT_EQ(k.run(2, mq_receive_until(3, {kNow + 2, 5})), "asleep");
  EXPECT_EQ(k.run(3, mq_receive_until(3, {kNow + 1, 0})), "asleep");
  EXPECT_EQ(k.pass(2 * kNanosecondsPerSecond), "3: -1 ETIMEDOUT");
  EXPECT_EQ(k.pass(5), "2: -1 ETIMEDOUT");
  EXPECT_EQ(k.kernel.snapshot().mqueues[0].recv_wait.size(), 0U);
}

// A time that is over does not matter to a call that need not wait, and ends one that must. [B03]
TEST(MqTimeout, InThePast) {
  TestKernel k = with_queue();
  EXPECT_EQ(k.run(1, mq_receive_until(3, {0, 0})), "-1 ETIMEDOUT");
  EXPECT_EQ(k.run(1, mq_receive_until(3, {kNow, 0})), "-1 ETIMEDOUT");
  EXPECT_EQ(k.run(1, mq_send_until(3, "1", {0, 0})), "0");
  EXPECT_EQ(k.run(1, mq_send_until(3, "2", {0, 0})), "0");
  EXPECT_EQ(k.run(1, mq_send_until(3, "3", {0, 0})), "-1 ETIMEDOUT");
  EXPECT_EQ(k.run(1, mq_receive_until(3, {0, 0})), "1 \"1\" prio 0");
}

// The end of time is a time, too.
TEST(MqTimeout, InTheFarFuture) {
  TestKernel k = with_queue();
  EXPECT_EQ(k.run(2, mq_receive_until(3, {std::numeric_limits<i64>::max(), 999'999'999})),
            "asleep");
  EXPECT_EQ(k.pass(1'000'000 * kNanosecondsPerSecond), "");
}

// A handler interrupts; with SA_RESTART the call begins anew, behind its equals. [C09]
TEST(MqSignal, InterruptsOrRestarts) {
  TestKernel k = with_queue();
  k.run(1, sigaction(kSigusr1, Disposition::kHandler));
  k.run(2, mq_receive(3));
  EXPECT_EQ(k.signal(2, kSigusr1), "2: -1 EINTR");
  k.run(1, sigaction(kSigusr1, Disposition::kHandler, kSaRestart));
  k.run(2, mq_receive(3));
  k.run(3, mq_receive(3));
  EXPECT_EQ(k.signal(2, kSigusr1), "");
  k.run(1, mq_send(3, "x"));
  EXPECT_EQ(k.others(), "3: 1 \"x\" prio 0");
}

// Restarted, it keeps its absolute deadline. [F05]
TEST(MqSignal, KeepsTheDeadline) {
  TestKernel k = with_queue();
  k.run(1, sigaction(kSigusr1, Disposition::kHandler, kSaRestart));
  k.run(2, mq_receive_until(3, {kNow + 1, 0}));
  k.pass(kNanosecondsPerSecond / 2);
  k.signal(2, kSigusr1);
  EXPECT_EQ(k.pass(kNanosecondsPerSecond / 2), "2: -1 ETIMEDOUT");
}

// Once a peer has completed the call, neither signal nor timeout changes its result.
TEST(MqSignal, ComesTooLateAfterAPeer) {
  TestKernel k = with_queue();
  k.run(1, sigaction(kSigusr1, Disposition::kHandler));
  k.run(2, mq_receive_until(3, {kNow + 1, 0}));
  k.post(1, mq_send(3, "x"));
  k.section(1);
  EXPECT_EQ(k.kernel.post_signal(TaskId{2}, kSigusr1), std::nullopt);
  k.kernel.advance(Nanoseconds{2 * kNanosecondsPerSecond});
  EXPECT_EQ(k.settle(), "1: 0; 2: 1 \"x\" prio 0");
}

// A sender killed in its sleep takes its message with it. [C11]
TEST(MqSignal, KillsASenderWithItsMessage) {
  TestKernel k;
  k.run(1, mq_open("q", kCreate, 1, 10));
  k.run(1, fork(2));
  k.run(1, mq_send(3, "1"));
  EXPECT_EQ(k.run(2, mq_send(3, "2")), "asleep");
  EXPECT_EQ(k.signal(2, kSigkill), "2: killed by SIGKILL");
  EXPECT_EQ(k.run(1, mq_receive(3)), "1 \"1\" prio 0");
  EXPECT_EQ(k.kernel.snapshot().mqueues[0].mq_curmsgs, 0);
}

// A call holds its queue: closing the descriptor does not end it. [C13]
TEST(MqTransfer, KeepsItsQueueOpen) {
  TestKernel k = with_queue();
  EXPECT_EQ(k.run(2, mq_receive(3)), "asleep");
  k.run(1, mq_open("q", kOWronly));
  EXPECT_EQ(k.run(1, close(3)), "0");
  EXPECT_EQ(k.run(1, mq_unlink("q")), "0");
  EXPECT_EQ(k.run(1, mq_send(4, "x")), "0");
  EXPECT_EQ(k.others(), "2: 1 \"x\" prio 0");
  EXPECT_EQ(k.run(1, close(4)), "0");
  EXPECT_EQ(k.kernel.snapshot().mqueues.size(), 0U);
}

// O_NONBLOCK set meanwhile does not concern a call that sleeps. [C14]
TEST(MqTransfer, SleepsOnWhenNonblockIsSet) {
  TestKernel k = with_queue();
  k.run(2, mq_receive(3));
  EXPECT_EQ(k.run(1, mq_set_nonblock(3, true)), "0");
  EXPECT_EQ(k.sleepers(), "2 mq_timedreceive");
}

}  // namespace
}  // namespace ipcsim
