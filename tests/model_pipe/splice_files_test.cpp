// Bytes between a pipe and what is none: devices, files, a program's memory. The results and rings
// are those of linux 6.18.44.
#include <gtest/gtest.h>

#include "tests/model_pipe/test_pipes.hpp"

namespace ipcsim {
namespace {

constexpr u32 kP = TestPipes::kP;
constexpr u32 kQ = TestPipes::kQ;
constexpr u32 kO = TestPipes::kO;

// [X01] A part of a slot goes, the rest stays mergeable.
TEST(PipeSpliceOut, TakesAPartOfASlot) {
  TestPipes t(1);
  t.write(kP, 10);
  EXPECT_EQ(t.to_null(kP, 4), "4");
  EXPECT_EQ(t.effects(), "; ");
  EXPECT_EQ(t.ring(kP), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=4 len=6 M anon}");
  EXPECT_EQ(t.to_null(kP, 100), "6");
  EXPECT_EQ(t.effects(), "; wake any wr_wait, SIGIO writers");
  EXPECT_EQ(t.to_null(kP, 100), "-1 EAGAIN");
  t.close_writers(kP);
  EXPECT_EQ(t.to_null(kP, 100), "0");
}

// [X23] Packets are bytes here: two go at once, and the rest of one stays a packet.
TEST(PipeSpliceOut, DoesNotStopAtPackets) {
  TestPipes t(1);
  t.write_packet(kP, 10);
  t.write_packet(kP, 10);
  EXPECT_EQ(t.to_file(kP, 14), "14");
  EXPECT_EQ(t.ring(kP), "head=2 tail=1 tmp_page=[pg0,-] | 1:{pg1 off=4 len=6 P anon}");
}

// What the file did not take stays in the pipe; the error counts only when nothing was moved.
TEST(PipeSpliceOut, TakesWhatTheFileTakes) {
  TestPipes t(1);
  t.write(kP, 10000);
  EXPECT_EQ(t.to_file(kP, 20000, 5000), "5000");
  EXPECT_EQ(pipe_fionread(t[kP]).v, 5000U);
  EXPECT_EQ(t.to_file(kP, 20000, 0), "-1 EFBIG");
  EXPECT_EQ(t.effects(), "; ");
}

// A call asks for signals before it looks at the pipe, even though there is data; where it wakes,
// only when the pipe is empty.
TEST(PipeSpliceOut, SignalBeatsDataButNotWhatWokeIt) {
  TestPipes t(1);
  SpliceOut interrupted;
  EXPECT_EQ(t.to_null_section(kP, interrupted, 10), "asleep on the input");
  EXPECT_EQ(t.to_null_section(kP, interrupted, 10, true), "-1 ERESTARTSYS");
  SpliceOut woken;
  EXPECT_EQ(t.to_null_section(kP, woken, 10), "asleep on the input");
  t.write(kP, 10);
  EXPECT_EQ(t.to_null_section(kP, woken, 10, true), "10");
  t.write(kP, 10);
  SpliceOut fresh;
  EXPECT_EQ(t.to_null_section(kP, fresh, 10, true), "-1 ERESTARTSYS");
  EXPECT_EQ(t.to_null_section(kP, fresh, 10), "10");
}

// [X21] Into memory: over packets and segments, as bytes.
TEST(PipeSpliceOut, FillsMemory) {
  TestPipes t(1);
  t.write(kP, "0123456789");
  EXPECT_EQ(t.to_memory(kP, {segment(4), segment(20)}), "10");
  EXPECT_EQ(t.bytes(), "0123456789");
  EXPECT_EQ(t.to_memory(kP, {segment(4), segment(20)}), "-1 EAGAIN");
  t.write_packet(kP, 30);
  EXPECT_EQ(t.to_memory(kP, {segment(4), segment(20)}), "24");
  EXPECT_EQ(t.ring(kP), "head=2 tail=1 tmp_page=[-,-] | 1:{pg0 off=24 len=6 P anon}");
}

// A slot that does not fit into the mapped memory stays whole; earlier ones are gone.
TEST(PipeSpliceOut, FaultsSlotBySlot) {
  TestPipes t(1);
  t.write_packet(kP, 10);
  t.write_packet(kP, 10);
  EXPECT_EQ(t.to_memory(kP, {segment(10), segment(10, 5)}), "10");
  EXPECT_EQ(t.to_memory(kP, {segment(10, 5)}), "-1 EFAULT");
  EXPECT_EQ(pipe_fionread(t[kP]).v, 10U);
}

// [X18, X20] One slot a piece of a page, not mergeable; a full pipe makes the count short.
TEST(PipeSpliceIn, AddsUserPages) {
  TestPipes t(1);
  EXPECT_EQ(t.vmsplice(kP, {{100, 50}}), "50");
  EXPECT_EQ(t.effects(), "wake any rd_wait, SIGIO readers; ");
  t.write(kP, 5);
  EXPECT_EQ(t.ring(kP),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg0 off=100 len=50 - user_page} "
            "1:{pg1 off=0 len=5 M anon}");
  t.read(kP, 50);
  EXPECT_EQ(t.bytes(), std::string(50, 'u'));
  EXPECT_EQ(t.ring(kP), "head=2 tail=1 tmp_page=[-,-] | 1:{pg1 off=0 len=5 M anon}");
  const std::vector<std::pair<u32, u32>> pages(20, {0, 4096});
  EXPECT_EQ(t.vmsplice(kP, pages), "61440");
  EXPECT_EQ(t.vmsplice(kP, pages), "-1 EAGAIN");
  t.close_readers(kP);
  EXPECT_EQ(t.vmsplice(kP, pages), "-1 EPIPE");
}

// A bad page counts only when nothing was added before it.
TEST(PipeSpliceIn, FaultsOnlyAtFirst) {
  TestPipes t(1);
  EXPECT_EQ(t.vmsplice(kP, {}, false, true), "-1 EFAULT");
  EXPECT_EQ(t.vmsplice(kP, {{0, 10}}, false, true), "10");
}

// The page stays the program's: what it stores later is what a reader gets.
TEST(PipeSpliceIn, SharesTheProgramsPage) {
  TestPipes t(1);
  t.vmsplice(kP, {{0, 4}});
  *t.pages.write(t.user_page) = std::byte{'!'};
  t.read(kP, 4);
  EXPECT_EQ(t.bytes(), "!uuu");
}

// [X19] A gift moves as a gift; a copy of it is none, and neither is a part.
TEST(PipeSpliceIn, MarksGifts) {
  TestPipes t(3);
  t.vmsplice(kP, {{0, 4096}}, true);
  t.vmsplice(kP, {{1, 100}}, true);
  EXPECT_EQ(t.splice(kP, kQ, 4196), "4196");
  EXPECT_EQ(t.ring(kQ),
            "head=2 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=4096 G user_page} "
            "1:{pg0 off=1 len=100 G user_page}");
  t.tee(kQ, kO, 4096);
  EXPECT_EQ(t.ring(kO), "head=1 tail=0 tmp_page=[-,-] | 0:{pg0 off=0 len=4096 - user_page}");
  t.splice(kQ, kO, 10);
  EXPECT_EQ(t[kO].slot(1).flags, 0);
}

// wait_for_space(): no reader, then full and not waiting, then a signal.
TEST(PipeSpliceIn, WaitsForOneSlot) {
  TestPipes t(1);
  SpliceIn call;
  t.write(kP, 65536);
  EXPECT_EQ(t.space_section(kP, call), "asleep on the output");
  EXPECT_EQ(t.space_section(kP, call), "asleep on the output");
  EXPECT_EQ(t.space_section(kP, call, true), "-1 ERESTARTSYS");
  t.read(kP, 4096);
  EXPECT_EQ(t.space_section(kP, call, true), "ready");
  t.close_readers(kP);
  EXPECT_EQ(t.space_section(kP, call), "-1 EPIPE");
  EXPECT_EQ(t.effects(), "SIGPIPE; ");
}

// A file is asked for no more pages than slots are free.
TEST(PipeSpliceIn, HasRoomForFreeSlots) {
  TestPipes t(1);
  EXPECT_EQ(splice_room_bytes(t[kP], 1'000'000, 4096), 65536U);
  t.write(kP, 50000);
  EXPECT_EQ(splice_room_bytes(t[kP], 1'000'000, 4096), 12288U);
  EXPECT_EQ(splice_room_bytes(t[kP], 100, 4096), 100U);
}

// [X14, E22] A file's page is shared, never kept by the pipe, and never merged with.
TEST(PipeSpliceIn, SharesTheFilesPage) {
  TestPipes t(1);
  t.add_file_slot(kP, 4000, 96);
  t.write(kP, 7);
  *(t.pages.write(t.file_page) + 4000) = std::byte{'Z'};
  t.read(kP, 96);
  EXPECT_EQ(t.bytes(), "Z" + std::string(95, 'f'));
  EXPECT_EQ(t.ring(kP), "head=2 tail=1 tmp_page=[-,-] | 1:{pg0 off=0 len=7 M anon}");
}

// A hole's slot has no page of its own, and reads as zeros.
TEST(PipeSpliceIn, ReadsHolesAsZeros) {
  TestPipes t(2);
  t.add_zero_slot(kP, 10, 20);
  t.tee(kP, kQ, 20);
  t.read(kP, 30);
  EXPECT_EQ(t.bytes(), std::string(20, '\0'));
  t.to_file(kQ, 30);
  EXPECT_EQ(t.bytes(), std::string(20, '\0'));
}

// Who may take the page itself.
TEST(PipeBuf, IsStolenWhenNobodyElseHasThePage) {
  TestPipes t(2);
  t.write(kP, 10);
  PipeBuffer& anon = t[kP].slot(0);
  EXPECT_TRUE(pipe_buf_try_steal(anon, t.pages, false));
  t.tee(kP, kQ, 10);
  EXPECT_FALSE(pipe_buf_try_steal(anon, t.pages, false));

  t.vmsplice(kP, {{0, 10}});
  t.vmsplice(kP, {{0, 10}}, true);
  EXPECT_FALSE(pipe_buf_try_steal(t[kP].slot(1), t.pages, false));
  EXPECT_EQ(t[kP].slot(1).flags, 0);
  EXPECT_FALSE(pipe_buf_try_steal(t[kP].slot(2), t.pages, false));  // the program has it, too
  EXPECT_EQ(t[kP].slot(2).flags, kPipeBufFlagGift | kPipeBufFlagLru);

  t.add_file_slot(kP, 0, 10);
  EXPECT_FALSE(pipe_buf_try_steal(t[kP].slot(3), t.pages, false));
  EXPECT_TRUE(pipe_buf_try_steal(t[kP].slot(3), t.pages, true));
  EXPECT_EQ(t[kP].slot(3).flags, kPipeBufFlagLru);
  t.add_zero_slot(kP, 0, 10);
  EXPECT_FALSE(pipe_buf_try_steal(t[kP].slot(4), t.pages, true));
}

}  // namespace
}  // namespace ipcsim
