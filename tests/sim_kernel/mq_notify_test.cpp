// Being told of messages. Linux ipc/mqueue.c. The names in brackets are those of the measurements
// on linux 6.18.44.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

constexpr u32 kCreate = kOCreat | kORdwr;
constexpr u32 kNonblocking = kCreate | kONonblock;

SigEvent by_signal(Signal signal) {
  return {.sigev_notify = SigevNotify{kSigevSignal},
          .sigev_signo = static_cast<i32>(signal.v),
          .sigev_value = 7,
          .cookie = {}};
}

SigEvent by_nothing() { return {.sigev_notify = SigevNotify{kSigevNone}, .cookie = {}}; }

SigEvent by_cookie(i32 socket) {
  return {.sigev_notify = SigevNotify{kSigevThread},
          .sigev_signo = socket,
          .cookie = UserPtr<Payload>::of(Payload::of_bytes(std::string(kNotifyCookieLen, 'c')))};
}

std::string owner_of(TestKernel& k) {
  const auto queues = k.kernel.snapshot().mqueues;
  return queues.front().notify_owner ? std::to_string(queues.front().notify_owner->v) : "nobody";
}

// The owner is its process; the message that makes the queue non-empty uses the registration up.
// [D01]
TEST(MqNotify, KillsAnOwnerWithoutAHandler) {
  TestKernel k(some_tasks(2));
  k.run(1, mq_open("q", kNonblocking));
  k.run(2, mq_open("q", kORdwr));
  EXPECT_EQ(k.run(2, mq_notify(3, by_signal(kSigusr1))), "0");
  EXPECT_EQ(owner_of(k), "2");
  k.post(2, read(3, 0));
  EXPECT_EQ(k.run(1, mq_send(3, "m")), "0");
  EXPECT_FALSE(k.kernel.exists(TaskId{2}));
  EXPECT_EQ(owner_of(k), "nobody");
}

// Signal 0 is accepted and never sent; the registration is used up all the same. [D04]
TEST(MqNotify, SignalZeroSendsNothing) {
  TestKernel k;
  k.run(1, mq_open("q", kNonblocking));
  EXPECT_EQ(k.run(1, mq_notify(3, by_signal(Signal{0}))), "0");
  EXPECT_EQ(k.run(1, mq_send(3, "m")), "0");
  EXPECT_EQ(owner_of(k), "nobody");
}

// A child that closes the queue is another process. [D03]
TEST(MqNotify, AChildsCloseLeavesItAlone) {
  TestKernel k;
  k.run(1, mq_open("q", kNonblocking));
  k.run(1, mq_notify(3, by_nothing()));
  k.run(1, fork(2));
  EXPECT_EQ(k.run(2, mq_notify(3, by_nothing())), "-1 EBUSY");
  EXPECT_EQ(k.run(2, mq_notify(3)), "0");
  k.run(2, close(3));
  EXPECT_EQ(owner_of(k), "1");
  k.run(1, dup(3));
  k.run(1, close(4));
  EXPECT_EQ(owner_of(k), "nobody");
}

// A process that shared its descriptor table closes nothing when it ends. [D11]
TEST(MqNotify, OwnerThatEndsUnseenStays) {
  TestKernel k;
  k.run(1, mq_open("q", kNonblocking));
  k.run(1, clone(kCloneFiles, 2));
  k.run(2, mq_notify(3, by_signal(kSigusr1)));
  k.run(2, exit_group());
  EXPECT_EQ(owner_of(k), "2");
  EXPECT_EQ(k.run(1, mq_notify(3, by_nothing())), "-1 EBUSY");
  EXPECT_EQ(k.run(1, mq_send(3, "m")), "0");
  EXPECT_EQ(owner_of(k), "nobody");
}

// The cookie comes back through the socket with its last byte changed. [D09]
TEST(MqNotify, CookieSaysWhatHappened) {
  TestKernel k;
  k.run(1, mq_open("q", kNonblocking));
  EXPECT_EQ(k.run(1, socket(kAfNetlink, kSockRaw)), "4");
  EXPECT_EQ(k.run(1, mq_notify(3, by_cookie(4))), "0");
  EXPECT_EQ(k.run(1, recv_cookie(4)), "-1 EAGAIN");
  k.run(1, mq_send(3, "m"));
  EXPECT_EQ(k.run(1, recv_cookie(4)), "32 \"" + std::string(31, 'c') + "\\x01\"");
  k.run(1, mq_receive(3));
  k.run(1, mq_notify(3, by_cookie(4)));
  k.run(1, mq_notify(3));
  EXPECT_EQ(k.run(1, recv_cookie(4)), "32 \"" + std::string(31, 'c') + "\\x02\"");
}

// The registration keeps the socket when its descriptor is closed.
TEST(MqNotify, KeepsItsSocket) {
  TestKernel k;
  k.run(1, mq_open("q", kNonblocking));
  k.run(1, socket(kAfNetlink, kSockRaw));
  k.run(1, mq_notify(3, by_cookie(4)));
  EXPECT_EQ(k.run(1, close(4)), "0");
  EXPECT_EQ(k.run(1, mq_send(3, "m")), "0");
  EXPECT_EQ(owner_of(k), "nobody");
}

// How many packets a socket takes depends on the machine.
TEST(MqNotify, FullSocketIsNotModelled) {
  TestKernel k;
  k.run(1, mq_open("q", kNonblocking));
  k.run(1, socket(kAfNetlink, kSockRaw));
  std::string result;
  for (int i = 0; i < 300 && !result.starts_with("not modelled"); ++i) {
    result = k.run(1, mq_notify(3, by_cookie(4)));
    k.run(1, mq_notify(3));
  }
  EXPECT_TRUE(result.starts_with("not modelled"));
}

}  // namespace
}  // namespace ipcsim
