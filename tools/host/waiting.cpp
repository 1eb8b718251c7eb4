// Letting tasks run, and knowing when they have.
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include <fmt/format.h>

#include "tools/host/agent/raw_syscall.hpp"
#include "tools/host/call_traits.hpp"
#include "tools/host/machine_impl.hpp"
#include "tools/host/proc_view.hpp"

namespace ipcsim::host {
namespace {

constexpr i64 kPauseNs = 50'000;
/// Looks at /proc before the coordinator begins to pause between them.
constexpr int kQuickLooks = 50;
/// After a timer's time, for the timer's own work.
constexpr i64 kTimerWorkNs = 200'000;

void pause_shortly() {
  const timespec time{.tv_sec = 0, .tv_nsec = kPauseNs};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
}

}  // namespace

/// Makes the agent of an idle task do what its slot says, now. It is no call of the trace.
HostMachine::Done HostMachine::run_internal(TaskId task) {
  const u32 index = tasks_.task(task).slot;
  const Slot& slot = tasks_.slot(task);
  watchdog_->arm();
  if (realtime_) {
    priorities_->below_tasks();
  }
  if (!fire({.slot = index, .signal = {}})) {
    return lose("an agent could not be told to go on");
  }
  while (slot.done.load(std::memory_order_acquire) != slot.cmd && !watchdog_->fired() &&
         run_->alive()) {
    pause_shortly();
  }
  priorities_->ordinary();
  watchdog_->disarm();
  if (auto done = check_settled(); !done) {
    return done;
  }
  if (is_raw_error(slot.result)) {
    return lose(fmt::format("task {} could not open a descriptor: {}", task.v,
                            std::strerror(static_cast<int>(-slot.result))));
  }
  return {};
}

bool HostMachine::fire(const Posted& posted) const {
  Slot& slot = tasks_.slot_at(posted.slot);
  if (posted.signal.v != 0) {
    // A task that died since then is gone; its number may be somebody else's only much later.
    const i64 result =
        syscall(SYS_tgkill, slot.host_tgid.load(), slot.host_tid.load(), posted.signal.v);
    return result == 0 || errno == ESRCH;
  }
  slot.cmd.fetch_add(1, std::memory_order_release);
  return syscall(SYS_futex, &slot.cmd, FUTEX_WAKE, 1, nullptr, nullptr, 0) >= 0;
}

HostMachine::Done HostMachine::release() {
  watchdog_->arm();
  if (realtime_ && posted_.size() > 1) {
    priorities_->above_tasks();
  } else if (realtime_) {
    priorities_->below_tasks();
  }
  const bool fired = std::ranges::all_of(posted_, [this](const Posted& p) { return fire(p); });
  if (realtime_ && posted_.size() > 1) {
    priorities_->below_tasks();
  }
  posted_.clear();
  Done done = wait_until_settled();
  if (done && !all_timers_fired()) {
    done = wait_until_timers_fired();
  }
  priorities_->ordinary();
  watchdog_->disarm();
  return fired ? done : lose("a signal could not be sent");
}

/// Under strict priority everything has settled when this is called, and it only makes sure of it.
HostMachine::Done HostMachine::wait_until_settled() {
  note_unreaped_ends(tasks_, run_->shared().header());
  Stillness stillness(tasks_);
  if (!realtime_) {
    for (int looks = 0; !stillness.look(); ++looks) {
      if (auto done = check_settled(); !done) {
        return done;
      }
      if (stillness.hidden()) {
        return lose("/proc does not show what the tasks do");
      }
      if (looks > kQuickLooks) {
        pause_shortly();
      } else {
        sched_yield();
      }
    }
    return check_settled();
  }
  while (!all_where_expected()) {
    if (auto done = check_settled(); !done) {
      return done;
    }
    ++late_;
    pause_shortly();
  }
  if (options_.verify) {
    if (const auto moving = stillness.find_moving()) {
      return lose_moving(*moving);
    }
  }
  return check_settled();
}

/// A task is not asleep although all below it ran: either somebody kills the run at this moment, or
/// strict priority does not hold what it promises.
HostMachine::Done HostMachine::lose_moving(TaskId moving) {
  constexpr int kLooks = 2'000;
  for (int looks = 0; looks < kLooks; ++looks) {
    if (auto done = check_settled(); !done) {
      return done;
    }
    pause_shortly();
  }
  return lose(fmt::format("unsettled: task {} is not asleep", moving.v));
}

HostMachine::Done HostMachine::check_settled() {
  note_unreaped_ends(tasks_, run_->shared().header());
  if (watchdog_->fired()) {
    return lose(watchdog_->report());
  }
  if (!run_->alive()) {
    return lose("the run was killed from outside");
  }
  return {};
}

/// False when a task is in a call that does not sleep, or is about to be born or to die: the kernel
/// had it wait for something else (memory, a lock of its own), and it will go on.
bool HostMachine::all_where_expected() const {
  for (const auto& [id, task] : tasks_.tasks()) {
    if (!task.call) {
      continue;
    }
    const HostProcess& process = tasks_.processes().at(task.process);
    const Slot& slot = tasks_.slot_at(task.slot);
    if (task.call->child_slot) {
      const Slot& child = tasks_.slot_at(*task.call->child_slot);
      if (child.life == Life::kStarting && child.tid != 0) {
        return false;
      }
    }
    const bool leaves = slot.life == Life::kExiting && process.living.size() > 1;
    if (!leaves && !can_sleep(task.call->call) && !finished(tasks_, process, slot) &&
        !is_stopped(slot.host_tgid, slot.host_tid)) {
      return false;
    }
  }
  return true;
}

HostMachine::Done HostMachine::wait_for_timers(i64 host_ns) {
  watchdog_->arm(std::chrono::nanoseconds(std::max<i64>(0, host_ns - host_now_ns())));
  if (realtime_) {
    priorities_->below_tasks();
  }
  const i64 until_ns = host_ns + kTimerWorkNs;
  const timespec until{.tv_sec = until_ns / kNanosecondsPerSecond,
                       .tv_nsec = until_ns % kNanosecondsPerSecond};
  while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
  Done done = wait_until_timers_fired();
  priorities_->ordinary();
  watchdog_->disarm();
  return done;
}

bool HostMachine::stopped(TaskId task) const {
  const Slot& slot = tasks_.slot(task);
  return is_stopped(slot.host_tgid, slot.host_tid);
}

/// True when no task waits for a time that has come, but for those that are stopped.
bool HostMachine::all_timers_fired() const {
  return std::ranges::all_of(clock_.due(), [&](TaskId task) {
    return !tasks_.exists(task) || finished(tasks_, tasks_.process_of(task), tasks_.slot(task)) ||
           stopped(task);
  });
}

/// A timer whose time has come still takes its own to fire, under emulation more than the others
/// take to fall asleep: also that of a call that starts again when its time is over already.
HostMachine::Done HostMachine::wait_until_timers_fired() {
  Done done = check_settled();
  while (done && !all_timers_fired()) {
    pause_shortly();
    done = check_settled();
  }
  return done ? wait_until_settled() : done;
}

}  // namespace ipcsim::host
