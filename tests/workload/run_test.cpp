// What a run counts.
#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/workload/streams.hpp"

namespace ipcsim {
namespace {

using testing::exchange;
using testing::messages;
using testing::run;
using testing::sleeps_per_mib;
using testing::stream;

constexpr u64 kMib = u64{1} << 20U;

struct Measured {
  u64 pipe_bytes;
  double sleeps_per_mib;  // voluntary switches of both, 64 MiB in writes of 1 MiB, two processors
};

// Measured twice with getrusage() on Linux 6.18.44; the least of both runs.
constexpr Measured kMeasured[] = {{4096, 510.7}, {8192, 254.7},  {16384, 127.1}, {32768, 63.7},
                                  {65536, 31.7}, {131072, 15.8}, {262144, 7.9},  {524288, 3.9}};

// Writes of at least the pipe's size: the tasks take turns, and nothing is left to chance.
TEST(Run, SleepsOfWritesAsLargeAsThePipeAreTheKernels) {
  for (const auto& [pipe_bytes, measured] : kMeasured) {
    for (const u64 write_bytes : {std::max<u64>(pipe_bytes, 65536), kMib}) {
      const RunResult result = run(stream(pipe_bytes, write_bytes, kMib, 64 * kMib), 2);
      EXPECT_TRUE(result.stuck.empty());
      if (write_bytes == kMib || write_bytes > pipe_bytes) {
        EXPECT_NEAR(sleeps_per_mib(result), measured, measured * 0.03)
            << pipe_bytes << " by " << write_bytes;
      }
    }
  }
}

// Equal real-time priorities on one processor: the ring is filled and drained in turn.
TEST(Run, FirstInFirstOutSleepsTwiceARing) {
  for (const auto& [pipe_bytes, measured] : kMeasured) {
    for (const u64 write_bytes : {512U, 4096U, 65536U}) {
      const RunResult result = run(stream(pipe_bytes, write_bytes, 65536, 16 * kMib), 1);
      const double rings = static_cast<double>(16 * kMib) / static_cast<double>(pipe_bytes);
      EXPECT_NEAR(static_cast<double>(result.all.sleeps), 2 * rings, 2.0)
          << pipe_bytes << " by " << write_bytes;
    }
  }
}

TEST(Run, EveryByteArrivesWhateverTheSizes) {
  StreamParameters parameters{.writers = 3,
                              .readers = 2,
                              .write_size = *SizeSpec::parse("1..9000:3,64"),
                              .read_size = *SizeSpec::parse("1..5000"),
                              .total_bytes = kMib + 7};
  for (const WaitStyle style : {WaitStyle::kBlocking, WaitStyle::kPoll, WaitStyle::kEpoll}) {
    for (const u64 pipe_bytes : {4096U, 16384U, 65536U}) {
      for (const u32 processors : {1U, 2U, 3U}) {
        for (const SchedulePolicy policy :
             {SchedulePolicy::kRunToBlock, SchedulePolicy::kWakePreempts, SchedulePolicy::kFair}) {
          parameters.style = style;
          parameters.object = {.name = "pipe", .pipe_bytes = pipe_bytes};
          const RunResult result = run(stream_workload(parameters), processors, policy);
          EXPECT_TRUE(result.stuck.empty());
          EXPECT_EQ(result.all.bytes_in, kMib + 7);
          EXPECT_EQ(result.all.bytes_out, kMib + 7);
          EXPECT_LE(result.objects[0].most_bytes, pipe_bytes);
          EXPECT_LE(result.all.wasted, result.all.wakeups);
        }
      }
    }
  }
}

// A page at a time through a pipe of a page: the fair scheduler lets now the reader preempt the
// writer at each write, now the writer the reader. First in, first out each would sleep each time.
TEST(Run, TheFairSchedulerChangesBetweenOrders) {
  const Workload workload = stream(4096, 4096, 4096, 4 * kMib);
  const RunResult result = run(workload, 1, SchedulePolicy::kFair);
  EXPECT_GT(sleeps_per_mib(result), 260);
  EXPECT_LT(sleeps_per_mib(result), 400);
  for (const RunCounts& task : result.tasks) {
    EXPECT_GT(task.sleeps, 4 * 64);
    EXPECT_GT(task.preemptions, 4 * 64);
  }
  EXPECT_GT(sleeps_per_mib(run(workload, 1)), 500);
}

TEST(Run, TheSameSeedGivesTheSameRun) {
  StreamParameters parameters{.write_size = *SizeSpec::parse("1..9000"), .total_bytes = kMib};
  parameters.object.name = "pipe";
  const Workload workload = stream_workload(parameters);
  const RunResult first = run(workload, 2);
  const RunResult second = run(workload, 2);
  EXPECT_EQ(first.all, second.all);
  EXPECT_EQ(first.elapsed_ns, second.elapsed_ns);
}

// A pipe keeps two pages; every other slot takes a fresh one.
TEST(Run, PagesBeyondTheTwoThatAPipeKeepsAreFresh) {
  const RunResult small = run(stream(8192, 8192, 8192, kMib), 1);
  EXPECT_EQ(small.objects[0].pages_allocated, 2);
  EXPECT_EQ(small.objects[0].pages_reused, 254);
  const RunResult large = run(stream(65536, 65536, 65536, kMib), 1);
  EXPECT_EQ(large.objects[0].pages_allocated, 16 + 15 * 14);
  EXPECT_EQ(large.objects[0].pages_reused, 15 * 2);
}

// Each writes more than its pipe holds before it reads: nobody ever reads.
TEST(Run, TwoThatWriteMoreThanFitsBeforeTheyReadDeadlock) {
  for (const u64 pipe_bytes : {4096U, 16384U, 65536U}) {
    const RunResult result = run(exchange(pipe_bytes, 100'000), 2);
    ASSERT_EQ(result.stuck.size(), 2);
    EXPECT_EQ(result.stuck[0].task, "process 1");
    EXPECT_EQ(result.stuck[0].call,
              "write(100000 bytes), " + std::to_string(pipe_bytes) + " of them done");
    EXPECT_NE(result.stuck[1].where.find("pipe back"), std::string::npos);
  }
  EXPECT_TRUE(run(exchange(131072, 100'000), 2).stuck.empty());
}

// The pipe of 64 KiB holds 65536 bytes of one write; what it holds of many depends on their size.
TEST(Run, TheLastByteThatFitsFreesTheDeadlock) {
  EXPECT_TRUE(run(exchange(65536, 65536), 1).stuck.empty());
  EXPECT_EQ(run(exchange(65536, 65537), 1).stuck.size(), 2);
}

TEST(Run, SendersAndReceiversOfAQueueTakeTurns) {
  const RunResult result = run(messages(10, 100, 1000), 1);
  EXPECT_TRUE(result.stuck.empty());
  EXPECT_EQ(result.all.messages, 1000);
  EXPECT_EQ(result.all.bytes_out, 100'000);
  EXPECT_EQ(result.objects[0].most_places, 10);
  EXPECT_GT(result.write_sleeps, 0);
  EXPECT_EQ(result.transit_ns.count(), 1000);
}

// A poller that is woken for a pipe that another has emptied goes on waiting.
TEST(Run, PollersOfOnePipeAreWokenInVain) {
  StreamParameters parameters{.readers = 3,
                              .write_size = SizeSpec::fixed(64),
                              .read_size = SizeSpec::fixed(4096),
                              .total_bytes = 64000,
                              .write_think_ns = 100'000,
                              .style = WaitStyle::kPoll};
  parameters.object.name = "pipe";
  const RunResult result = run(stream_workload(parameters), 4);
  EXPECT_TRUE(result.stuck.empty());
  EXPECT_GT(result.all.wasted, result.all.wakeups / 4);
  parameters.style = WaitStyle::kBlocking;
  EXPECT_EQ(run(stream_workload(parameters), 4).all.wasted, 0);
}

TEST(Run, ThinkingTimeIsTimeOfTheRun) {
  StreamParameters parameters{
      .write_size = SizeSpec::fixed(4096), .total_bytes = 100 * 4096, .write_think_ns = 1'000'000};
  parameters.object.name = "pipe";
  const RunResult result = run(stream_workload(parameters), 2);
  EXPECT_GT(result.elapsed_ns, 100'000'000);
  EXPECT_LT(result.elapsed_ns, 120'000'000);
}

void expect_same_when_skipped(const Workload& workload, u32 processors) {
  RunOptions options{
      .profile = find_profile("linux-6.18"),
      .costs = costs_of(reference_calibration(), CostLevel::kMedian, CostLevel::kMedian),
      .processors = processors};
  const RunResult skipped = run_workload(workload, options);
  options.skip_periods = false;
  const RunResult whole = run_workload(workload, options);
  EXPECT_EQ(skipped.all, whole.all);
  EXPECT_EQ(skipped.tasks, whole.tasks);
  EXPECT_EQ(skipped.elapsed_ns, whole.elapsed_ns);
  EXPECT_EQ(skipped.write_sleeps, whole.write_sleeps);
  EXPECT_EQ(skipped.write_ns, whole.write_ns);
  EXPECT_EQ(skipped.read_ns, whole.read_ns);
  EXPECT_EQ(skipped.transit_ns, whole.transit_ns);
  EXPECT_EQ(skipped.objects[0].pages_allocated, whole.objects[0].pages_allocated);
  EXPECT_EQ(skipped.objects[0].pages_reused, whole.objects[0].pages_reused);
  EXPECT_NEAR(skipped.objects[0].mean_bytes, whole.objects[0].mean_bytes,
              1e-6 * whole.objects[0].mean_bytes);
}

// Adding up what repeats itself gives what running it gives. Where a writer polls, each call asks
// for more than a small pipe takes: the last ones, which ask for less, are no repetitions.
TEST(Run, PeriodsThatAreSkippedCountAsIfTheyWereRun) {
  StreamParameters parameters{.total_bytes = 3 * kMib, .total_messages = 5000};
  parameters.read_size = SizeSpec::fixed(8192);
  for (u32 i = 0; i < 96; ++i) {
    const bool queue = i % 2 == 1;
    const u64 pipe_bytes = std::array{4096U, 16384U, 65536U}[i / 8 % 3];
    const u64 write_bytes = std::array{64U, 1000U, 4096U, 65536U}[i / 24];
    parameters.write_size = SizeSpec::fixed(write_bytes);
    parameters.writers = write_bytes == 1000 ? 2 : 1;
    parameters.style = i / 2 % 2 == 0 ? WaitStyle::kBlocking : WaitStyle::kPoll;
    parameters.object = {.name = "object",
                         .queue = queue,
                         .pipe_bytes = pipe_bytes,
                         .mq = {static_cast<i64>(pipe_bytes / 1024), 65536}};
    const u32 processors = 1 + i / 4 % 2;
    SCOPED_TRACE(fmt::format("{} of {} bytes, writes of {}, {} processors, style {}",
                             queue ? "queue" : "pipe", pipe_bytes, write_bytes, processors,
                             static_cast<int>(parameters.style)));
    expect_same_when_skipped(stream_workload(parameters), processors);
  }
}

TEST(Run, ALongRunIsGivenUpAndSaysSo) {
  const RunResult result = run_workload(stream(4096, 64, 64, kMib),
                                        {.profile = &newest_profile(), .most_sections = 100});
  EXPECT_TRUE(result.given_up);
}

}  // namespace
}  // namespace ipcsim
