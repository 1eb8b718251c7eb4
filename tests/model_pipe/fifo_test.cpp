// Opening FIFOs and closing ends. Measured on linux 6.18.44; the names in brackets are those of the
// measurements.
#include <gtest/gtest.h>

#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {
namespace {

// A reader that does not wait gets in, and a writer finds it there. [F02]
TEST(FifoOpen, ReaderFirstWithoutWaiting) {
  TestPipe p = TestPipe::fifo();
  const u32 r = p.open("r", true);
  EXPECT_EQ(p.open_result(), "ok");
  const u32 w = p.open("w", true);
  EXPECT_EQ(p.open_result(), "ok");
  EXPECT_EQ(p.ring(), "head=0 tail=0 r_counter=2 w_counter=2 tmp_page=[-,-] | empty");
  EXPECT_EQ(p.write_to(w, 5), "5");
  EXPECT_EQ(p.read_from(r, 10), "5");
  p.close(w);
  EXPECT_EQ(p.read_from(r, 10), "0");
}

// A writer that does not wait is refused, and leaves no trace. [F01]
TEST(FifoOpen, WriterFirstWithoutWaiting) {
  TestPipe p = TestPipe::fifo();
  p.open("w", true);
  EXPECT_EQ(p.open_result(), "-1 ENXIO");
  EXPECT_EQ(p.ring(), "head=0 tail=0 readers=0 writers=0 files=0 tmp_page=[-,-] | empty");
}

// A reader asleep in open() counts as a reader already. [F05]
TEST(FifoOpen, WaitingReaderIsAReader) {
  TestPipe p = TestPipe::fifo();
  const u32 r = p.open("r", false);
  EXPECT_EQ(p.open_result(), "asleep");
  EXPECT_EQ(p.effects(), "wake all rd_wait");
  p.open("w", true);
  EXPECT_EQ(p.open_result(), "ok");
  EXPECT_EQ(p.effects(), "wake all rd_wait");
  EXPECT_EQ(p.resume_open(r), "ok");
}

// Any reader releases a waiting writer, also one that does not wait. [F06]
TEST(FifoOpen, WaitingWriterIsReleasedByAReader) {
  TestPipe p = TestPipe::fifo();
  const u32 w = p.open("w", false);
  EXPECT_EQ(p.open_result(), "asleep");
  const u32 r = p.open("r", true);
  EXPECT_EQ(p.resume_open(w), "ok");
  EXPECT_EQ(p.poll(r), "0");
  p.close(w);
  EXPECT_EQ(p.poll(r), "POLLHUP");
}

// Whoever opens for both releases both kinds of waiters, and never waits. [F07]
TEST(FifoOpen, ForBothReleasesReadersAndWriters) {
  TestPipe p = TestPipe::fifo();
  const u32 r = p.open("r", false);
  p.open("rw", false);
  EXPECT_EQ(p.open_result(), "ok");
  EXPECT_EQ(p.resume_open(r), "ok");

  TestPipe q = TestPipe::fifo();
  const u32 w = q.open("w", false);
  q.open("rw", false);
  EXPECT_EQ(q.resume_open(w), "ok");
}

// The meeting is on the counters: a partner that is gone again has still been there. [F08]
TEST(FifoOpen, SucceedsWhenThePartnerIsGoneAgain) {
  TestPipe p = TestPipe::fifo();
  const u32 r = p.open("r", false);
  const u32 w = p.open("w", true);
  p.close(w);
  EXPECT_EQ(p.resume_open(r), "ok");
  EXPECT_EQ(p.read_from(r, 1), "0");
}

// A signal undoes the open: readers and files are as before, only the counter has moved on. [F09]
TEST(FifoOpen, IsUndoneByASignal) {
  TestPipe p = TestPipe::fifo();
  const u32 r = p.open("r", false);
  EXPECT_EQ(p.resume_open(r, true), "-1 ERESTARTSYS");
  EXPECT_EQ(p.effects(), "wake wr_wait");
  EXPECT_EQ(p.ring(),
            "head=0 tail=0 readers=0 writers=0 files=0 r_counter=2 tmp_page=[-,-] | empty");
  const u32 w = p.open("w", false);
  EXPECT_EQ(p.resume_open(w, true), "-1 ERESTARTSYS");
  EXPECT_EQ(p.effects(), "wake all rd_wait");
  p.open("w", true);
  EXPECT_EQ(p.open_result(), "-1 ENXIO");
}

// If the partner came together with the signal, the open succeeds.
TEST(FifoOpen, PrefersThePartnerToTheSignal) {
  TestPipe p = TestPipe::fifo();
  const u32 r = p.open("r", false);
  p.open("w", true);
  EXPECT_EQ(p.resume_open(r, true), "ok");
}

// Any wake-up of rd_wait reaches waiting openers; they look at their counter and sleep on.
TEST(FifoOpen, SleepsOnWhenNobodyCame) {
  TestPipe p = TestPipe::fifo();
  const u32 r = p.open("r", false);
  EXPECT_EQ(p.resume_open(r), "asleep");
  p.open("r", true);  // another reader is no partner
  EXPECT_EQ(p.resume_open(r), "asleep");
}

// Every open counts, none is ever counted back. [F14]
TEST(FifoOpen, CountsForEver) {
  TestPipe p = TestPipe::fifo();
  p.open("r", true);
  EXPECT_EQ(p.ring(), "head=0 tail=0 writers=0 files=1 r_counter=2 tmp_page=[-,-] | empty");
  const u32 w = p.open("w", false);
  EXPECT_EQ(p.ring(), "head=0 tail=0 r_counter=2 w_counter=2 tmp_page=[-,-] | empty");
  const u32 both = p.open("rw", false);
  EXPECT_EQ(p.ring(),
            "head=0 tail=0 readers=2 writers=2 files=3 r_counter=3 w_counter=3 tmp_page=[-,-] | "
            "empty");
  p.close(both);
  p.close(w);
  EXPECT_EQ(p.ring(),
            "head=0 tail=0 writers=0 files=1 r_counter=3 w_counter=3 tmp_page=[-,-] | empty");
}

// A writer without readers fails until there is one again. [F15]
TEST(FifoOpen, NewReaderMakesWritesWorkAgain) {
  TestPipe p = TestPipe::fifo();
  u32 r = p.open("r", true);
  const u32 w = p.open("w", false);
  p.close(r);
  EXPECT_EQ(p.write_to(w, 1), "-1 EPIPE");
  EXPECT_EQ(p.effects(), "SIGPIPE, SIGIO readers");
  r = p.open("r", true);
  EXPECT_EQ(p.write_to(w, 1), "1");
  EXPECT_EQ(p.read_from(r, 5), "1");
}

// An opener asleep is counted as open. [E24]
TEST(FifoOpen, WaitingWriterIsAWriter) {
  TestPipe p = TestPipe::fifo();
  p.open("w", false);
  const u32 r = p.open("r", true);
  EXPECT_EQ(p.ring(), "head=0 tail=0 r_counter=2 w_counter=2 tmp_page=[-,-] | empty");
  EXPECT_EQ(p.poll(r), "0");
}

// A pipe that is opened again through /proc never waits, never says ENXIO, never hides a hang-up.
// [F17, F18]
TEST(FifoOpen, OfAnAnonymousPipeNeverWaits) {
  TestPipe p = TestPipe::pipe2(false);
  const u32 again = p.open("w", true);
  EXPECT_EQ(p.open_result(), "ok");
  EXPECT_EQ(p.ring(), "head=0 tail=0 writers=2 files=3 w_counter=2 tmp_page=[-,-] | empty");
  EXPECT_EQ(p.write_to(again, 4), "4");
  EXPECT_EQ(p.read(10), "4");
  p.close(again);
  p.close(TestPipe::kWriteEnd);
  EXPECT_EQ(p.poll(TestPipe::kReadEnd), "POLLHUP");
  const u32 waiting = p.open("w", false);
  EXPECT_EQ(p.open_result(), "ok");
  EXPECT_EQ(p.poll(TestPipe::kReadEnd), "0");
  p.close(waiting);
  const u32 reader = p.open("r", true);
  EXPECT_EQ(p.poll(reader), "POLLHUP");
  p.close(reader);
  p.close(TestPipe::kReadEnd);
}

// After the last reader went a writer can be opened all the same. [F18]
TEST(FifoOpen, OfAnAnonymousPipeWithoutReaders) {
  TestPipe p = TestPipe::pipe2(false);
  p.close(TestPipe::kReadEnd);
  const u32 w = p.open("w", true);
  EXPECT_EQ(p.open_result(), "ok");
  EXPECT_EQ(p.write_to(w, 1), "-1 EPIPE");
}

// A reader opened through /proc brings a pipe without readers back, with the old data in it. [E08]
TEST(FifoOpen, BringsAnAnonymousPipeBack) {
  TestPipe p = TestPipe::pipe2(true);
  p.write(5);
  p.close(TestPipe::kReadEnd);
  EXPECT_EQ(p.write(1), "-1 EPIPE");
  const u32 r = p.open("r", true);
  EXPECT_EQ(p.write(2), "2");
  EXPECT_EQ(p.read_from(r, 100), "7");
  EXPECT_EQ(p.ring(), "head=1 tail=1 r_counter=2 tmp_page=[pg0,-] | empty");
}

// open(O_ACCMODE) asks for neither side.
TEST(FifoOpen, NeedsASide) {
  TestPipe p = TestPipe::fifo();
  p.open("", true);
  EXPECT_EQ(p.open_result(), "-1 EINVAL");
}

// Everybody is woken when exactly one side has gone.
TEST(PipeRelease, WakesEverybodyWhenOneSideIsLeft) {
  TestPipe p = TestPipe::pipe2(true);
  p.close(TestPipe::kWriteEnd);
  EXPECT_EQ(p.effects(), "wake all rd_wait, wake all wr_wait, SIGIO readers, SIGIO writers");
}

// One of several writers goes unnoticed. [B17]
TEST(PipeRelease, WakesNobodyWhenBothSidesAreLeft) {
  TestPipe p = TestPipe::pipe2(true);
  const u32 again = p.open("w", true);
  p.close(again);
  EXPECT_EQ(p.effects(), "");
}

// When the other side went before, nobody is left who cares.
TEST(PipeRelease, WakesNobodyWhenBothSidesAreGone) {
  TestPipe p = TestPipe::pipe2(true);
  p.close(TestPipe::kWriteEnd);
  p.close(TestPipe::kReadEnd);
  EXPECT_EQ(p.effects(), "");
}

}  // namespace
}  // namespace ipcsim
