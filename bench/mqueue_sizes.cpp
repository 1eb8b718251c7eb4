// A queue filled and drained again by one task, by its mq_maxmsg and the size of the messages.
#include <mqueue.h>

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/support.hpp"

namespace ipcsim::bench {
namespace {

void count_pairs(benchmark::State& state, i64 pairs) {
  state.SetItemsProcessed(static_cast<i64>(state.iterations()) * pairs);
}

// Level: simulated system call, lengths only. An item is a send with its receive.
void simulated_queue_fill_drain(benchmark::State& state) {
  const i64 maxmsg = state.range(0);
  const u64 bytes = static_cast<u64>(state.range(1));
  Kernel kernel = one_task_kernel(Contents::kLengthsOnly);
  const Fd queue = make_queue(kernel, "bench", maxmsg, bytes);
  const Call send =
      MqTimedsendCall{.mqdes = queue, .msg = user_bytes(bytes, Contents::kLengthsOnly)};
  const Call receive = MqTimedreceiveCall{.mqdes = queue, .msg = {.data = {}, .len = bytes}};
  for (auto _ : state) {
    for (i64 i = 0; i < maxmsg; ++i) {
      benchmark::DoNotOptimize(call(kernel, kTask, send));
    }
    for (i64 i = 0; i < maxmsg; ++i) {
      benchmark::DoNotOptimize(call(kernel, kTask, receive));
    }
  }
  count_pairs(state, maxmsg);
}

// Level: real system call.
void kernel_queue_fill_drain(benchmark::State& state) {
  const i64 maxmsg = state.range(0);
  const u64 bytes = static_cast<u64>(state.range(1));
  const RealQueue queue(bytes);
  if (!queue.open()) {
    state.SkipWithError("no queue");
    return;
  }
  std::vector<char> buffer(bytes, 'x');
  for (auto _ : state) {
    for (i64 i = 0; i < maxmsg; ++i) {
      benchmark::DoNotOptimize(::mq_send(queue.get(), buffer.data(), bytes, 0));
    }
    for (i64 i = 0; i < maxmsg; ++i) {
      benchmark::DoNotOptimize(::mq_receive(queue.get(), buffer.data(), bytes, nullptr));
    }
  }
  count_pairs(state, maxmsg);
}

/// Ten messages are what a queue may have without privilege.
void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"maxmsg", "msgsize"})->ArgsProduct({{1, 10}, {64, 8192}});
}

BENCHMARK(simulated_queue_fill_drain)->Apply(sizes);
BENCHMARK(kernel_queue_fill_drain)->Apply(sizes);

}  // namespace
}  // namespace ipcsim::bench
