// A kernel is a value: it copies, compares, hashes and prints.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

/// Something of everything: a pipe with data and a sleeper, a FIFO, a queue, two processes, a
/// signal.
TestKernel busy_kernel() {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, write(4, "data"));
  k.run(1, mkfifo("f"));
  k.run(1, mq_open("q", kOCreat | kORdwr));
  k.run(1, mq_send(5, "message", 3));
  k.run(1, sigaction(kSigusr1, Disposition::kHandler, kSaRestart));
  k.run(1, fork(2));
  k.run(1, thread(3));
  k.run(2, open("f", kORdonly));
  k.run(1, pipe2());
  k.run(3, read(6, 10));
  return k;
}

// What is done to a copy is not seen in the original.
TEST(KernelValue, CopiesAreIndependent) {
  const TestKernel k = busy_kernel();
  TestKernel copy = k;
  EXPECT_EQ(copy.kernel, k.kernel);
  EXPECT_EQ(copy.run(1, write(7, "wakes")), "5");
  EXPECT_EQ(copy.others(), "3: 5 \"wakes\"");
  EXPECT_NE(copy.kernel, k.kernel);
  EXPECT_EQ(k.sleepers(), "2 open, 3 read");
  EXPECT_EQ(k.kernel.broken_invariant(), std::nullopt);
}

// Two kernels that lived through the same are equal, and hash alike.
TEST(KernelValue, EqualsWhatLivedThroughTheSame) {
  const TestKernel a = busy_kernel();
  const TestKernel b = busy_kernel();
  EXPECT_EQ(a.kernel, b.kernel);
  EXPECT_EQ(a.kernel.hash(), b.kernel.hash());
  EXPECT_EQ(to_text(a.kernel.snapshot()), to_text(b.kernel.snapshot()));
}

// Each step that changes something makes another value with another hash.
TEST(KernelValue, DiffersAfterAStep) {
  const TestKernel before = busy_kernel();
  for (const Call& call : {write(4, "x"),
                           read(3, 1),
                           close(3),
                           dup(3),
                           fcntl(3, kFSetfd, 1),
                           fcntl(3, kFSetfl, 04000),
                           fcntl(3, kFSetpipeSz, 4096),
                           poll(3, kPollIn, 0),
                           mkfifo("g"),
                           unlink("f"),
                           pipe2(),
                           open("f", kOWronly),
                           mq_send(5, "x"),
                           mq_receive(5),
                           mq_unlink("q"),
                           fork(9),
                           thread(9),
                           sigaction(kSigusr1, Disposition::kIgnore),
                           sigprocmask(MaskHow::kBlock, {kSigusr1}),
                           setrlimit(kRlimitNofile, 5),
                           exit()}) {
    TestKernel after = before;
    after.run(1, call);
    EXPECT_NE(after.kernel, before.kernel) << to_text(call);
    EXPECT_NE(after.kernel.hash(), before.kernel.hash()) << to_text(call);
  }
}

// Also time, signals and which call a task is in are part of it.
TEST(KernelValue, DiffersInTimeAndSignals) {
  const TestKernel before = busy_kernel();
  TestKernel later = before;
  later.pass(1);
  EXPECT_NE(later.kernel.hash(), before.kernel.hash());
  TestKernel blocked = before;
  blocked.run(1, sigprocmask(MaskHow::kBlock, {kSigusr1}));
  TestKernel pending = blocked;
  pending.signal(1, kSigusr1);
  EXPECT_NE(pending.kernel, blocked.kernel);
  EXPECT_NE(pending.kernel.hash(), blocked.kernel.hash());
  TestKernel posted = before;
  posted.post(1, dup(3));
  EXPECT_NE(posted.kernel, before.kernel);
  EXPECT_NE(posted.kernel.hash(), before.kernel.hash());
}

// A step back is an old copy.
TEST(KernelValue, StepsBackByACopy) {
  TestKernel k = busy_kernel();
  const TestKernel before = k;
  k.run(1, read(3, 2));
  k = before;
  EXPECT_EQ(k.run(1, read(3, 2)), "2 \"da\"");
}

// A new kernel has its processes and nothing else.
TEST(KernelValue, BeginsWithIdleTasks) {
  const TestKernel k(some_tasks(2));
  EXPECT_TRUE(k.kernel.idle(TaskId{1}));
  EXPECT_TRUE(k.kernel.idle(TaskId{2}));
  EXPECT_FALSE(k.kernel.exists(TaskId{3}));
  EXPECT_FALSE(k.kernel.exists(kNoTask));
  EXPECT_EQ(k.kernel.first_runnable(), kNoTask);
  EXPECT_EQ(k.kernel.snapshot(), Snapshot{});
}

// Pages and objects are numbered by appearance: a snapshot has no addresses.
TEST(KernelSnapshot, NamesPagesByFirstAppearance) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, pipe2());
  k.run(1, write(6, u64{5000}));
  k.run(1, write(4, u64{10}));
  const Snapshot snapshot = k.kernel.snapshot();
  ASSERT_EQ(snapshot.pipes.size(), 2U);
  EXPECT_EQ(snapshot.pipes[0].name, "pipe:1");
  EXPECT_EQ(snapshot.pipes[0].slots[0].page, Identity{0});
  EXPECT_EQ(snapshot.pipes[1].slots[0].page, Identity{1});
  EXPECT_EQ(snapshot.pipes[1].slots[1].page, Identity{2});
}

// A snapshot is printed as people draw it.
TEST(KernelSnapshot, PrintsAPipe) {
  TestKernel k;
  k.run(1, pipe2(kODirect));
  k.run(1, write(4, u64{100}));
  k.run(1, write(4, u64{7}));
  k.run(1, read(3, 10));
  k.run(1, mkfifo("f"));
  k.run(1, fork(2));
  k.run(2, open("f", kORdonly));
  EXPECT_EQ(
      to_text(k.kernel.snapshot()),
      "  pipe:1: head 2 tail 1 max_usage 16 ring_size 16 readers 1 writers 1 files 2 r_counter 1 "
      "w_counter 1 nr_accounted 16 tmp_page [page 1 -]\n"
      "    [  1] page 0   offset 0     len 7     P anon\n"
      "  f: head 0 tail 0 max_usage 16 ring_size 16 readers 1 writers 0 files 1 r_counter 2 "
      "w_counter 1 nr_accounted 16 tmp_page [- -]\n"
      "    rd_wait: task 2 (all)\n");
}

// The tree lies on its side: the root at the left, the greatest priority on top.
TEST(KernelSnapshot, PrintsAQueue) {
  TestKernel k(some_tasks(2));
  k.run(1, mq_open("q", kOCreat | kORdwr, 4, 100));
  for (const u32 prio : {5U, 9U, 2U, 5U}) {
    k.run(1, mq_send(3, "text", prio));
  }
  k.run(2, mq_open("q", kOWronly));
  k.run(2, mq_send(3, "more", 7));
  EXPECT_EQ(to_text(k.kernel.snapshot()),
            "  mqueue \"q\": mq_maxmsg 4 mq_msgsize 100 mq_curmsgs 4 qsize 16 node_cache full\n"
            "        9 red rightmost  [4]\n"
            "    5 black  [4] [4]\n"
            "        2 red  [4]\n"
            "    e_wait_q[SEND]: task 2 (prio 7, 4 bytes)\n");
}

}  // namespace
}  // namespace ipcsim
