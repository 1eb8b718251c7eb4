// O_DIRECT: each write its own slot. Measured on linux 6.18.44; the names in brackets are those of
// the measurements.
#include <gtest/gtest.h>

#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {
namespace {

constexpr u64 kPage = 4096;

// A packet is read alone, however large the buffer. [W17]
TEST(PipePackets, HaveASlotEach) {
  TestPipe p = TestPipe::pipe2(true, true);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(p.write(1), "1");
  }
  EXPECT_EQ(p.ring(),
            "head=3 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=1 P anon} "
            "1:{pg1 off=0 len=1 P anon} 2:{pg2 off=0 len=1 P anon}");
  EXPECT_EQ(p.read(10), "1");
  EXPECT_EQ(p.read(10), "1");
  EXPECT_EQ(p.ring(), "head=3 tail=2 tmp_page=[pg0,pg1] | 2:{pg2 off=0 len=1 P anon}");
}

// A pipe counts slots, not bytes: sixteen bytes can fill 65536. [W18]
TEST(PipePackets, FillThePipeWithSixteenBytes) {
  TestPipe p = TestPipe::pipe2(true, true);
  int accepted = 0;
  while (p.write(1) == "1") {
    ++accepted;
  }
  EXPECT_EQ(accepted, 16);
  EXPECT_EQ(p.poll(TestPipe::kWriteEnd), "0");
  EXPECT_EQ(p.fionread(), 16U);
}

// A packet is at most a page long. [W19]
TEST(PipePackets, SplitALargeWrite) {
  TestPipe p = TestPipe::pipe2(true, true);
  EXPECT_EQ(p.write(5000), "5000");
  EXPECT_EQ(p.ring(),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=4096 P anon} "
            "1:{pg1 off=0 len=904 P anon}");
  EXPECT_EQ(p.read(10000), "4096");
  EXPECT_EQ(p.read(10000), "904");
  EXPECT_EQ(p.read(10000), "-1 EAGAIN");
}

// A short read of a packet loses the rest of it. [W20]
TEST(PipePackets, LoseWhatIsNotRead) {
  TestPipe p = TestPipe::pipe2(true, true);
  EXPECT_EQ(p.write(100), "100");
  EXPECT_EQ(p.write(7), "7");
  EXPECT_EQ(p.read(10), "10");
  EXPECT_EQ(p.ring(), "head=2 tail=1 tmp_page=[pg0,-] | 1:{pg1 off=0 len=7 P anon}");
  EXPECT_EQ(p.read(10), "7");
}

// The merge test looks at the slot, not at the writer: no packet comes of this. [W21]
TEST(PipePackets, MergeIntoAnOrdinarySlot) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(10), "10");
  p.file(TestPipe::kWriteEnd).packets = true;
  EXPECT_EQ(p.write(5), "5");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=15 M anon}");
  EXPECT_EQ(p.write(5), "5");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=20 M anon}");
  EXPECT_EQ(p.read(8), "8");
  EXPECT_EQ(p.read(100), "12");
}

// Nothing is ever appended to a packet, and a read stops behind it. [W22]
TEST(PipePackets, TakeNoOrdinaryWrite) {
  TestPipe p = TestPipe::pipe2(true, true);
  EXPECT_EQ(p.write(5), "5");
  p.file(TestPipe::kWriteEnd).packets = false;
  EXPECT_EQ(p.write(6), "6");
  EXPECT_EQ(p.ring(),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=5 P anon} "
            "1:{pg1 off=0 len=6 M anon}");
  EXPECT_EQ(p.read(100), "5");
  EXPECT_EQ(p.read(100), "6");
}

// A read that begins in ordinary data goes on into a packet, and loses what does not fit. [W23]
TEST(PipePackets, AreReadTogetherWithOrdinaryDataBeforeThem) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(kPage), "4096");
  p.file(TestPipe::kWriteEnd).packets = true;
  EXPECT_EQ(p.write(20), "20");
  EXPECT_EQ(p.ring(),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=4096 M anon} "
            "1:{pg1 off=0 len=20 P anon}");
  EXPECT_EQ(p.read(4106), "4106");
  EXPECT_EQ(p.ring(), "head=2 tail=2 tmp_page=[pg0,pg1] | empty");
}

// A packet ends the read also when it fills the buffer exactly. [R08]
TEST(PipePackets, EndARead) {
  TestPipe p = TestPipe::pipe2(true, true);
  p.write(50);
  p.write(50);
  EXPECT_EQ(p.read(50), "50");
  EXPECT_EQ(p.read(100), "50");
  EXPECT_EQ(p.read(100), "-1 EAGAIN");
}

// A large write that cannot wait makes whole packets only. [E03]
TEST(PipePackets, AreWrittenWholeWhenOneSlotIsFree) {
  TestPipe p = TestPipe::pipe2(true, true);
  EXPECT_EQ(p.write(15 * kPage), "61440");
  EXPECT_EQ(p.write(5000), "4096");
}

// A read that faults keeps the packet. [R06]
TEST(PipePackets, SurviveAFault) {
  TestPipe p = TestPipe::pipe2(true, true);
  p.write(50);
  EXPECT_EQ(p.read({segment(100, 10)}), "-1 EFAULT");
  EXPECT_EQ(p.read(100), "50");
}

}  // namespace
}  // namespace ipcsim
