// tee(). The results and rings are those of linux 6.18.44.
#include <gtest/gtest.h>

#include "tests/model_pipe/test_pipes.hpp"

namespace ipcsim {
namespace {

constexpr u32 kP = TestPipes::kP;
constexpr u32 kQ = TestPipes::kQ;

// [X08] Copies from the tail on, again and again; the source stays as it is and mergeable.
TEST(PipeTee, CopiesWithoutConsuming) {
  TestPipes t(2);
  t.write(kP, 10);
  EXPECT_EQ(t.tee(kP, kQ, 100), "10");
  EXPECT_EQ(t.effects(), "wake any rd_wait, SIGIO readers; ");
  EXPECT_EQ(t.tee(kP, kQ, 4), "4");
  EXPECT_EQ(t.ring(kP), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=10 M anon}");
  EXPECT_EQ(t.ring(kQ),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=10 - anon} "
            "1:{pg0 off=0 len=4 - anon}");
  EXPECT_EQ(t.write(kP, 3), "3");
  EXPECT_EQ(t.write(kQ, 3), "3");
  EXPECT_EQ(t.ring(kP), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=13 M anon}");
  EXPECT_EQ(t.ring(kQ),
            "head=3 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=10 - anon} "
            "1:{pg0 off=0 len=4 - anon} 2:{pg1 off=0 len=3 M anon}");
  EXPECT_EQ(t.read(kQ, 100), "17");
}

// [X09] Empty, full, without reader, at the end.
TEST(PipeTee, FailsInOrder) {
  TestPipes t(2);
  EXPECT_EQ(t.tee(kP, kQ, 1), "-1 EAGAIN");
  t.write(kP, 1);
  t.write(kQ, 65536);
  EXPECT_EQ(t.tee(kP, kQ, 1), "-1 EAGAIN");
  t.close_readers(kQ);
  EXPECT_EQ(t.tee(kP, kQ, 1), "-1 EPIPE");
  EXPECT_EQ(t.effects(), "SIGPIPE; ");

  TestPipes u(2);
  u.close_writers(kP);
  EXPECT_EQ(u.tee(kP, kQ, 1), "0");
  u.close_readers(kQ);
  EXPECT_EQ(u.tee(kP, kQ, 1), "-1 EPIPE");
}

// [X28] One page fills a pipe.
TEST(PipeTee, FillsAPipeWithOnePage) {
  TestPipes t(2);
  t.write(kP, 4096);
  for (u32 i = 0; i < kPipeDefBuffers; ++i) {
    EXPECT_EQ(t.tee(kP, kQ, 4096), "4096");
  }
  EXPECT_EQ(t.tee(kP, kQ, 4096), "-1 EAGAIN");
  EXPECT_EQ(t.pages.refcount(t[kP].slot(t[kP].tail).page), 17U);
}

// [W36, E21] The last to free a shared page keeps it, in its own pipe.
TEST(PipeTee, LeavesAPageToItsLastUser) {
  TestPipes t(2);
  t.write(kP, 4096);
  t.tee(kP, kQ, 4096);
  t.read(kQ, 4096);
  EXPECT_EQ(t.ring(kQ), "head=1 tail=1 tmp_page=[-,-] | empty");
  t.read(kP, 4096);
  EXPECT_EQ(t.ring(kP), "head=1 tail=1 tmp_page=[pg0,-] | empty");
}

// [E26] What is merged into the source later lies behind what the copy sees.
TEST(PipeTee, DoesNotSeeALaterMerge) {
  TestPipes t(2);
  t.write(kP, "abc");
  t.tee(kP, kQ, 3);
  t.write(kP, "XYZ");
  t.read(kQ, 100);
  EXPECT_EQ(t.bytes(), "abc");
  t.read(kP, 100);
  EXPECT_EQ(t.bytes(), "abcXYZ");
}

// A packet's copy is a packet; a gift's copy is none.
TEST(PipeTee, KeepsPacketsAndDropsGifts) {
  TestPipes t(2);
  t.write_packet(kP, 10);
  t.vmsplice(kP, {{0, 20}}, true);
  EXPECT_EQ(t.tee(kP, kQ, 100), "30");
  EXPECT_EQ(t[kQ].slot(0).flags, kPipeBufFlagPacket);
  EXPECT_EQ(t[kQ].slot(1).flags, 0);
  EXPECT_EQ(t[kP].slot(1).flags, kPipeBufFlagGift);
}

// It waits as splice() does, but does not start over: an input that was emptied gives 0.
TEST(PipeTee, GivesNothingWhenTheInputWasEmptied) {
  TestPipes t(2);
  PipeToPipe call;
  EXPECT_EQ(t.tee_call_section(kP, kQ, call, 10), "asleep on the input");
  t.write(kP, 7);
  t.write(kQ, 65536);
  EXPECT_EQ(t.tee_call_section(kP, kQ, call, 10), "asleep on the output");
  t.read(kP, 7);
  t.read(kQ, 4096);
  EXPECT_EQ(t.tee_call_section(kP, kQ, call, 10), "prepared");
  EXPECT_EQ(t.tee_call_section(kP, kQ, call, 10), "0");
}

// What it saw may be gone once it holds both locks: it copies what is left, and does not look
// again.
TEST(PipeTee, CopiesWhatIsLeftOnceItHoldsTheLocks) {
  TestPipes t(2);
  t.write(kP, 7);
  PipeToPipe late;
  EXPECT_EQ(t.tee_call_section(kP, kQ, late, 10), "prepared");
  t.read(kP, 4);
  EXPECT_EQ(t.tee_call_section(kP, kQ, late, 10), "3");
  EXPECT_EQ(t.effects(), "wake any rd_wait, SIGIO readers; ");

  PipeToPipe too_late;
  EXPECT_EQ(t.tee_call_section(kP, kQ, too_late, 10), "prepared");
  t.read(kP, 10);
  EXPECT_EQ(t.tee_call_section(kP, kQ, too_late, 10), "0");
  EXPECT_EQ(t.effects(), "; ");

  PipeToPipe full;
  t.write(kP, 1);
  EXPECT_EQ(t.tee_call_section(kP, kQ, full, 10), "prepared");
  t.write(kQ, 65536);
  EXPECT_EQ(t.tee_call_section(kP, kQ, full, 10), "0");

  PipeToPipe broken;
  t.read(kQ, 65536);
  EXPECT_EQ(t.tee_call_section(kP, kQ, broken, 10), "prepared");
  t.close_readers(kQ);
  EXPECT_EQ(t.tee_call_section(kP, kQ, broken, 10), "-1 EPIPE");
  EXPECT_EQ(t.effects(), "SIGPIPE; ");
}

}  // namespace
}  // namespace ipcsim
