// Rows of a sweep and what they say together.
#include <gtest/gtest.h>

#include "tests/workload/streams.hpp"

namespace ipcsim {
namespace {

using testing::exchange;
using testing::stream;

SweepOptions options(Placement placement) {
  return {.profile = find_profile("linux-6.18"),
          .calibration = &reference_calibration(),
          .placement = placement};
}

TEST(Sweep, AnExactCountIsAnIntervalOfOneNumber) {
  const SweepRow row = sweep_row({65536, false, stream(65536, 1U << 20U, 1U << 20U, 16U << 20U)},
                                 options(Placement::kTwo));
  EXPECT_EQ(row.sleeps_per_unit.low, row.sleeps_per_unit.high);
  EXPECT_LT(row.bytes_per_second.low, row.bytes_per_second.high);
}

// Two tasks on two processors either wait for each other at each ring or run beside each other
// without a sleep, and real ones change between the two.
TEST(Sweep, TwoProcessorsMayOrMayNotWaitForEachOther) {
  const SweepRow row =
      sweep_row({16384, false, stream(16384, 4096, 4096, 8U << 20U)}, options(Placement::kTwo));
  EXPECT_LT(row.sleeps_per_unit.low, 10);
  EXPECT_GT(row.sleeps_per_unit.high, 127);
}

TEST(Sweep, OneProcessorLeavesOrderToChance) {
  const Workload workload = stream(65536, 4096, 65536, 4U << 20U);
  const SweepRow open = sweep_row({65536, false, workload}, options(Placement::kOne));
  EXPECT_LT(open.sleeps_per_unit.low, open.sleeps_per_unit.high);
  const SweepRow closed = sweep_row({65536, false, workload}, options(Placement::kOneFifo));
  EXPECT_EQ(closed.sleeps_per_unit.low, closed.sleeps_per_unit.high);
}

TEST(Sweep, OneProcessorsSleepsAreKnownToThreefold) {
  for (const u64 size : {4096U, 65536U, 262144U}) {
    for (const u64 bytes : {512U, 4096U, 50'000U}) {
      const SweepRow row =
          sweep_row({size, false, stream(size, bytes, bytes, 8U << 20U)}, options(Placement::kOne));
      EXPECT_LE(row.sleeps_per_unit.high, 3.001 * row.sleeps_per_unit.low) << size << " " << bytes;
      EXPECT_LE(row.sleeps_per_unit.low, row.sleeps_per_unit.middle) << size << " " << bytes;
      EXPECT_LE(row.sleeps_per_unit.middle, row.sleeps_per_unit.high) << size << " " << bytes;
    }
  }
}

TEST(Sweep, FindsTheLeastSizesThatFreeADeadlockAndLetNoWriterSleep) {
  std::vector<SweepRow> rows;
  for (u64 size = 4096; size <= 1U << 20U; size *= 2) {
    rows.push_back(sweep_row({size, false, exchange(size, 300'000)}, options(Placement::kTwo)));
  }
  const SweepSummary summary = summarise(rows);
  ASSERT_GE(summary.least_without_deadlock, 0);
  EXPECT_EQ(rows[static_cast<std::size_t>(summary.least_without_deadlock)].size, 524288);
  EXPECT_EQ(summary.least_without_sleeping_writers, summary.least_without_deadlock);
}

TEST(Sweep, SaysWhenEverySizeDeadlocks) {
  const SweepRow row =
      sweep_row({4096, false, exchange(4096, 300'000)}, options(Placement::kOneFifo));
  const SweepSummary summary = summarise({row});
  EXPECT_EQ(summary.least_without_deadlock, -1);
  EXPECT_EQ(summary.flat_from, -1);
}

}  // namespace
}  // namespace ipcsim
