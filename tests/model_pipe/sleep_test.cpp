// Calls that sleep, section by section, and whom they wake. The names in brackets are those of the
// measurements on linux 6.18.44.
#include <gtest/gtest.h>

#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {
namespace {

constexpr u64 kPage = 4096;

/// Fills the pipe without sleeping.
void fill(TestPipe& p, u64 len = 65536) {
  p.file(TestPipe::kWriteEnd).nonblock = true;
  p.write(len);
  p.file(TestPipe::kWriteEnd).nonblock = false;
}

// A read that found nothing takes what the first write brings, however large its buffer is. [B01]
TEST(SleepingRead, TakesTheFirstWrite) {
  TestPipe p = TestPipe::pipe2(false);
  TestCall read = p.start_read(100000);
  EXPECT_EQ(p.read_section(read), "asleep");
  EXPECT_EQ(p.effects(), "");
  EXPECT_EQ(p.write(10), "10");
  EXPECT_EQ(p.effects(), "wake rd_wait, SIGIO readers");
  EXPECT_EQ(p.read_section(read), "10");
  EXPECT_EQ(p.effects(), "SIGIO writers");
}

// The last writer's end wakes it, too. [B02]
TEST(SleepingRead, SeesTheEndOfFile) {
  TestPipe p = TestPipe::pipe2(false);
  TestCall read = p.start_read(100);
  EXPECT_EQ(p.read_section(read), "asleep");
  p.close(TestPipe::kWriteEnd);
  EXPECT_EQ(p.read_section(read), "0");
}

// Somebody else was faster: back to sleep.
TEST(SleepingRead, SleepsOnWhenThereIsNothing) {
  TestPipe p = TestPipe::pipe2(false);
  TestCall read = p.start_read(100);
  EXPECT_EQ(p.read_section(read), "asleep");
  p.write(10);
  EXPECT_EQ(p.read(10), "10");
  EXPECT_EQ(p.read_section(read), "asleep");
}

// A reader that slept and leaves bytes behind wakes the next one; one that did not sleep does not.
TEST(SleepingRead, PassesTheBatonOn) {
  TestPipe p = TestPipe::pipe2(false);
  TestCall read = p.start_read(1);
  EXPECT_EQ(p.read_section(read), "asleep");
  p.write(3);
  EXPECT_EQ(p.read_section(read), "1");
  EXPECT_EQ(p.effects(), "wake rd_wait, SIGIO writers");
  EXPECT_EQ(p.read(1), "1");
  EXPECT_EQ(p.effects(), "SIGIO writers");
}

// A signal ends the sleep before anything is looked at. [B06]
TEST(SleepingRead, IsInterrupted) {
  TestPipe p = TestPipe::pipe2(false);
  TestCall read = p.start_read(1);
  EXPECT_EQ(p.read_section(read), "asleep");
  EXPECT_EQ(p.read_section(read, true), "-1 ERESTARTSYS");
  EXPECT_EQ(p.effects(), "");
}

// Data that came together with the signal is read.
TEST(SleepingRead, PrefersDataToTheSignal) {
  TestPipe p = TestPipe::pipe2(false);
  TestCall read = p.start_read(1);
  EXPECT_EQ(p.read_section(read), "asleep");
  p.write(1);
  EXPECT_EQ(p.read_section(read, true), "1");
}

// A large write needs its reader: it goes on slot by slot, not byte by byte. [B03]
TEST(SleepingWrite, GoesOnSlotBySlot) {
  TestPipe p = TestPipe::pipe2(false);
  TestCall write = p.start_write(100000);
  EXPECT_EQ(p.write_section(write), "asleep");
  EXPECT_EQ(p.effects(), "wake rd_wait, SIGIO readers");
  EXPECT_EQ(p.fionread(), 65536U);
  EXPECT_EQ(p.read(1), "1");
  EXPECT_EQ(p.effects(), "SIGIO writers");
  EXPECT_EQ(p.write_section(write), "asleep");
  EXPECT_EQ(p.fionread(), 65535U);
  EXPECT_EQ(p.read(4095), "4095");
  EXPECT_EQ(p.effects(), "wake wr_wait, SIGIO writers");
  EXPECT_EQ(p.write_section(write), "asleep");
  EXPECT_EQ(p.fionread(), 65536U);
  EXPECT_EQ(p.read(100000), "65536");
  EXPECT_EQ(p.write_section(write), "100000");
  EXPECT_EQ(p.read(100000), "30368");
}

// The last reader's end gives a short count, and SIGPIPE all the same. [B04]
TEST(SleepingWrite, IsCutWhenTheLastReaderGoes) {
  TestPipe p = TestPipe::pipe2(false);
  TestCall write = p.start_write(100000);
  EXPECT_EQ(p.write_section(write), "asleep");
  p.close(TestPipe::kReadEnd);
  EXPECT_EQ(p.write_section(write), "65536");
  EXPECT_EQ(p.effects(), "SIGPIPE, SIGIO readers");
}

// Before the first byte it is an error. [B05]
TEST(SleepingWrite, FailsWhenTheLastReaderGoesBeforeTheFirstByte) {
  TestPipe p = TestPipe::pipe2(false);
  fill(p);
  TestCall write = p.start_write(1);
  EXPECT_EQ(p.write_section(write), "asleep");
  p.close(TestPipe::kReadEnd);
  EXPECT_EQ(p.write_section(write), "-1 EPIPE");
  EXPECT_EQ(p.effects(), "SIGPIPE, SIGIO readers");
}

// A larger ring lets it finish. [B09]
TEST(SleepingWrite, FinishesWhenTheRingGrows) {
  TestPipe p = TestPipe::pipe2(false);
  TestCall write = p.start_write(100000);
  EXPECT_EQ(p.write_section(write), "asleep");
  EXPECT_EQ(p.set_size(131072), "131072");
  EXPECT_EQ(p.effects(), "wake any wr_wait");
  EXPECT_EQ(p.write_section(write), "100000");
  EXPECT_EQ(p.effects(), "SIGIO readers, wake wr_wait");
  EXPECT_EQ(p.fionread(), 100000U);
}

// A signal cuts what has begun. [B14]
TEST(SleepingWrite, IsCutByASignal) {
  TestPipe p = TestPipe::pipe2(false);
  p.set_size(8192);
  TestCall write = p.start_write(10000);
  EXPECT_EQ(p.write_section(write), "asleep");
  EXPECT_EQ(p.write_section(write, true), "8192");
}

// Up to a page nothing has begun: the room in the last page was not used. [B15]
TEST(SleepingWrite, IsInterruptedWholeUpToAPage) {
  TestPipe p = TestPipe::pipe2(false);
  fill(p, 15 * kPage);
  p.write(4000);
  TestCall write = p.start_write(97);
  EXPECT_EQ(p.write_section(write), "asleep");
  EXPECT_EQ(p.write_section(write, true), "-1 ERESTARTSYS");
  EXPECT_EQ(p.fionread(), 65440U);
}

// With a signal pending it first fills what is free.
TEST(SleepingWrite, FillsTheSpaceBeforeTheSignal) {
  TestPipe p = TestPipe::pipe2(false);
  fill(p);
  TestCall write = p.start_write(3 * kPage);
  EXPECT_EQ(p.write_section(write), "asleep");
  p.read(2 * kPage);
  EXPECT_EQ(p.write_section(write, true), "8192");
}

// After a sleep nothing merges: room in the last page is for calls that begin.
TEST(SleepingWrite, DoesNotMergeAfterItsSleep) {
  TestPipe p = TestPipe::pipe2(false);
  fill(p);
  TestCall write = p.start_write(10);
  EXPECT_EQ(p.write_section(write), "asleep");
  p.read(2 * kPage);
  p.write(20);
  EXPECT_EQ(p.write_section(write), "10");
  EXPECT_EQ(p.ring(),
            "head=18 tail=2 tmp_page=[-,-] | 2..15:{off=0 len=4096 M anon} "
            "0:{pg14 off=0 len=20 M anon} 1:{pg15 off=0 len=10 M anon}");
}

// O_NONBLOCK that was set meanwhile counts. [E16]
TEST(SleepingWrite, SeesNonblockAfterItsSleep) {
  TestPipe p = TestPipe::pipe2(false);
  TestCall write = p.start_write(200000);
  EXPECT_EQ(p.write_section(write), "asleep");
  p.file(TestPipe::kWriteEnd).nonblock = true;
  EXPECT_EQ(p.read(8192), "8192");
  EXPECT_EQ(p.write_section(write), "73728");
}

// A writer that slept and leaves a free slot wakes the next one; one that did not sleep does not.
TEST(SleepingWrite, PassesTheBatonOn) {
  TestPipe p = TestPipe::pipe2(false);
  fill(p);
  TestCall write = p.start_write(10);
  EXPECT_EQ(p.write_section(write), "asleep");
  EXPECT_EQ(p.effects(), "SIGIO readers");
  p.read(2 * kPage);
  EXPECT_EQ(p.write_section(write), "10");
  EXPECT_EQ(p.effects(), "SIGIO readers, wake wr_wait");
}

// It keeps the baton when the ring is full again.
TEST(SleepingWrite, KeepsTheBatonOfAFullRing) {
  TestPipe p = TestPipe::pipe2(false);
  fill(p);
  TestCall write = p.start_write(10);
  EXPECT_EQ(p.write_section(write), "asleep");
  p.read(kPage);
  EXPECT_EQ(p.write_section(write), "10");
  EXPECT_EQ(p.effects(), "SIGIO readers");
}

// A writer that found the pipe empty after its sleep wakes readers again.
TEST(SleepingWrite, WakesReadersOfAPipeThatWasDrained) {
  TestPipe p = TestPipe::pipe2(false);
  TestCall write = p.start_write(100000);
  EXPECT_EQ(p.write_section(write), "asleep");
  p.read(65536);
  EXPECT_EQ(p.write_section(write), "100000");
  EXPECT_EQ(p.effects(), "wake rd_wait, SIGIO readers, wake wr_wait");
}

}  // namespace
}  // namespace ipcsim
