// Many pipes and tasks: operations in random order, sleeping and waking, and copying a small state.
#include <map>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/support.hpp"
#include "model/base/check.hpp"

namespace ipcsim::bench {
namespace {

constexpr u32 kMostBytes = 4096;
constexpr u64 kPingBytes = 64;

TaskId make_thread(Kernel& kernel, u32 number) {
  call(kernel, kTask,
       CloneCall{.flags = CloneFlags{kCloneVm | kCloneFiles | kCloneSighand | kCloneThread},
                 .child = TaskId{number}});
  return TaskId{number};
}

// Level: simulated system call. A read or a write of 1 to 4096 bytes on a pipe, all by chance.
void random_operations(benchmark::State& state) {
  Kernel kernel = one_task_kernel(Contents::kLengthsOnly);
  std::vector<PipeFds> pipes;
  for (i64 i = 0; i < state.range(0); ++i) {
    pipes.push_back(make_pipe(kernel, OpenFlags{kONonblock}));
  }
  const u32 count = static_cast<u32>(pipes.size());
  Random random(1);
  const auto operation = [&] {
    const PipeFds fds = pipes[random.below(count)];
    const u64 len = 1 + random.below(kMostBytes);
    const bool writes = random.below(2) == 0;
    return call(
        kernel, kTask,
        writes ? write_call(fds.write, len, Contents::kLengthsOnly) : read_call(fds.read, len));
  };
  for (u32 i = 0; i < 4 * count; ++i) {
    operation();
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(operation());
  }
}
BENCHMARK(random_operations)->Arg(64)->Arg(100000);

// Level: simulated system call. Two tasks and two pipes; each side sleeps in its read until the
// other has written: two writes, two reads, two sleeps and two wake-ups a round.
void ping_pong(benchmark::State& state, Contents contents) {
  Kernel kernel = one_task_kernel(contents);
  const PipeFds there = make_pipe(kernel);
  const PipeFds back = make_pipe(kernel);
  const TaskId partner = make_thread(kernel, 2);
  const Call ping = write_call(there.write, kPingBytes, contents);
  const Call pong = write_call(back.write, kPingBytes, contents);
  const Call await_ping = read_call(there.read, kPingBytes);
  const Call await_pong = read_call(back.read, kPingBytes);
  call_and_sleep(kernel, partner, await_ping);
  for (auto _ : state) {
    call(kernel, kTask, ping);
    call_and_sleep(kernel, kTask, await_pong);
    benchmark::DoNotOptimize(finish_first(kernel));
    call(kernel, partner, pong);
    call_and_sleep(kernel, partner, await_ping);
    benchmark::DoNotOptimize(finish_first(kernel));
  }
}
BENCHMARK_CAPTURE(ping_pong, bytes_kept, Contents::kKept);
BENCHMARK_CAPTURE(ping_pong, lengths_only, Contents::kLengthsOnly);

/// A system where so many threads sleep in a read of one pipe.
struct Waiters {
  explicit Waiters(u32 count) : kernel(one_task_kernel(Contents::kLengthsOnly)) {
    fds = make_pipe(kernel);
    for (u32 i = 0; i < count; ++i) {
      call_and_sleep(kernel, make_thread(kernel, i + 2), read_call(fds.read, 1));
    }
  }
  Kernel kernel;
  PipeFds fds;
};

// Level: simulated system call. A write wakes the first waiter, which reads and waits again, last.
void wake_one(benchmark::State& state) {
  // Made once: a million tasks take longer to make than what is measured.
  static std::map<i64, Waiters> systems;
  const auto count = state.range(0);
  auto& [kernel, fds] = systems.try_emplace(count, static_cast<u32>(count)).first->second;
  const Call write = write_call(fds.write, 1, Contents::kLengthsOnly);
  const Call read = read_call(fds.read, 1);
  for (auto _ : state) {
    call(kernel, kTask, write);
    const TaskId woken = kernel.first_runnable();
    benchmark::DoNotOptimize(finish_first(kernel));
    call_and_sleep(kernel, woken, read);
  }
}
BENCHMARK(wake_one)->Arg(10)->Arg(1000000);

// Level: state. Four processes, two of them asleep in reads, and two pipes, one with bytes in it.
void copy_state(benchmark::State& state) {
  Kernel kernel = one_task_kernel(Contents::kLengthsOnly);
  const PipeFds full = make_pipe(kernel);
  const PipeFds empty = make_pipe(kernel);
  for (u32 child = 2; child <= 4; ++child) {
    call(kernel, kTask, ForkCall{.child = TaskId{child}});
  }
  call(kernel, kTask, write_call(full.write, kMostBytes, Contents::kLengthsOnly));
  call_and_sleep(kernel, TaskId{2}, read_call(empty.read, 1));
  call_and_sleep(kernel, TaskId{3}, read_call(empty.read, 1));
  for (auto _ : state) {
    Kernel copy = kernel;
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(copy_state);

// Level: simulated system call; the counter is what malloc() has handed out for each.
void idle_pipes(benchmark::State& state) {
  const auto count = state.range(0);
  for (auto _ : state) {
    const u64 before = allocated_bytes();
    Kernel kernel = one_task_kernel(Contents::kLengthsOnly);
    for (i64 i = 0; i < count; ++i) {
      benchmark::DoNotOptimize(make_pipe(kernel));
    }
    state.counters["bytes_each"] =
        static_cast<double>(allocated_bytes() - before) / static_cast<double>(count);
  }
}
BENCHMARK(idle_pipes)->Arg(100000)->Iterations(1)->Unit(benchmark::kMillisecond);

void sleeping_tasks(benchmark::State& state) {
  const auto count = static_cast<u32>(state.range(0));
  for (auto _ : state) {
    const u64 before = allocated_bytes();
    const Waiters waiters(count);
    state.counters["bytes_each"] =
        static_cast<double>(allocated_bytes() - before) / static_cast<double>(count);
  }
}
BENCHMARK(sleeping_tasks)->Arg(1000000)->Iterations(1)->Unit(benchmark::kMillisecond);

// Level: simulated system call. 100,000 pipes, and ten threads asleep in a read of each.
void build_large_system(benchmark::State& state) {
  constexpr u32 kPipes = 100000;
  constexpr u32 kTasksEach = 10;
  for (auto _ : state) {
    const u64 watched = watch_resident();
    Kernel kernel = one_task_kernel(Contents::kLengthsOnly);
    u32 number = 2;
    for (u32 i = 0; i < kPipes; ++i) {
      const PipeFds fds = make_pipe(kernel);
      for (u32 j = 0; j < kTasksEach; ++j) {
        call_and_sleep(kernel, make_thread(kernel, number++), read_call(fds.read, 1));
      }
    }
    state.counters["peak_bytes"] = static_cast<double>(peak_resident_growth(watched));
    IPCSIM_CHECK(kernel.state().tasks.size() == kPipes * kTasksEach + 1);
    state.PauseTiming();  // a million tasks are not to be taken down within the second
    kernel = one_task_kernel(Contents::kLengthsOnly);
    state.ResumeTiming();
  }
}
BENCHMARK(build_large_system)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ipcsim::bench
