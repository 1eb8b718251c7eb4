// splice() from pipe to pipe. The results and rings are those of linux 6.18.44.
#include <gtest/gtest.h>

#include "tests/model_pipe/test_pipes.hpp"

namespace ipcsim {
namespace {

constexpr u32 kP = TestPipes::kP;
constexpr u32 kQ = TestPipes::kQ;

// [X02] A whole slot moves as it is, so a write still merges into its page.
TEST(PipeSplice, MovesAWholeSlot) {
  TestPipes t(2);
  t.write(kP, 10);
  EXPECT_EQ(t.splice(kP, kQ, 10), "10");
  EXPECT_EQ(t.ring(kP), "head=1 tail=1 tmp_page=[-,-] | empty");
  EXPECT_EQ(t.ring(kQ), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=10 M anon}");
  EXPECT_EQ(t.write(kQ, 5), "5");
  EXPECT_EQ(t.ring(kQ), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=15 M anon}");
}

// [X03] A part of a slot is a copy that shares the page: it cannot be merged with, the source can.
TEST(PipeSplice, SharesThePageOfAPart) {
  TestPipes t(2);
  t.write(kP, 10);
  EXPECT_EQ(t.splice(kP, kQ, 4), "4");
  EXPECT_EQ(t.ring(kP), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=4 len=6 M anon}");
  EXPECT_EQ(t.ring(kQ), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=4 - anon}");
  EXPECT_EQ(t.write(kQ, 5), "5");
  EXPECT_EQ(t.ring(kQ),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=4 - anon} 1:{pg1 off=0 len=5 M anon}");
  EXPECT_EQ(t.write(kP, 5), "5");
  EXPECT_EQ(t.ring(kP), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=4 len=11 M anon}");
}

// [X05] A packet stays one, and a part of a packet is a packet.
TEST(PipeSplice, SplitsAPacketIntoTwo) {
  TestPipes t(2);
  t.write_packet(kP, 10);
  t.write_packet(kP, 10);
  EXPECT_EQ(t.splice(kP, kQ, 14), "14");
  EXPECT_EQ(t.ring(kP), "head=2 tail=1 tmp_page=[-,-] | 1:{pg0 off=4 len=6 P anon}");
  EXPECT_EQ(t.ring(kQ),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg1 off=0 len=10 P anon} "
            "1:{pg0 off=0 len=4 P anon}");
  EXPECT_EQ(t.read(kQ, 3), "3");
  EXPECT_EQ(t.read(kQ, 100), "4");
  EXPECT_EQ(t.read(kP, 100), "6");
}

// [X06] Which of the missing things counts: no data with a writer, then no reader, then the end.
TEST(PipeSplice, TestsTheInputFirst) {
  TestPipes t(2);
  EXPECT_EQ(t.splice(kP, kQ, 10), "-1 EAGAIN");
  t.close_writers(kP);
  EXPECT_EQ(t.splice(kP, kQ, 10), "0");
  EXPECT_EQ(t.effects(), "; ");
  t.close_readers(kQ);
  EXPECT_EQ(t.splice(kP, kQ, 10), "-1 EPIPE");
  EXPECT_EQ(t.effects(), "SIGPIPE; ");

  TestPipes u(2);
  u.close_readers(kQ);
  EXPECT_EQ(u.splice(kP, kQ, 10), "-1 EAGAIN");
  EXPECT_EQ(u.effects(), "; ");
  u.write(kP, 5);
  EXPECT_EQ(u.splice(kP, kQ, 10), "-1 EPIPE");
  EXPECT_EQ(u.effects(), "SIGPIPE; ");
  EXPECT_EQ(u.ring(kP), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=5 M anon}");
}

// A full output: EPIPE beats EAGAIN.
TEST(PipeSplice, TestsForReadersOfAFullOutput) {
  TestPipes t(2);
  t.write(kP, 1);
  t.write(kQ, 65536);
  EXPECT_EQ(t.splice(kP, kQ, 1), "-1 EAGAIN");
  t.close_readers(kQ);
  EXPECT_EQ(t.splice(kP, kQ, 1), "-1 EPIPE");
}

// Whom a call wakes: readers of the output by any move, writers of the input by a whole slot.
TEST(PipeSplice, WakesWithoutAKey) {
  TestPipes t(2);
  t.write(kP, 10);
  t.splice(kP, kQ, 4);
  EXPECT_EQ(t.effects(), "wake any rd_wait, SIGIO readers; ");
  t.splice(kP, kQ, 6);
  EXPECT_EQ(t.effects(), "wake any rd_wait, SIGIO readers; wake any wr_wait, SIGIO writers");
}

// Returns what it could move when the input is used up or the output full.
TEST(PipeSplice, StopsAfterProgress) {
  TestPipes t(2);
  t.write(kP, 5000);
  EXPECT_EQ(t.splice(kP, kQ, 100000), "5000");
  t.write(kP, 65536);
  EXPECT_EQ(t.splice(kP, kQ, 100000), "57344");
}

// [X25] A page that moved is kept by the pipe where it is freed.
TEST(PipeSplice, HandsThePageToTheOutput) {
  TestPipes t(2);
  t.write(kP, 10);
  t.splice(kP, kQ, 10);
  t.read(kQ, 10);
  EXPECT_EQ(t.ring(kP), "head=1 tail=1 tmp_page=[-,-] | empty");
  EXPECT_EQ(t.ring(kQ), "head=1 tail=1 tmp_page=[pg0,-] | empty");
}

// A slot that moved away leaves stale values behind, all but the operations.
TEST(PipeSplice, LeavesStaleValues) {
  TestPipes t(2);
  t.write(kP, 10);
  t.splice(kP, kQ, 10);
  EXPECT_EQ(t[kP].bufs[0].ops, PipeBufOps::kNone);
  EXPECT_EQ(t[kP].bufs[0].len, 10U);
  EXPECT_EQ(t[kP].bufs[0].flags, kPipeBufFlagCanMerge);
}

// Waits for the input, then for the output; a wake-up for nothing is slept over.
TEST(PipeSplice, SleepsOnEitherPipe) {
  TestPipes t(2);
  PipeToPipe call;
  EXPECT_EQ(t.splice_section(kP, kQ, call, 10), "asleep on the input");
  EXPECT_EQ(t.splice_section(kP, kQ, call, 10), "asleep on the input");
  t.write(kP, 7);
  t.write(kQ, 65536);
  EXPECT_EQ(t.splice_section(kP, kQ, call, 10), "asleep on the output");
  EXPECT_EQ(t.splice_section(kP, kQ, call, 10), "asleep on the output");
  t.read(kQ, 4096);
  EXPECT_EQ(t.splice_section(kP, kQ, call, 10), "7");
}

// Somebody emptied the input while the call slept for the output: it starts over.
TEST(PipeSplice, StartsOverWhenTheInputWasEmptied) {
  TestPipes t(2);
  PipeToPipe call;
  t.write(kP, 7);
  t.write(kQ, 65536);
  EXPECT_EQ(t.splice_section(kP, kQ, call, 10), "asleep on the output");
  t.read(kP, 7);
  t.read(kQ, 4096);
  EXPECT_EQ(t.splice_section(kP, kQ, call, 10), "asleep on the input");
  t.close_writers(kP);
  EXPECT_EQ(t.splice_section(kP, kQ, call, 10), "0");
}

// A signal ends a wait; on the input it counts before the missing writer, on the output last.
TEST(PipeSplice, IsInterrupted) {
  TestPipes t(2);
  PipeToPipe call;
  t.splice_section(kP, kQ, call, 10);
  t.close_writers(kP);
  EXPECT_EQ(t.splice_section(kP, kQ, call, 10, true), "-1 ERESTARTSYS");

  TestPipes u(2);
  PipeToPipe other;
  u.write(kP, 1);
  u.write(kQ, 65536);
  u.splice_section(kP, kQ, other, 10);
  EXPECT_EQ(u.splice_section(kP, kQ, other, 10, true), "-1 ERESTARTSYS");
  u.splice_section(kP, kQ, other, 10);
  u.close_readers(kQ);
  EXPECT_EQ(u.splice_section(kP, kQ, other, 10, true), "-1 EPIPE");
}

// Data that came with the signal is moved.
TEST(PipeSplice, DataBeatsASignal) {
  TestPipes t(2);
  PipeToPipe call;
  t.splice_section(kP, kQ, call, 10);
  t.write(kP, 3);
  EXPECT_EQ(t.splice_section(kP, kQ, call, 10, true), "3");
}

}  // namespace
}  // namespace ipcsim
