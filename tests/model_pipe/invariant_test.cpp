// A checker that cannot say no is untested: each rule is broken once.
#include <gtest/gtest.h>

#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {
namespace {

/// A pipe with two slots in use and a page kept.
TestPipe some_pipe() {
  TestPipe p = TestPipe::pipe2(true);
  p.write(4096);
  p.write(4096);
  p.write(100);
  p.read(4096);
  return p;
}

std::string broken(const TestPipe& p) {
  return broken_invariant(p.inode, p.pages, newest_profile()).value_or("nothing");
}

// The defects below are planted in a sound pipe.
TEST(PipeInvariant, HoldsAtFirst) { EXPECT_EQ(broken(some_pipe()), "nothing"); }

// A ring that is no power of two would be indexed wrongly.
TEST(PipeInvariant, FindsAWrongRingSize) {
  TestPipe p = some_pipe();
  p.inode.ring_size = 15;
  EXPECT_EQ(broken(p), "ring_size 15 is a power of two and the length of bufs");
  p.inode.ring_size = 32;
  EXPECT_EQ(broken(p), "ring_size 32 is a power of two and the length of bufs");
}

// More slots than the array has cannot be used, and none is no pipe.
TEST(PipeInvariant, FindsAWrongMaxUsage) {
  TestPipe p = some_pipe();
  p.inode.max_usage = 17;
  EXPECT_EQ(broken(p), "max_usage 17 is within 1..ring_size 16");
  p.inode.max_usage = 0;
  EXPECT_EQ(broken(p), "max_usage 0 is within 1..ring_size 16");
}

// A tail that overtook the head makes an occupancy of billions.
TEST(PipeInvariant, FindsATailBeyondTheHead) {
  TestPipe p = some_pipe();
  p.inode.tail = p.inode.head + 1;
  EXPECT_EQ(broken(p), "occupancy 4294967295 is at most ring_size 16");
}

// Each reader and writer is a file.
TEST(PipeInvariant, FindsMoreReadersThanFiles) {
  TestPipe p = some_pipe();
  p.inode.readers = 3;
  EXPECT_EQ(broken(p), "readers 3 and writers 1 are at most files 2");
  p.inode.readers = 1;
  p.inode.writers = 3;
  EXPECT_EQ(broken(p), "readers 1 and writers 3 are at most files 2");
}

// A slot in use says what it holds.
TEST(PipeInvariant, FindsAnOccupiedSlotWithoutOperations) {
  TestPipe p = some_pipe();
  p.inode.slot(1).ops = PipeBufOps::kNone;
  EXPECT_EQ(broken(p), "occupied slot 1 has operations");
}

// A slot that was freed but for its operations would be freed again.
TEST(PipeInvariant, FindsAFreeSlotWithOperations) {
  TestPipe p = some_pipe();
  p.inode.slot(0).ops = PipeBufOps::kAnon;
  EXPECT_EQ(broken(p), "free slot 16 has no operations");
}

// Use after free.
TEST(PipeInvariant, FindsASlotWhosePageIsGone) {
  TestPipe p = some_pipe();
  p.pages.put(p.inode.slot(1).page);
  EXPECT_EQ(broken(p), "the page of occupied slot 1 is a live one");
  p.inode.slot(1).page = PageId{77};
  EXPECT_EQ(broken(p), "the page of occupied slot 1 is a live one");
}

// Bytes behind the end of the page.
TEST(PipeInvariant, FindsASlotThatLeavesItsPage) {
  TestPipe p = some_pipe();
  p.inode.slot(1).offset = 1;
  EXPECT_EQ(broken(p), "slot 1 ends within its page: offset 1 + len 4096 <= 4096");
  p.inode.slot(1).offset = 0xffffffffU;
  EXPECT_EQ(broken(p), "slot 1 ends within its page: offset 4294967295 + len 4096 <= 4096");
}

// The two flags are given to different writes.
TEST(PipeInvariant, FindsAMergeablePacket) {
  TestPipe p = some_pipe();
  p.inode.slot(1).flags |= kPipeBufFlagPacket;
  EXPECT_EQ(broken(p), "slot 1 is a packet or mergeable, not both");
}

// Since 6.15 a slot is made after its bytes were copied.
TEST(PipeInvariant, FindsAnEmptySlot) {
  TestPipe p = some_pipe();
  p.inode.slot(2).len = 0;
  EXPECT_EQ(broken(p), "occupied slot 2 has data");
}

// A kept page that somebody else has would be written under his eyes.
TEST(PipeInvariant, FindsAKeptPageThatIsSharedOrGone) {
  TestPipe p = some_pipe();
  const PageId kept = p.inode.tmp_page[0];
  ASSERT_NE(kept, kNoPage);
  p.pages.get(kept);
  EXPECT_EQ(broken(p), "kept page 0 has exactly one reference");
  p.pages.put(kept);
  p.pages.put(kept);
  EXPECT_EQ(broken(p), "kept page 0 has exactly one reference");
}

// A page kept twice, or kept while its slot still has it, would be two slots' page.
TEST(PipeInvariant, FindsAKeptPageWithAnotherPlace) {
  TestPipe p = some_pipe();
  p.inode.tmp_page[1] = p.inode.tmp_page[0];
  EXPECT_EQ(broken(p), "kept page 0 has no other place");
  p.inode.tmp_page[1] = p.inode.slot(1).page;
  EXPECT_EQ(broken(p), "kept page 1 has no other place");
}

// Releasing a slot that is free already is an error of this program and stops it.
TEST(PipeInvariantDeathTest, StopsWhenASlotIsReleasedTwice) {
  TestPipe p = some_pipe();
  PipeBuffer& buf = p.inode.slot(1);
  pipe_buf_release(p.inode, buf, p.pages, newest_profile());
  EXPECT_DEATH(pipe_buf_release(p.inode, buf, p.pages, newest_profile()), "check failed");
}

}  // namespace
}  // namespace ipcsim
