// The same workloads on the kernel that this runs on.
#include <gtest/gtest.h>

#include "tests/workload/streams.hpp"
#include "tools/host/measure/real_probe.hpp"
#include "tools/host/measure/real_workload.hpp"

namespace ipcsim {
namespace {

using testing::exchange;
using testing::messages;
using testing::run;
using testing::stream;

TEST(RealProbe, WhatFitsIsTheSameHere) {
  for (const u64 size : {4096U, 8192U, 12288U, 20480U, 65536U}) {
    for (const u64 write : {1U, 511U, 2049U, 4095U, 4096U, 8192U, 10000U, 65536U}) {
      for (const bool packets : {false, true}) {
        const auto real = probe_real_pipe(size, write, packets);
        if (!real) {
          GTEST_SKIP() << real.error().message;
        }
        EXPECT_EQ(*real, probe_pipe(size, write, packets, 4096, *find_profile("linux-6.18")))
            << size << " by " << write;
      }
    }
  }
}

// With equal real-time priorities on one processor nothing is left to chance: the kernel's count of
// voluntary switches is the model's, but for how the run begins and ends.
TEST(RealWorkload, FirstInFirstOutSleepsAreTheModels) {
  struct Case {
    Workload workload;
    const char* name;
  };
  const Case cases[] = {{stream(4096, 4096, 4096, 2U << 20U), "a page by pages"},
                        {stream(65536, 1000, 65536, 2U << 20U), "64 KiB by 1000"},
                        {stream(16384, 1U << 20U, 4096, 4U << 20U), "16 KiB by a MiB"},
                        {messages(10, 100, 2000), "ten messages"}};
  for (const Case& at : cases) {
    const auto real = run_real_workload(at.workload, Placement::kOneFifo, 1, 30, RealCounting::kOn);
    if (!real) {
      GTEST_SKIP() << real.error().message;
    }
    const RunResult model = run(at.workload, 1);
    EXPECT_EQ(real->all.bytes_in, model.all.bytes_in) << at.name;
    EXPECT_NEAR(static_cast<double>(real->all.sleeps), static_cast<double>(model.all.sleeps), 4)
        << at.name;
    EXPECT_NEAR(static_cast<double>(real->all.syscalls), static_cast<double>(model.all.syscalls), 4)
        << at.name;
  }
}

// What the kernel's tracepoints count is what the model counts: every wake-up and every page.
TEST(RealWorkload, FirstInFirstOutWakeUpsAndPagesAreTheModels) {
  struct Case {
    Workload workload;
    const char* name;
  };
  const Case cases[] = {{stream(4096, 4096, 4096, 2U << 20U), "a page by pages"},
                        {stream(65536, 65536, 65536, 2U << 20U), "64 KiB by 64 KiB"},
                        {stream(65536, 1000, 65536, 2U << 20U), "64 KiB by 1000"},
                        {stream(16384, 1U << 20U, 4096, 4U << 20U), "16 KiB by a MiB"},
                        {messages(10, 100, 2000), "ten messages"}};
  for (const Case& at : cases) {
    const RunResult model = run(at.workload, 1);
    const bool queue = at.workload.objects[0].queue;
    // Which task begins is a matter of chance, and an interrupt's page counts for the task that it
    // hit: seldom several times in a row.
    std::optional<KernelCounts> counted;
    for (int tries = 0; tries < 5; ++tries) {
      const auto real =
          run_real_workload(at.workload, Placement::kOneFifo, 1, 30, RealCounting::kOn);
      if (!real || !real->counted) {
        GTEST_SKIP() << (real ? "no tracepoints are to be had" : real.error().message);
      }
      counted = real->counted;
      const bool pages = queue || counted->new_pages == model.objects[0].pages_allocated;
      if (pages && counted->wakeups == model.all.wakeups) {
        break;
      }
    }
    EXPECT_EQ(counted->wakeups, model.all.wakeups) << at.name;
    if (!queue) {
      EXPECT_EQ(counted->new_pages, model.objects[0].pages_allocated) << at.name;
    }
  }
}

// What a task needs of its own is there before it is timed, or the first MiB of a short run would
// cost twice as much as the rest.
TEST(RealWorkload, TheTasksOwnMemoryIsNotTimed) {
  constexpr u64 kMiB = u64{1} << 20U;
  constexpr u64 kPagesOfABuffer = kMiB / 4096;
  const auto real = run_real_workload(stream(65536, kMiB, kMiB, 4 * kMiB), Placement::kOne, 1, 30,
                                      RealCounting::kOff);
  ASSERT_TRUE(real.has_value()) << real.error().message;
  EXPECT_LT(real->page_faults, kPagesOfABuffer / 4);
}

TEST(RealWorkload, ADeadlockIsEndedAfterTheTimeout) {
  const auto real =
      run_real_workload(exchange(4096, 100'000), Placement::kOne, 1, 0.2, RealCounting::kOff);
  ASSERT_FALSE(real.has_value());
  EXPECT_NE(real.error().message.find("was ended"), std::string::npos);
  EXPECT_FALSE(run(exchange(4096, 100'000), 1).stuck.empty());
}

}  // namespace
}  // namespace ipcsim
