// What a write leaves in the ring. Numbers and rings are those of a real kernel, linux 6.18.44; the
// names in brackets are those of the measurements.
#include <gtest/gtest.h>

#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {
namespace {

constexpr u64 kPage = 4096;

// Small writes share a page: a pipe of sixteen slots holds more than sixteen writes. [W02]
TEST(PipeWrite, MergesIntoTheLastSlot) {
  TestPipe p = TestPipe::pipe2(false);
  EXPECT_EQ(p.write(5), "5");
  EXPECT_EQ(p.write(5), "5");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=10 M anon}");
}

// The last byte of a page is used. [W03]
TEST(PipeWrite, MergesExactlyToThePageEnd) {
  TestPipe p = TestPipe::pipe2(false);
  EXPECT_EQ(p.write(4000), "4000");
  EXPECT_EQ(p.write(96), "96");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=4096 M anon}");
  EXPECT_EQ(p.write(1), "1");
  EXPECT_EQ(p.ring(),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=4096 M anon} "
            "1:{pg1 off=0 len=1 M anon}");
}

// Merging is all or nothing: a write one byte too long leaves the room unused. [W04]
TEST(PipeWrite, StartsANewSlotWhenItDoesNotFitWhole) {
  TestPipe p = TestPipe::pipe2(false);
  EXPECT_EQ(p.write(4000), "4000");
  EXPECT_EQ(p.write(97), "97");
  EXPECT_EQ(p.ring(),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=4000 M anon} "
            "1:{pg1 off=0 len=97 M anon}");
}

// n mod 4096 is 0: there is nothing to merge. [W05]
TEST(PipeWrite, NeverMergesAWholePage) {
  TestPipe p = TestPipe::pipe2(false);
  EXPECT_EQ(p.write(5), "5");
  EXPECT_EQ(p.write(kPage), "4096");
  EXPECT_EQ(p.ring(),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=5 M anon} "
            "1:{pg1 off=0 len=4096 M anon}");
}

// The odd bytes of a large write go first, so that the rest is page after page. [W06]
TEST(PipeWrite, MergesTheFirstBytesOfALargeWrite) {
  TestPipe p = TestPipe::pipe2(false);
  EXPECT_EQ(p.write(5), "5");
  EXPECT_EQ(p.write(5000), "5000");
  EXPECT_EQ(p.ring(),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=909 M anon} "
            "1:{pg1 off=0 len=4096 M anon}");
}

// If they do not fit, no byte is merged and the odd bytes come last. [W07]
TEST(PipeWrite, MergesNothingOfALargeWriteWhoseOddBytesDoNotFit) {
  TestPipe p = TestPipe::pipe2(false);
  EXPECT_EQ(p.write(5), "5");
  EXPECT_EQ(p.write(8188), "8188");
  EXPECT_EQ(p.ring(),
            "head=3 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=5 M anon} "
            "1:{pg1 off=0 len=4096 M anon} 2:{pg2 off=0 len=4092 M anon}");
}

// Bytes that were read from the front of a page are not used again. [W08]
TEST(PipeWrite, CountsRoomFromOffsetPlusLen) {
  TestPipe p = TestPipe::pipe2(false);
  EXPECT_EQ(p.write(4000), "4000");
  EXPECT_EQ(p.read(3990), "3990");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=3990 len=10 M anon}");
  EXPECT_EQ(p.write(96), "96");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=3990 len=106 M anon}");
  EXPECT_EQ(p.write(1), "1");
  EXPECT_EQ(p.ring(),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg0 off=3990 len=106 M anon} "
            "1:{pg1 off=0 len=1 M anon}");
}

// A slot that was read empty is gone, and its page is the next write's. [W09]
TEST(PipeWrite, StartsANewPageWhenThePipeIsEmpty) {
  TestPipe p = TestPipe::pipe2(false);
  EXPECT_EQ(p.write(100), "100");
  EXPECT_EQ(p.read(100), "100");
  EXPECT_EQ(p.ring(), "head=1 tail=1 tmp_page=[pg0,-] | empty");
  EXPECT_EQ(p.write(50), "50");
  EXPECT_EQ(p.ring(), "head=2 tail=1 tmp_page=[-,-] | 1:{pg0 off=0 len=50 M anon}");
}

