// What fits: the behaviours that a byte ring gets wrong, with the numbers that Linux 6.1, 6.12 and
// 6.18 gave.
#include <gtest/gtest.h>

#include "sim/workload/size_probe.hpp"

namespace ipcsim {
namespace {

PipeProbe probe(u64 size, u64 write, bool packets = false) {
  return probe_pipe(size, write, packets, 4096, *find_profile("linux-6.18"));
}

TEST(Probe, WritesOfHalfAPageAndAByteWasteHalfThePipe) {
  const PipeProbe got = probe(65536, 2049);
  EXPECT_EQ(got.writes, 16);
  EXPECT_EQ(got.capacity_bytes, 32784);
}

TEST(Probe, WritesOfAPageButAByteLeaveRoomForOneByte) {
  const PipeProbe got = probe(65536, 4095);
  EXPECT_EQ(got.writes, 16);
  EXPECT_EQ(got.more_bytes, 1);
}

TEST(Probe, SmallWritesShareAPageWhileTheyFit) {
  const PipeProbe got = probe(65536, 511);
  EXPECT_EQ(got.writes, 128);
  EXPECT_EQ(got.capacity_bytes, 65408);
}

TEST(Probe, APacketTakesASlotHoweverSmall) {
  const PipeProbe got = probe(65536, 1, true);
  EXPECT_EQ(got.writes, 16);
  EXPECT_EQ(got.capacity_bytes, 16);
}

TEST(Probe, SizesAreRoundedUpToAPowerOfTwo) {
  EXPECT_EQ(probe(12288, 1).size_bytes, 16384);
  EXPECT_EQ(probe(20480, 1).size_bytes, 32768);
}

// A full pipe of 8 KiB is writable again when its first page is read to the end, not before: with
// 3868 bytes read 4324 are left and nothing fits, and 228 more make room.
TEST(Probe, RoomAppearsWithAWholePage) {
  const PipeProbe got = probe(8192, 8192);
  EXPECT_EQ(got.read_for_room, 3868 + 228);
  EXPECT_EQ(got.left_then, 4324 - 227);
}

TEST(Budget, CountsPagesAgainstBothLimits) {
  BudgetLimits limits;
  limits.pipe_pages_used = 384;
  const Budget pipe = pipe_budget(65536, 4096, limits);
  EXPECT_EQ(pipe.charged, 16);
  EXPECT_EQ(pipe.fits_soft, 1000);
  EXPECT_EQ(pipe.fits_hard, kNoLimit);
  EXPECT_FALSE(pipe.privileged);
  EXPECT_TRUE(pipe_budget(2U << 20U, 4096, limits).privileged);
}

TEST(Budget, CountsAQueueAsItsCreationDoes) {
  const Budget queue = queue_budget({10, 8192}, {});
  EXPECT_EQ(queue.charged, mq_bytes({10, 8192}));
  EXPECT_EQ(queue.fits_soft, 819200 / queue.charged);
}

}  // namespace
}  // namespace ipcsim
