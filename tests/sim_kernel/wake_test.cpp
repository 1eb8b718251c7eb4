// Who is woken, and in which order calls end. The names in brackets are those of the measurements
// on linux 6.18.44.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

/// A pipe, 3 and 4, of task 1, with threads 2 to `threads`.
TestKernel with_threads(u32 threads, u32 flags = 0) {
  TestKernel k;
  k.run(1, pipe2(flags));
  for (u32 task = 2; task <= threads; ++task) {
    k.run(1, thread(task));
  }
  return k;
}

// Readers are served in the order in which they came; each wakes the next. [K1, B11]
TEST(Wake, ServesReadersInOrder) {
  TestKernel k = with_threads(5);
  for (const u32 task : {3U, 5U, 2U, 4U}) {
    EXPECT_EQ(k.run(task, read(3, 1)), "asleep");
  }
  EXPECT_EQ(k.waiters(), "rd_wait: 3 5 2 4, wr_wait:");
  EXPECT_EQ(k.run(1, write(4, "0123")), "4");
  EXPECT_EQ(k.others(), "3: 1 \"0\"; 5: 1 \"1\"; 2: 1 \"2\"; 4: 1 \"3\"");
}

// One byte wakes one reader. [B13]
TEST(Wake, TakesOneExclusiveWaiter) {
  TestKernel k = with_threads(3);
  k.run(2, read(3, 1));
  k.run(3, read(3, 1));
  k.run(1, write(4, "x"));
  EXPECT_EQ(k.others(), "2: 1 \"x\"");
  EXPECT_EQ(k.sleepers(), "3 read");
}

// Writers of a full pipe, too. [K4, B12, E02]
TEST(Wake, ServesWritersInOrder) {
  TestKernel k = with_threads(4);
  k.run(1, fcntl(3, kFSetpipeSz, 4096));
  k.run(1, write(4, u64{4096}));
  for (const u32 task : {4U, 2U, 3U}) {
    EXPECT_EQ(k.run(task, write(4, u64{4096})), "asleep");
  }
  EXPECT_EQ(k.run(1, fcntl(3, kFSetpipeSz, 16384)), "16384");
  EXPECT_EQ(k.others(), "4: 4096; 2: 4096; 3: 4096");
}

// Large writers take turns, a page each. [K5]
TEST(Wake, LetsLargeWritersTakeTurns) {
  TestKernel k = with_threads(4);
  k.run(1, fcntl(3, kFSetpipeSz, 16384));
  for (u32 task = 2; task <= 4; ++task) {
    std::string text(40960, static_cast<char>('a' + task - 2));
    EXPECT_EQ(k.run(task, write(4, text)), "asleep");
  }
  std::string owners;
  for (int i = 0; i < 30; ++i) {
    const std::string got = k.run(1, read(3, 4096));
    owners += got.substr(6, 1);
  }
  EXPECT_EQ(owners, "aaaaabcabcabcabcabcabcbcbcbcbc");
}

// Pollers stand before readers, the newest first, and all of them are woken. [B13]
TEST(Wake, TakesAllOtherWaiters) {
  TestKernel k = with_threads(5);
  k.run(2, read(3, 1));
  k.run(3, poll(3, kPollIn));
  k.run(4, poll(3, kPollIn));
  k.run(5, read(3, 1));
  EXPECT_EQ(k.waiters(), "rd_wait: 4 poll 3 poll 2 5, wr_wait:");
  k.run(1, write(4, "x"));
  EXPECT_EQ(k.others(), "4: 1 [POLLIN]; 3: 1 [POLLIN]; 2: 1 \"x\"");
}

// A poller that finds nothing left sleeps on, and keeps its place.
TEST(Wake, LetsAPollerSleepOn) {
  TestKernel k = with_threads(3);
  k.run(2, poll(3, kPollIn));
  k.post(1, write(4, "x"));
  k.section(1);
  k.post(3, read(3, 1));
  k.section(3);  // faster than the poller
  EXPECT_EQ(k.settle(), "1: 1; 3: 1 \"x\"");
  EXPECT_EQ(k.sleepers(), "2 poll");
  EXPECT_EQ(k.waiters(), "rd_wait: 2 poll, wr_wait:");
}

// A reader that was overtaken goes to the end of the line.
TEST(Wake, PutsAnOvertakenReaderBehindTheOthers) {
  TestKernel k = with_threads(4);
  k.run(2, read(3, 1));
  k.run(3, read(3, 1));
  k.post(1, write(4, "x"));
  k.section(1);
  k.post(4, read(3, 1));
  k.section(4);
  k.settle();
  EXPECT_EQ(k.waiters(), "rd_wait: 3 2, wr_wait:");
}

// A waiter that runs already, because of a signal, is passed over: the next one is taken.
TEST(Wake, PassesOverATaskThatRunsAlready) {
  TestKernel k = with_threads(3);
  k.run(1, sigaction(kSigusr1, Disposition::kHandler));
  k.run(2, read(3, 1));
  k.run(3, read(3, 1));
  EXPECT_EQ(k.kernel.post_signal(TaskId{2}, kSigusr1), std::nullopt);
  k.post(1, write(4, "x"));
  k.section(1);
  EXPECT_EQ(k.kernel.runnable(), (std::vector<TaskId>{TaskId{2}, TaskId{3}}));
  // The signalled one finds the byte and takes it; no event is lost, and none is delivered twice.
  EXPECT_EQ(k.settle(), "1: 1; 2: 1 \"x\"");
  EXPECT_EQ(k.sleepers(), "3 read");
}

// The end of the last writer wakes every reader. [B02]
TEST(Wake, TakesEverybodyAtTheEndOfFile) {
  TestKernel k = with_threads(4);
  k.run(2, read(3, 1));
  k.run(3, read(3, 1));
  k.run(4, poll(3, kPollIn));
  k.run(1, close(4));
  EXPECT_EQ(k.others(), "4: 1 [POLLHUP]; 2: 0; 3: 0");
}

// One of several writers is not missed. [B17]
TEST(Wake, TakesNobodyWhenAWriterIsLeft) {
  TestKernel k = with_threads(2);
  EXPECT_EQ(k.run(1, open("/proc/self/fd/4", kOWronly)), "5");
  k.run(2, read(3, 1));
  EXPECT_EQ(k.run(1, close(5)), "0");
  EXPECT_EQ(k.others(), "");
}

// A poller is passed over when the event is not one that it waits for.
TEST(Wake, LooksAtThePollersEvents) {
  TestKernel k = with_threads(2);
  k.run(1, mkfifo("f"));
  EXPECT_EQ(k.run(1, open("f", kORdwr)), "5");
  EXPECT_EQ(k.run(2, poll(5, kPollIn)), "asleep");
  k.post(1, write(5, "x"));
  k.section(1);
  EXPECT_EQ(k.kernel.runnable(), (std::vector<TaskId>{TaskId{2}}));
}

// Woken tasks queue behind those that were runnable before.
TEST(Wake, QueuesBehindTheRunnable) {
  TestKernel k = with_threads(3);
  k.run(2, read(3, 1));
  k.post(1, write(4, "x"));
  k.post(3, write(4, "y"));
  k.section(1);
  EXPECT_EQ(k.kernel.runnable(), (std::vector<TaskId>{TaskId{3}, TaskId{2}}));
  EXPECT_EQ(k.settle(), "1: 1; 3: 1; 2: 1 \"x\"");
}

}  // namespace
}  // namespace ipcsim