// A write without waiting puts in what goes in. [W10]
TEST(PipeWrite, FillsToCapacity) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(100000), "65536");
  EXPECT_EQ(p.ring(), "head=16 tail=0 tmp_page=[-,-] | 0..15:{off=0 len=4096 M anon}");
  EXPECT_EQ(p.write(1), "-1 EAGAIN");
  EXPECT_EQ(p.poll(TestPipe::kWriteEnd), "0");
}

// Full means no free slot; a write that fits into the last page succeeds all the same. [W11, W12]
TEST(PipeWrite, MergesIntoAFullRing) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(15 * kPage), "61440");
  EXPECT_EQ(p.write(100), "100");
  EXPECT_EQ(p.poll(TestPipe::kWriteEnd), "0");
  EXPECT_EQ(p.write(3996), "3996");
  EXPECT_EQ(p.write(1), "-1 EAGAIN");
}

// A large write into a full ring gets its odd bytes in, and no more. [W13]
TEST(PipeWrite, GetsOnlyItsOddBytesIntoAFullRing) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(15 * kPage), "61440");
  EXPECT_EQ(p.write(3000), "3000");
  EXPECT_EQ(p.write(5000), "904");
  EXPECT_EQ(p.ring(),
            "head=16 tail=0 tmp_page=[-,-] | 0..14:{off=0 len=4096 M anon} "
            "15:{pg15 off=0 len=3904 M anon}");
}

// Even if that is one byte of 4097. [W14]
TEST(PipeWrite, MayWriteOneByteOf4097) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(15 * kPage), "61440");
  EXPECT_EQ(p.write(4095), "4095");
  EXPECT_EQ(p.write(4097), "1");
  EXPECT_EQ(p.ring(), "head=16 tail=0 tmp_page=[-,-] | 0..15:{off=0 len=4096 M anon}");
}

// A whole page needs a slot of its own, however much room the last one has. [W15]
TEST(PipeWrite, NeedsAFreeSlotForAWholePage) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(15 * kPage), "61440");
  EXPECT_EQ(p.write(10), "10");
  EXPECT_EQ(p.write(kPage), "-1 EAGAIN");
  EXPECT_EQ(p.read(kPage), "4096");
  EXPECT_EQ(p.write(kPage), "4096");
  EXPECT_EQ(p.ring(),
            "head=17 tail=1 tmp_page=[-,-] | 1..14:{off=0 len=4096 M anon} "
            "15:{pg14 off=0 len=10 M anon} 0:{pg15 off=0 len=4096 M anon}");
}

// Up to PIPE_BUF bytes go in whole or not at all. [W16]
TEST(PipeWrite, IsNeverPartialUpToAPage) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(15 * kPage), "61440");
  EXPECT_EQ(p.write(2097), "2097");
  EXPECT_EQ(p.write(2000), "-1 EAGAIN");
  EXPECT_EQ(p.write(1999), "1999");
  EXPECT_EQ(p.ring(), "head=16 tail=0 tmp_page=[-,-] | 0..15:{off=0 len=4096 M anon}");
}

// writev() merges by its total length; where the segments end does not matter. [W29]
TEST(PipeWrite, TakesSegmentsAsOneRun) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(5), "5");
  EXPECT_EQ(p.write({segment(10), segment(0), segment(5000)}), "5010");
  EXPECT_EQ(p.ring(),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=919 M anon} "
            "1:{pg1 off=0 len=4096 M anon}");
}

