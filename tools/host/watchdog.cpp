#include "tools/host/watchdog.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>

#include <fmt/format.h>

#include "sim/kernel/call.hpp"
#include "tools/host/priorities.hpp"

namespace ipcsim::host {
namespace {

i64 steady_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Watchdog::Watchdog(const Run& run, std::chrono::milliseconds timeout, const cpu_set_t& cpus,
                   bool realtime)
    : run_(run), timeout_(timeout) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this, cpus, realtime] { watch(cpus, realtime); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  thread_.join();
}

void Watchdog::arm(std::chrono::nanoseconds longer) {
  const std::chrono::nanoseconds wait = timeout_ + longer;
  deadline_ns_.store(steady_now_ns() + wait.count(), std::memory_order_release);
}

void Watchdog::watch(cpu_set_t cpus, bool realtime) {
  sched_setaffinity(0, sizeof cpus, &cpus);
  if (realtime) {
    sched_param parameter{};
    parameter.sched_priority = kWatchdogPriority;
    syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &parameter);
  }
  const auto interval = std::clamp<std::chrono::milliseconds>(
      timeout_ / 4, std::chrono::milliseconds{5}, std::chrono::milliseconds{1000});
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, interval, [this] { return stopping_; })) {
    const i64 deadline = deadline_ns_.load(std::memory_order_acquire);
    if (deadline != 0 && steady_now_ns() > deadline) {
      report_ = describe();
      fired_.store(true, std::memory_order_release);
      run_.kill();
      return;
    }
  }
}

std::string Watchdog::describe() const {
  std::string text =
      fmt::format("the run did not settle within {} ms and was killed", timeout_.count());
  std::string_view separator = ": ";
  // Not from /proc: above a task that dies one must not look there.
  for (u32 i = 0; i < run_.shared().header().slots; ++i) {
    const Slot& slot = run_.shared().slot(i);
    const u32 call = slot.call;
    if (slot.life == Life::kAlive && slot.cmd != slot.done && call != 0) {
      text +=
          fmt::format("{}task {} was in {}", separator, slot.task.load(), kCallNames.at(call - 1));
      separator = ", ";
    }
  }
  return text;
}

}  // namespace ipcsim::host
