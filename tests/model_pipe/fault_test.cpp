// Bad pointers. Measured on linux 6.18.44; the names in brackets are those of the measurements.
#include <gtest/gtest.h>

#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {
namespace {

constexpr u64 kPage = 4096;

// No slot is made for a page that could not be filled; the page is kept. [W25]
TEST(PipeFault, OfTheFirstPageLeavesNoSlot) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write({segment(10, 0)}), "-1 EFAULT");
  EXPECT_EQ(p.ring(), "head=0 tail=0 tmp_page=[pg0,-] | empty");
  EXPECT_EQ(p.poll(TestPipe::kReadEnd), "0");
  EXPECT_EQ(p.read(1), "-1 EAGAIN");
  EXPECT_EQ(p.ring(), "head=0 tail=0 poll_usage=1 tmp_page=[pg0,-] | empty");
}

// What a fault scribbled behind the data is not data. [W26]
TEST(PipeFault, WhileMergingLeavesTheOldData) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(5), "5");
  EXPECT_EQ(p.write({segment(10, 0)}), "-1 EFAULT");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=5 M anon}");
  EXPECT_EQ(p.write({segment(20, 10)}), "-1 EFAULT");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=5 M anon}");
  EXPECT_EQ(p.write(3), "3");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=8 M anon}");
  EXPECT_EQ(p.read(8), "8");
  EXPECT_EQ(p.bytes(), std::string("\0\1\2\3\4\0\1\2", 8));
}

// Whole pages that are in count; the partial one is thrown away. [W27]
TEST(PipeFault, AfterAWholePageGivesAShortCount) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write({segment(6000, 5000)}), "4096");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[pg0,-] | 0:{pg1 off=0 len=4096 M anon}");
}

// Bytes before the fault are not kept. [W28]
TEST(PipeFault, WithinTheFirstPageKeepsNothing) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write({segment(200, 100)}), "-1 EFAULT");
  EXPECT_EQ(p.ring(), "head=0 tail=0 tmp_page=[pg0,-] | empty");
}

// writev() with a bad segment in the middle. [W30]
TEST(PipeFault, InAMiddleSegment) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write({segment(kPage), segment(10, 0), segment(10)}), "4096");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[pg0,-] | 0:{pg1 off=0 len=4096 M anon}");
  EXPECT_EQ(p.write({segment(10), segment(10, 0)}), "-1 EFAULT");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[pg0,-] | 0:{pg1 off=0 len=4096 M anon}");
}

// Space is looked for before the buffer is touched. [W31]
TEST(PipeFault, IsNotNoticedWhenThePipeIsFull) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(65536), "65536");
  EXPECT_EQ(p.write({segment(10, 0)}), "-1 EAGAIN");
}

// A kept page is used, and kept again. [W38]
TEST(PipeFault, GivesAKeptPageBack) {
  TestPipe p = TestPipe::pipe2(true);
  p.write(kPage);
  p.read(kPage);
  EXPECT_EQ(p.ring(), "head=1 tail=1 tmp_page=[pg0,-] | empty");
  EXPECT_EQ(p.write({segment(10, 0)}), "-1 EFAULT");
  EXPECT_EQ(p.ring(), "head=1 tail=1 tmp_page=[pg0,-] | empty");
  EXPECT_EQ(p.write(10), "10");
  EXPECT_EQ(p.ring(), "head=2 tail=1 tmp_page=[-,-] | 1:{pg0 off=0 len=10 M anon}");
  EXPECT_EQ(p.read(100), "10");
  EXPECT_EQ(p.ring(), "head=2 tail=2 tmp_page=[pg0,-] | empty");
}

// A read that faults has read nothing, even if bytes were copied. [R04]
TEST(PipeFault, OfAReadConsumesNothing) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(10), "10");
  EXPECT_EQ(p.read({segment(10, 0)}), "-1 EFAULT");
  EXPECT_EQ(p.read({segment(4), segment(6, 0)}), "-1 EFAULT");
  EXPECT_EQ(p.ring(), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=10 M anon}");
}

// Slots that were copied whole before the fault are read. [R05]
TEST(PipeFault, OfAReadGivesTheSlotsBeforeIt) {
  TestPipe p = TestPipe::pipe2(true);
  EXPECT_EQ(p.write(2 * kPage), "8192");
  EXPECT_EQ(p.read({segment(2 * kPage, 5000)}), "4096");
  EXPECT_EQ(p.ring(), "head=2 tail=1 tmp_page=[pg0,-] | 1:{pg1 off=0 len=4096 M anon}");
}

}  // namespace
}  // namespace ipcsim