// Two released pages are kept, the third is freed; the first kept is used first. [W35]
TEST(PipeWrite, UsesReleasedPagesAgain) {
  TestPipe p = TestPipe::pipe2(true);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(p.write(kPage), "4096");
  }
  EXPECT_EQ(p.ring(),
            "head=3 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=4096 M anon} "
            "1:{pg1 off=0 len=4096 M anon} 2:{pg2 off=0 len=4096 M anon}");
  EXPECT_EQ(p.read(kPage), "4096");
  EXPECT_EQ(p.ring(),
            "head=3 tail=1 tmp_page=[pg0,-] | 1:{pg1 off=0 len=4096 M anon} "
            "2:{pg2 off=0 len=4096 M anon}");
  EXPECT_EQ(p.read(kPage), "4096");
  EXPECT_EQ(p.ring(), "head=3 tail=2 tmp_page=[pg0,pg1] | 2:{pg2 off=0 len=4096 M anon}");
  EXPECT_EQ(p.read(kPage), "4096");
  EXPECT_EQ(p.ring(), "head=3 tail=3 tmp_page=[pg0,pg1] | empty");
  EXPECT_EQ(p.write(10), "10");
  EXPECT_EQ(p.ring(), "head=4 tail=3 tmp_page=[-,pg1] | 3:{pg0 off=0 len=10 M anon}");
}

// A page that somebody else refers to is not kept. [W36]
TEST(PipeWrite, DoesNotKeepASharedPage) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(10), "10");
  const PageId page = p.inode.slot(0).page;
  p.pages.get(page);  // as tee() does
  EXPECT_EQ(p.read(10), "10");
  EXPECT_EQ(p.ring(), "head=1 tail=1 tmp_page=[-,-] | empty");
  EXPECT_EQ(p.pages.refcount(page), 1U);
}

// head and tail only grow; the slot is the index modulo the ring's size. [W37]
TEST(PipeWrite, LetsTheIndicesRunFree) {
  TestPipe p = TestPipe::pipe2(true);
  for (int i = 0; i < 20; ++i) {
    p.write(kPage);
    p.read(kPage);
  }
  EXPECT_EQ(p.write(1), "1");
  EXPECT_EQ(p.ring(), "head=21 tail=20 tmp_page=[-,-] | 4:{pg0 off=0 len=1 M anon}");
}

// The indices have 32 bits: nothing happens when they wrap.
TEST(PipeWrite, CrossesTheEndOfTheIndices) {
  TestPipe p = TestPipe::pipe2(true);
  p.inode.head = 0xfffffffeU;
  p.inode.tail = 0xfffffffeU;
  EXPECT_EQ(p.write(4 * kPage), "16384");
  EXPECT_EQ(p.ring(), "head=2 tail=4294967294 tmp_page=[-,-] | 14..1:{off=0 len=4096 M anon}");
  EXPECT_EQ(p.read(100000), "16384");
  EXPECT_EQ(p.ring(), "head=2 tail=2 tmp_page=[pg0,pg1] | empty");
}

// Without a reader nothing is written, whatever the buffer is, and SIGPIPE is sent. [W24]
TEST(PipeWrite, FailsWithoutAReader) {
  TestPipe p = TestPipe::pipe2(true);
  p.close(TestPipe::kReadEnd);
  EXPECT_EQ(p.write(5), "-1 EPIPE");
  EXPECT_EQ(p.effects(), "SIGPIPE, SIGIO readers");
  EXPECT_EQ(p.write({segment(5, 0)}), "-1 EPIPE");
  EXPECT_EQ(p.ring(), "head=0 tail=0 readers=0 files=1 tmp_page=[-,-] | empty");
}

// RWF_NOSIGNAL spares the writer the signal, not the error. [W34]
TEST(PipeWrite, FailsWithoutASignalWhenAskedTo) {
  TestPipe p = TestPipe::pipe2(true);
  p.close(TestPipe::kReadEnd);
  PipeWrite call;
  const Segments from{segment(5)};
  const PipeSection section =
      pipe_write_section(p.inode, call, from, {.nosignal = true}, p.pages, newest_profile());
  EXPECT_EQ(text_of(section.result), "-1 EPIPE");
  EXPECT_EQ(text_of(section.effects), "SIGIO readers");
}

}  // namespace
}  // namespace ipcsim
