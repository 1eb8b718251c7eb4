// A send with its receive through an empty queue, a message handed to a sleeping receiver, and what
// a queue takes.
#include <mqueue.h>

#include <array>
#include <cstring>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>

#include "bench/support.hpp"
#include "model/mqueue/mq_ops.hpp"

namespace ipcsim::bench {
namespace {

constexpr u64 kBytes = 64;
constexpr i64 kMaxmsg = 10;

using Text = std::array<char, kBytes>;

/// The text as the program's memory has it: copied, as load_msg() does.
Payload load(const Text& from) { return Payload::of_bytes({from.data(), from.size()}); }
/// As store_msg() does.
void store(const Payload& text, Text& to) {
  text.copy(0, std::as_writable_bytes(std::span{to}));
  benchmark::DoNotOptimize(to.data());
}

// Level: model call. A send and a receive on a bare queue, the text copied in and out.
void model_send_receive(benchmark::State& state) {
  MqueueInode queue;
  queue.attr = {.mq_maxmsg = kMaxmsg, .mq_msgsize = kBytes};
  const MqCaller caller{.task = WaiterId{1}};
  Text from{};
  Text to{};
  for (auto _ : state) {
    benchmark::DoNotOptimize(from.data());
    benchmark::DoNotOptimize(mq_send(queue, {.prio = 0, .text = load(from)}, caller));
    const MqReceiveOutcome received = mq_receive(queue, caller);
    store(received.message.text, to);
  }
}
BENCHMARK(model_send_receive);

Call send_call(Fd queue, const Text& text) {
  return MqTimedsendCall{.mqdes = queue, .msg = {.data = load(text), .len = text.size()}};
}

Call receive_call(Fd queue) {
  return MqTimedreceiveCall{.mqdes = queue, .msg = {.data = {}, .len = kBytes}};
}

void take(const SysResult& received, Text& to) {
  store(get<ReceivedMessage>(received.out).msg, to);
}

// Level: simulated system call, from the task's call to its result as a value; the text is copied
// in and out.
void simulated_send_receive(benchmark::State& state) {
  Kernel kernel = one_task_kernel(Contents::kKept);
  const Fd queue = make_queue(kernel, "bench", kMaxmsg, kBytes);
  const Call receive = receive_call(queue);
  Text from{};
  Text to{};
  for (auto _ : state) {
    benchmark::DoNotOptimize(from.data());
    benchmark::DoNotOptimize(call(kernel, kTask, send_call(queue, from)));
    take(call(kernel, kTask, receive).result, to);
  }
}
BENCHMARK(simulated_send_receive);

// Level: real system call.
void kernel_send_receive(benchmark::State& state) {
  const RealQueue queue(kBytes);
  if (!queue.open()) {
    state.SkipWithError("no queue");
    return;
  }
  Text buffer{};
  for (auto _ : state) {
    benchmark::DoNotOptimize(::mq_send(queue.get(), buffer.data(), buffer.size(), 0));
    benchmark::DoNotOptimize(::mq_receive(queue.get(), buffer.data(), buffer.size(), nullptr));
  }
}
BENCHMARK(kernel_send_receive);

// Level: simulated system call. Two tasks and two queues; each side sleeps in its receive until the
// other hands it a message.
void hand_off(benchmark::State& state) {
  Kernel kernel = one_task_kernel(Contents::kKept);
  const Fd there = make_queue(kernel, "there", kMaxmsg, kBytes);
  const Fd back = make_queue(kernel, "back", kMaxmsg, kBytes);
  const TaskId partner{2};
  call(kernel, kTask,
       CloneCall{.flags = CloneFlags{kCloneVm | kCloneFiles | kCloneSighand | kCloneThread},
                 .child = partner});
  const Call await_ping = receive_call(there);
  const Call await_pong = receive_call(back);
  Text from{};
  Text to{};
  call_and_sleep(kernel, partner, await_ping);
  for (auto _ : state) {
    benchmark::DoNotOptimize(from.data());
    call(kernel, kTask, send_call(there, from));
    call_and_sleep(kernel, kTask, await_pong);
    take(finish_first(kernel), to);
    call(kernel, partner, send_call(back, from));
    call_and_sleep(kernel, partner, await_ping);
    take(finish_first(kernel), to);
  }
}
BENCHMARK(hand_off);

// Level: simulated system call; the counter is what malloc() has handed out for each.
void empty_queues(benchmark::State& state) {
  const auto count = state.range(0);
  for (auto _ : state) {
    const u64 before = allocated_bytes();
    Kernel kernel = one_task_kernel(Contents::kLengthsOnly);
    for (i64 i = 0; i < count; ++i) {
      benchmark::DoNotOptimize(make_queue(kernel, std::to_string(i), kMaxmsg, kBytes));
    }
    state.counters["bytes_each"] =
        static_cast<double>(allocated_bytes() - before) / static_cast<double>(count);
  }
}
BENCHMARK(empty_queues)->Arg(2000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ipcsim::bench
