// Workloads in virtual time: a grid of sizes, one size, and what the same transfer really takes.
#include <unistd.h>

#include <vector>

#include <benchmark/benchmark.h>

#include "bench/support.hpp"
#include "model/base/kernel_profile.hpp"
#include "sim/workload/run.hpp"

namespace ipcsim::bench {
namespace {

constexpr u64 kPage = 4096;
constexpr u64 kMebibyte = u64{1} << 20U;

Workload stream(u64 ring_slots, u64 write_bytes, u64 total_bytes) {
  StreamParameters parameters{.write_size = SizeSpec::fixed(write_bytes),
                              .read_size = SizeSpec::fixed(write_bytes),
                              .total_bytes = total_bytes};
  parameters.object = {.name = "pipe", .pipe_bytes = ring_slots * kPage};
  return stream_workload(parameters);
}

RunResult run(const Workload& workload) {
  return run_workload(
      workload, {.profile = &newest_profile(),
                 .costs = costs_of(reference_calibration(), CostLevel::kMedian, CostLevel::kMedian),
                 .processors = 2});
}

// Level: model calls in virtual time, lengths only. All 9 rings by 7 write sizes, 64 MiB each.
void sweep_grid(benchmark::State& state) {
  constexpr u64 kWrites[] = {64, 512, 4096, 16384, 65536, 262144, kMebibyte};
  for (auto _ : state) {
    for (const u64 write : kWrites) {
      for (u64 slots = 1; slots <= 256; slots *= 2) {
        benchmark::DoNotOptimize(run(stream(slots, write, 64 * kMebibyte)));
      }
    }
  }
}

// The same for one size.
void run_size(benchmark::State& state) {
  const auto slots = static_cast<u64>(state.range(0));
  const auto write = static_cast<u64>(state.range(1));
  const u64 total = 64 * kMebibyte;
  const Workload workload = stream(slots, write, total);
  for (auto _ : state) {
    benchmark::DoNotOptimize(run(workload));
  }
  const auto writes = state.iterations() * static_cast<i64>(total / write);
  state.SetItemsProcessed(writes);
  state.SetBytesProcessed(writes * static_cast<i64>(write));
}

// Level: real system calls: a write and a read of so many bytes by one task, which never sleep.
void kernel_size(benchmark::State& state) {
  const RealPipe pipe;
  if (!pipe.open()) {
    state.SkipWithError("no pipe");
    return;
  }
  const auto bytes = static_cast<std::size_t>(state.range(0));
  std::vector<char> from(bytes, 'x');
  std::vector<char> to(bytes);
  for (auto _ : state) {
    benchmark::DoNotOptimize(write(pipe.write_end(), from.data(), from.size()));
    benchmark::DoNotOptimize(read(pipe.read_end(), to.data(), to.size()));
  }
  state.SetBytesProcessed(static_cast<i64>(state.iterations()) * static_cast<i64>(bytes));
}

BENCHMARK(sweep_grid)->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK(run_size)
    ->ArgNames({"ring_slots", "write"})
    ->ArgsProduct({{1, 16, 256}, {64, 4096, 65536, 1 << 20}})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(kernel_size)->Arg(64)->Arg(4096)->Arg(65536);

}  // namespace
}  // namespace ipcsim::bench
