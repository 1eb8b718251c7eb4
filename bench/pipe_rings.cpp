// A ring filled and drained again by one task, by its slots and the size of the writes.
#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include <benchmark/benchmark.h>

#include "bench/support.hpp"
#include "model/base/check.hpp"
#include "model/base/kernel_profile.hpp"
#include "sim/workload/size_probe.hpp"

namespace ipcsim::bench {
namespace {

constexpr u32 kPageSize = 4096;

/// So many writes of `bytes` fill a pipe of `size`.
u64 writes_that_fit(u64 size, u64 bytes) {
  return probe_pipe(size, bytes, false, kPageSize, newest_profile()).writes;
}

void count_pairs(benchmark::State& state, u64 pairs) {
  state.SetItemsProcessed(static_cast<i64>(state.iterations()) * static_cast<i64>(pairs));
}

// Level: simulated system call, lengths only. An item is a write with its read.
void simulated_fill_drain(benchmark::State& state) {
  const u64 size = static_cast<u64>(state.range(0)) * kPageSize;
  const u64 bytes = static_cast<u64>(state.range(1));
  const u64 pairs = writes_that_fit(size, bytes);
  Kernel kernel = one_task_kernel(Contents::kLengthsOnly);
  const PipeFds fds = make_pipe(kernel);
  call(kernel, kTask, FcntlCall{fds.write, FcntlCmd{kFSetpipeSz}, static_cast<i64>(size), {}});
  const Call write = write_call(fds.write, bytes, Contents::kLengthsOnly);
  const Call read = read_call(fds.read, bytes);
  for (auto _ : state) {
    for (u64 i = 0; i < pairs; ++i) {
      benchmark::DoNotOptimize(call(kernel, kTask, write));
    }
    for (u64 i = 0; i < pairs; ++i) {
      benchmark::DoNotOptimize(call(kernel, kTask, read));
    }
  }
  count_pairs(state, pairs);
}

// Level: real system call.
void kernel_fill_drain(benchmark::State& state) {
  const u64 size = static_cast<u64>(state.range(0)) * kPageSize;
  const u64 bytes = static_cast<u64>(state.range(1));
  const u64 pairs = writes_that_fit(size, bytes);
  const RealPipe pipe;
  if (!pipe.open() || fcntl(pipe.write_end(), F_SETPIPE_SZ, static_cast<int>(size)) < 0) {
    state.SkipWithError("no pipe of that size");
    return;
  }
  std::vector<char> buffer(bytes, 'x');
  for (auto _ : state) {
    for (u64 i = 0; i < pairs; ++i) {
      benchmark::DoNotOptimize(write(pipe.write_end(), buffer.data(), bytes));
    }
    for (u64 i = 0; i < pairs; ++i) {
      benchmark::DoNotOptimize(read(pipe.read_end(), buffer.data(), bytes));
    }
  }
  count_pairs(state, pairs);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"ring_slots", "write"})->ArgsProduct({{1, 16, 256}, {64, 2049, 4096}});
}

BENCHMARK(simulated_fill_drain)->Apply(sizes);
BENCHMARK(kernel_fill_drain)->Apply(sizes);

}  // namespace
}  // namespace ipcsim::bench
