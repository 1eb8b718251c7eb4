// Poll masks. Measured on linux 6.18.44; the names in brackets are those of the measurements.
#include <poll.h>

#include <gtest/gtest.h>

#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {
namespace {

constexpr u32 kRead = TestPipe::kReadEnd;
constexpr u32 kWrite = TestPipe::kWriteEnd;

// Masks are compared with a real kernel's by their bits.
TEST(PipePoll, HasTheHostsBits) {
  EXPECT_EQ(kPollIn, static_cast<u32>(POLLIN));
  EXPECT_EQ(kPollOut, static_cast<u32>(POLLOUT));
  EXPECT_EQ(kPollErr, static_cast<u32>(POLLERR));
  EXPECT_EQ(kPollHup, static_cast<u32>(POLLHUP));
  EXPECT_EQ(kPollRdNorm, static_cast<u32>(POLLRDNORM));
  EXPECT_EQ(kPollWrNorm, static_cast<u32>(POLLWRNORM));
}

// Empty, both ends open. [P01]
TEST(PipePoll, OfAnEmptyPipe) {
  TestPipe p = TestPipe::pipe2(false);
  EXPECT_EQ(p.poll(kRead), "0");
  EXPECT_EQ(p.poll(kWrite), "POLLOUT|POLLWRNORM");
}

// Some data: both sides can go on. [P02]
TEST(PipePoll, OfAPipeWithData) {
  TestPipe p = TestPipe::pipe2(false);
  p.write(1);
  EXPECT_EQ(p.poll(kRead), "POLLIN|POLLRDNORM");
  EXPECT_EQ(p.poll(kWrite), "POLLOUT|POLLWRNORM");
}

// No free slot: nothing for the writer. [P03]
TEST(PipePoll, OfAFullPipe) {
  TestPipe p = TestPipe::pipe2(true);
  p.write(65536);
  EXPECT_EQ(p.poll(kRead), "POLLIN|POLLRDNORM");
  EXPECT_EQ(p.poll(kWrite), "0");
}

// The hang-up shows beside the data, and alone at the end of file. [P04]
TEST(PipePoll, WithoutWriters) {
  TestPipe p = TestPipe::pipe2(false);
  p.write(1);
  p.close(kWrite);
  EXPECT_EQ(p.poll(kRead), "POLLIN|POLLHUP|POLLRDNORM");
  p.read(1);
  EXPECT_EQ(p.poll(kRead), "POLLHUP");
}

// The error shows beside the room, and alone when there is none. [P05]
TEST(PipePoll, WithoutReaders) {
  TestPipe empty = TestPipe::pipe2(true);
  empty.close(kRead);
  EXPECT_EQ(empty.poll(kWrite), "POLLOUT|POLLERR|POLLWRNORM");
  TestPipe full = TestPipe::pipe2(true);
  full.write(65536);
  full.close(kRead);
  EXPECT_EQ(full.poll(kWrite), "POLLERR");
}

// With one slot a single byte is "full", though the page takes 4095 more. [P06]
TEST(PipePoll, OfAPipeOfOneSlot) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.set_size(4096), "4096");
  EXPECT_EQ(p.poll(kWrite), "POLLOUT|POLLWRNORM");
  p.write(1);
  EXPECT_EQ(p.poll(kWrite), "0");
  EXPECT_EQ(p.write(1), "1");
  EXPECT_EQ(p.write(4094), "4094");
  EXPECT_EQ(p.write(1), "-1 EAGAIN");
  EXPECT_EQ(p.ring(),
            "head=1 tail=0 max_usage=1 ring_size=1 nr_accounted=1 poll_usage=1 tmp_page=[-,-] | "
            "0:{pg0 off=0 len=4096 M anon}");
}

// A FIFO's reader that was there before any writer sees no hang-up until one has come and gone.
// [P07]
TEST(PipePoll, HidesTheHangUpFromAnEarlyReaderOfAFifo) {
  TestPipe p = TestPipe::fifo();
  const u32 first = p.open("r", true);
  EXPECT_EQ(p.poll(first), "0");
  EXPECT_EQ(p.read_from(first, 1), "0");
  u32 writer = p.open("w", true);
  EXPECT_EQ(p.poll(first), "0");
  EXPECT_EQ(p.read_from(first, 1), "-1 EAGAIN");
  p.close(writer);
  EXPECT_EQ(p.poll(first), "POLLHUP");
  const u32 second = p.open("r", true);
  EXPECT_EQ(p.poll(second), "0");
  EXPECT_EQ(p.poll(first), "POLLHUP");
  writer = p.open("w", true);
  p.close(writer);
  EXPECT_EQ(p.poll(second), "POLLHUP");
  EXPECT_EQ(p.ring(),
            "head=0 tail=0 readers=2 writers=0 r_counter=3 w_counter=3 poll_usage=1 "
            "tmp_page=[-,-] | empty");
}

// A FIFO opened for both shows both sides at once. [P08]
TEST(PipePoll, JoinsBothSidesOfAFifo) {
  TestPipe p = TestPipe::fifo();
  const u32 both = p.open("rw", true);
  EXPECT_EQ(p.poll(both), "POLLOUT|POLLWRNORM");
  EXPECT_EQ(p.write_to(both, 5), "5");
  EXPECT_EQ(p.poll(both), "POLLIN|POLLOUT|POLLRDNORM|POLLWRNORM");
  EXPECT_EQ(p.write_to(both, 100000), "63136");
  EXPECT_EQ(p.poll(both), "POLLIN|POLLRDNORM");
  EXPECT_EQ(p.ring(),
            "head=16 tail=0 files=1 r_counter=2 w_counter=2 poll_usage=1 tmp_page=[-,-] | "
            "0:{pg0 off=0 len=1701 M anon} 1..15:{off=0 len=4096 M anon}");
  EXPECT_EQ(p.read_from(both, 3), "3");
}

// Once a pipe was polled every write wakes its readers, even one that failed: an edge-triggered
// poller counts on it. [P10, P12]
TEST(PipePoll, MakesEveryWriteWakeReaders) {
  TestPipe p = TestPipe::pipe2(true);
  p.write(65536);
  EXPECT_EQ(p.effects(), "wake rd_wait, SIGIO readers");
  p.write(1);
  EXPECT_EQ(p.effects(), "SIGIO readers");
  p.poll(kRead);
  EXPECT_EQ(p.write(1), "-1 EAGAIN");
  EXPECT_EQ(p.effects(), "wake rd_wait, SIGIO readers");
  p.close(kRead);
  EXPECT_EQ(p.write(1), "-1 EPIPE");
  EXPECT_EQ(p.effects(), "SIGPIPE, wake rd_wait, SIGIO readers");
}

// Writers are woken by a read only if it freed a slot of a full ring. [P11]
TEST(PipePoll, MakesNoReadWakeMoreWriters) {
  TestPipe p = TestPipe::pipe2(true);
  p.poll(kWrite);
  p.write(10);
  p.read(10);
  EXPECT_EQ(p.effects(), "SIGIO writers");
  p.write(65536);
  p.read(1);
  EXPECT_EQ(p.effects(), "SIGIO writers");
  p.read(4095);
  EXPECT_EQ(p.effects(), "wake wr_wait, SIGIO writers");
  p.read(4096);
  EXPECT_EQ(p.effects(), "SIGIO writers");
}

}  // namespace
}  // namespace ipcsim
