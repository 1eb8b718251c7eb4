// The simulated system call beside the real one: a write with its read, a send with its receive.
//
// Level: simulated syscall (descriptor look-up, checks, wake-up effects, the result as a value), 64
// bytes, contents kept. The kernel's own cost is measured in the same run: compare those two, never
// times of different runs.
#include <mqueue.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <benchmark/benchmark.h>

#include "model/base/check.hpp"
#include "model/base/kernel_profile.hpp"
#include "sim/kernel/kernel.hpp"

namespace ipcsim {
namespace {

constexpr u64 kBytes = 64;
constexpr TaskId kTask{1};

/// Runs one call of the only task to its end.
SysResult call(Kernel& kernel, const Call& call) {
  kernel.post(kTask, call);
  kernel.run_section(kTask);
  std::vector<Completion> completions = kernel.take_completions();
  IPCSIM_CHECK(completions.size() == 1);
  return std::move(completions.front().result);
}

Kernel one_task_kernel(Contents contents) { return {Environment{}, newest_profile(), contents}; }

void simulated_write_read(benchmark::State& state, Contents contents) {
  Kernel kernel = one_task_kernel(contents);
  const auto fds = std::get<PipeFds>(call(kernel, Pipe2Call{}).out);
  const Call write = WriteCall{
      .fd = fds.write, .buf = {.data = Payload::of_bytes(std::string(kBytes, 'x')), .len = kBytes}};
  const Call read = ReadCall{.fd = fds.read, .buf = {.data = {}, .len = kBytes}};
  for (auto _ : state) {
    benchmark::DoNotOptimize(call(kernel, write));
    benchmark::DoNotOptimize(call(kernel, read));
  }
}
BENCHMARK_CAPTURE(simulated_write_read, bytes_kept, Contents::kKept);
BENCHMARK_CAPTURE(simulated_write_read, lengths_only, Contents::kLengthsOnly);

void kernel_write_read(benchmark::State& state) {
  std::array<int, 2> fds{};
  if (pipe(fds.data()) != 0) {
    state.SkipWithError(std::strerror(errno));
    return;
  }
  std::array<char, kBytes> buffer{};
  for (auto _ : state) {
    benchmark::DoNotOptimize(write(fds[1], buffer.data(), buffer.size()));
    benchmark::DoNotOptimize(read(fds[0], buffer.data(), buffer.size()));
  }
  close(fds[0]);
  close(fds[1]);
}
BENCHMARK(kernel_write_read);

void simulated_send_receive(benchmark::State& state) {
  Kernel kernel = one_task_kernel(Contents::kKept);
  const SysResult opened = call(
      kernel, MqOpenCall{.name = UserPtr<std::string>::of("bench"),
                         .oflag = OpenFlags{kORdwr | kOCreat},
                         .mode = 0600,
                         .attr = UserPtr<MqAttr>::of({.mq_maxmsg = 10, .mq_msgsize = kBytes})});
  const Fd queue{static_cast<i32>(opened.ret)};
  const Call send = MqTimedsendCall{
      .mqdes = queue, .msg = {.data = Payload::of_bytes(std::string(kBytes, 'x')), .len = kBytes}};
  const Call receive = MqTimedreceiveCall{.mqdes = queue, .msg = {.data = {}, .len = kBytes}};
  for (auto _ : state) {
    benchmark::DoNotOptimize(call(kernel, send));
    benchmark::DoNotOptimize(call(kernel, receive));
  }
}
BENCHMARK(simulated_send_receive);

void kernel_send_receive(benchmark::State& state) {
  // A queue of an IPC namespace of its own where that is allowed; it has no name for long anyway.
  static_cast<void>(unshare(CLONE_NEWIPC));
  const std::string name = "/ipcsim-bench-" + std::to_string(getpid());
  mq_attr attr{};
  attr.mq_maxmsg = 10;
  attr.mq_msgsize = kBytes;
  const mqd_t queue = mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
  if (queue == static_cast<mqd_t>(-1)) {
    state.SkipWithError(std::strerror(errno));
    return;
  }
  mq_unlink(name.c_str());
  std::array<char, kBytes> buffer{};
  for (auto _ : state) {
    benchmark::DoNotOptimize(mq_send(queue, buffer.data(), buffer.size(), 0));
    benchmark::DoNotOptimize(mq_receive(queue, buffer.data(), buffer.size(), nullptr));
  }
  mq_close(queue);
}
BENCHMARK(kernel_send_receive);

}  // namespace
}  // namespace ipcsim
