// What a read takes out of the ring. Measured on linux 6.18.44; the names in brackets are those of
// the measurements.
#include <gtest/gtest.h>

#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {
namespace {

constexpr u64 kPage = 4096;

// Nothing there: EAGAIN while a writer may come, end of file when none can. The buffer is not
// looked at. [R01]
TEST(PipeRead, OfAnEmptyPipe) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.read(1), "-1 EAGAIN");
  EXPECT_EQ(p.read({segment(1, 0)}), "-1 EAGAIN");
  p.close(TestPipe::kWriteEnd);
  EXPECT_EQ(p.read(1), "0");
  EXPECT_EQ(p.read({segment(1, 0)}), "0");
}

// Data outlives the writers. [R02]
TEST(PipeRead, TakesWhatTheLastWriterLeft) {
  TestPipe p = TestPipe::pipe2(false);
  EXPECT_EQ(p.write(10), "10");
  p.close(TestPipe::kWriteEnd);
  EXPECT_EQ(p.read(4), "4");
  EXPECT_EQ(p.read(100), "6");
  EXPECT_EQ(p.read(100), "0");
}

// One read takes as many slots as there are, and does not wait for more. [R03]
TEST(PipeRead, TakesSeveralSlots) {
  TestPipe p = TestPipe::pipe2(false);
  EXPECT_EQ(p.write(4000), "4000");
  EXPECT_EQ(p.write(4000), "4000");
  EXPECT_EQ(p.read(6000), "6000");
  EXPECT_EQ(p.ring(), "head=2 tail=1 tmp_page=[pg0,-] | 1:{pg1 off=2000 len=2000 M anon}");
  EXPECT_EQ(p.read(6000), "2000");
}

// readv() fills its segments as one run. [R07]
TEST(PipeRead, FillsSegmentsAsOneRun) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(10), "10");
  EXPECT_EQ(p.read({segment(3), segment(0), segment(4)}), "7");
  EXPECT_EQ(p.bytes(), std::string("\0\1\2\3\4\5\6", 7));
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=7 len=3 M anon}");
}

// A slot that is read in part stays; only the byte that empties it makes room. [R09]
TEST(PipeRead, FreesASlotWithItsLastByte) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(65536), "65536");
  EXPECT_EQ(p.read(1), "1");
  EXPECT_EQ(p.poll(TestPipe::kWriteEnd), "0");
  EXPECT_EQ(p.read(4095), "4095");
  EXPECT_EQ(p.poll(TestPipe::kWriteEnd), "POLLOUT|POLLWRNORM");
}

// O_DIRECT on the read end means nothing. [R10]
TEST(PipeRead, IgnoresItsOwnPacketMode) {
  TestPipe p = TestPipe::pipe2(true);
  p.file(TestPipe::kReadEnd).packets = true;
  EXPECT_EQ(p.write(10), "10");
  EXPECT_EQ(p.write(10), "10");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=20 M anon}");
  EXPECT_EQ(p.read(5), "5");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=5 len=15 M anon}");
}

// FIONREAD counts bytes over all slots, a packet's too. [A04, S06]
TEST(PipeFionread, AddsAllSlots) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.fionread(), 0U);
  p.write(5000);
  p.file(TestPipe::kWriteEnd).packets = true;
  p.write(kPage);
  EXPECT_EQ(p.fionread(), 9096U);
  p.read(1);
  EXPECT_EQ(p.fionread(), 9095U);
}

// The kernel's other slots are read the same way; only their pages are given back, not kept.
TEST(PipeRead, DoesNotKeepAPageOfAnotherKind) {
  for (const PipeBufOps ops : {PipeBufOps::kPageCache, PipeBufOps::kUserPage, PipeBufOps::kDefault,
                               PipeBufOps::kNosteal}) {
    TestPipe p = TestPipe::pipe2(true);
    p.write(10);
    p.inode.slot(0).ops = ops;
    p.inode.slot(0).flags = 0;
    EXPECT_EQ(p.read(10), "10");
    EXPECT_EQ(p.ring(), "head=1 tail=1 tmp_page=[-,-] | empty");
    EXPECT_EQ(p.pages.live(), 0U);
  }
}

}  // namespace
}  // namespace ipcsim
