// A write with its read by one task through an empty pipe: in the model, as simulated system calls,
// as real ones, and as no more than the copying.
#include <unistd.h>

#include <cstring>
#include <span>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/support.hpp"
#include "model/base/kernel_profile.hpp"
#include "model/pipe/pipe_io.hpp"
#include "model/pipe/pipe_size.hpp"

namespace ipcsim::bench {
namespace {

constexpr u32 kPageSize = 4096;

// Level: model call. One lock-held section of write() and one of read(), on a bare ring.
void model_write_read(benchmark::State& state, Contents contents) {
  const u64 len = static_cast<u64>(state.range(0));
  const KernelProfile& profile = newest_profile();
  PagePool pages(kPageSize, contents);
  PipeUser user;
  PipeInode pipe = *alloc_pipe_info(user, {}, {}, kPageSize, newest_profile());
  pipe.readers = pipe.writers = 1;
  pipe.files = 2;
  const UserSegment from = user_bytes(len, contents);
  const UserSegment to{.data = {}, .len = len};
  SharedBytes bytes;
  for (auto _ : state) {
    PipeWrite write;
    benchmark::DoNotOptimize(pipe_write_section(pipe, write, {&from, 1}, {}, pages, profile));
    PipeRead read;
    bytes.clear();
    benchmark::DoNotOptimize(pipe_read_section(
        pipe, read, {&to, 1}, contents == Contents::kKept ? &bytes : nullptr, {}, pages, profile));
    benchmark::DoNotOptimize(bytes.data());
  }
}

// Level: simulated system call, from the task's call to its result as a value.
void simulated_write_read(benchmark::State& state, Contents contents) {
  const u64 len = static_cast<u64>(state.range(0));
  Kernel kernel = one_task_kernel(contents);
  const PipeFds fds = make_pipe(kernel);
  const Call write = write_call(fds.write, len, contents);
  const Call read = read_call(fds.read, len);
  for (auto _ : state) {
    benchmark::DoNotOptimize(call(kernel, kTask, write));
    benchmark::DoNotOptimize(call(kernel, kTask, read));
  }
}

// Level: real system call.
void kernel_write_read(benchmark::State& state) {
  const RealPipe pipe;
  if (!pipe.open()) {
    state.SkipWithError("no pipe");
    return;
  }
  std::vector<char> from(static_cast<std::size_t>(state.range(0)), 'x');
  std::vector<char> to(from.size());
  for (auto _ : state) {
    benchmark::DoNotOptimize(write(pipe.write_end(), from.data(), from.size()));
    benchmark::DoNotOptimize(read(pipe.read_end(), to.data(), to.size()));
  }
}

// Level: none. What cannot be saved: into the kernel's memory, and out of it.
void two_memcpy(benchmark::State& state) {
  std::vector<char> from(static_cast<std::size_t>(state.range(0)), 'x');
  std::vector<char> between(from.size());
  std::vector<char> to(from.size());
  for (auto _ : state) {
    std::memcpy(between.data(), from.data(), from.size());
    benchmark::DoNotOptimize(between.data());
    benchmark::ClobberMemory();
    std::memcpy(to.data(), between.data(), to.size());
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
}

void sizes(benchmark::internal::Benchmark* bench) { bench->Arg(64)->Arg(4096)->Arg(65536); }

BENCHMARK_CAPTURE(model_write_read, bytes_kept, Contents::kKept)->Apply(sizes);
BENCHMARK_CAPTURE(model_write_read, lengths_only, Contents::kLengthsOnly)->Apply(sizes);
BENCHMARK_CAPTURE(simulated_write_read, bytes_kept, Contents::kKept)->Apply(sizes);
BENCHMARK_CAPTURE(simulated_write_read, lengths_only, Contents::kLengthsOnly)->Apply(sizes);
BENCHMARK(kernel_write_read)->Apply(sizes);
BENCHMARK(two_memcpy)->Apply(sizes);

}  // namespace
}  // namespace ipcsim::bench
