// poll() with timeouts and virtual time. Linux fs/select.c.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

constexpr i64 kMillisecond = 1'000'000;

/// A pipe, 3 and 4, of task 1 with threads 2 and 3.
TestKernel with_threads() {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, thread(2));
  k.run(1, thread(3));
  return k;
}

PollFd wanted(i32 fd, u32 events) { return {.fd = Fd{fd}, .events = PollEvents{events}}; }

// Timeout 0 never sleeps.
TEST(PollCall, AnswersAtOnce) {
  TestKernel k = with_threads();
  EXPECT_EQ(k.run(1, poll({wanted(3, kPollIn), wanted(4, kPollOut)}, 0)), "1 [0, POLLOUT]");
  k.run(1, write(4, "x"));
  EXPECT_EQ(k.run(1, poll({wanted(3, kPollIn), wanted(4, kPollOut)}, 0)), "2 [POLLIN, POLLOUT]");
}

// Only what was asked for is told, but hang-up and error always. [P14]
TEST(PollCall, TellsHangUpUnasked) {
  TestKernel k = with_threads();
  k.run(1, write(4, "x"));
  EXPECT_EQ(k.run(1, poll(3, 0, 0)), "0 [0]");
  k.run(1, close(4));
  EXPECT_EQ(k.run(1, poll(3, 0, 0)), "1 [POLLHUP]");
}

// A descriptor that is closed is told of, a negative one is passed over.
TEST(PollCall, TellsOfClosedDescriptors) {
  TestKernel k = with_threads();
  EXPECT_EQ(k.run(1, poll({wanted(9, kPollIn), wanted(-1, kPollIn)}, 0)), "1 [POLLNVAL, 0]");
}

// More descriptors than RLIMIT_NOFILE are refused.
TEST(PollCall, IsBoundedByTheLimit) {
  TestKernel k = with_threads();
  k.run(1, setrlimit(kRlimitNofile, 1));
  EXPECT_EQ(k.run(1, poll({wanted(3, kPollIn), wanted(4, kPollOut)}, 0)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, poll({wanted(3, kPollIn)}, 0)), "0 [0]");
}

// It sleeps until one of several is ready.
TEST(PollCall, WaitsForAnyOfSeveral) {
  TestKernel k = with_threads();
  k.run(1, pipe2());
  EXPECT_EQ(k.run(2, poll({wanted(3, kPollIn), wanted(5, kPollIn)}, -1)), "asleep");
  k.run(1, write(6, "x"));
  EXPECT_EQ(k.others(), "2: 1 [0, POLLIN]");
  EXPECT_EQ(k.waiters(), "rd_wait:, wr_wait:");
}

// The timeout counts virtual time, to the nanosecond.
TEST(PollCall, TimesOut) {
  TestKernel k = with_threads();
  EXPECT_EQ(k.run(2, poll(3, kPollIn, 10)), "asleep");
  EXPECT_EQ(k.pass(10 * kMillisecond - 1), "");
  EXPECT_EQ(k.pass(1), "2: 0 [0]");
  EXPECT_EQ(k.waiters(), "rd_wait:, wr_wait:");
}

// Timeouts end in the order of their times, whatever the order of the calls.
TEST(PollCall, TimesOutInOrder) {
  TestKernel k = with_threads();
  k.run(2, poll(3, kPollIn, 20));
  k.run(3, poll(3, kPollIn, 10));
  EXPECT_EQ(k.pass(30 * kMillisecond), "3: 0 [0]; 2: 0 [0]");
}

// A wake-up for nothing does not start the timeout anew.
TEST(PollCall, KeepsItsDeadline) {
  TestKernel k = with_threads();
  k.run(2, poll(3, kPollIn, 10));
  k.pass(6 * kMillisecond);
  k.post(1, write(4, "x"));
  k.section(1);
  k.post(3, read(3, 1));
  k.section(3);
  EXPECT_EQ(k.settle(), "1: 1; 3: 1 \"x\"");
  EXPECT_EQ(k.pass(4 * kMillisecond), "2: 0 [0]");
}

// A negative timeout is none.
TEST(PollCall, WaitsForEver) {
  TestKernel k = with_threads();
  k.run(2, poll(3, kPollIn, -5));
  EXPECT_EQ(k.pass(std::numeric_limits<i64>::max()), "");
  EXPECT_EQ(k.pass(std::numeric_limits<i64>::max()), "");
  EXPECT_EQ(k.sleepers(), "2 poll");
}

// A handler interrupts it even with SA_RESTART.
TEST(PollCall, IsNeverRestarted) {
  TestKernel k = with_threads();
  k.run(1, sigaction(kSigusr1, Disposition::kHandler, kSaRestart));
  k.run(2, poll(3, kPollIn));
  EXPECT_EQ(k.signal(2, kSigusr1), "2: -1 EINTR");
  EXPECT_EQ(k.waiters(), "rd_wait:, wr_wait:");
}

// It holds its files while it sleeps, but looks the descriptors up again when it is woken.
TEST(PollCall, KeepsItsFilesOpen) {
  TestKernel k = with_threads();
  k.run(2, poll(3, kPollIn, 10));
  k.run(1, close(3));
  EXPECT_EQ(k.run(1, write(4, "x")), "1");  // there is a reader still
  EXPECT_EQ(k.others(), "2: 1 [POLLNVAL]");
}

// An O_RDWR FIFO waits for both sides.
TEST(PollCall, WaitsForBothSides) {
  TestKernel k = with_threads();
  k.run(1, close(3));
  k.run(1, close(4));
  k.run(1, mkfifo("f"));
  EXPECT_EQ(k.run(1, open("f", kORdwr | kONonblock)), "3");
  k.run(1, write(3, u64{65536}));
  EXPECT_EQ(k.run(2, poll(3, kPollOut)), "asleep");
  EXPECT_EQ(k.waiters(), "rd_wait: 2 poll, wr_wait: 2 poll");
  k.run(1, read(3, 1));
  EXPECT_EQ(k.others(), "");
  k.run(1, read(3, 4095));
  EXPECT_EQ(k.others(), "2: 1 [POLLOUT]");
}

}  // namespace
}  // namespace ipcsim
