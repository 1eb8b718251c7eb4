// Who runs when: processors, run queues, waking and falling asleep.
#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "sim/workload/engine.hpp"

namespace ipcsim::workload {
namespace {

/// Of what a waker spends on a task of its own processor, so much comes before the kernel reads the
/// run queue's clock. Measured: with the woken task at a higher real-time priority, by each one's
/// processor time for a wake-up.
constexpr i64 kWakeBeforeClockPercent = 45;
/// What a sleep takes of one that begins in the same call as the sleep before it. Measured
/// likewise.
constexpr i64 kSleepAgainPercent = 55;

}  // namespace

void Engine::enqueue(u32 id) {
  Task& task = tasks_[id];
  Processor& processor = processors_[task.processor];
  task.state = TaskState::kRunnable;
  if (fair()) {
    return;
  }
  task.run_next = kNobody;
  if (processor.last == kNobody) {
    processor.first = id;
  } else {
    tasks_[processor.last].run_next = id;
  }
  processor.last = id;
}

void Engine::enqueue_first(u32 id) {
  Task& task = tasks_[id];
  Processor& processor = processors_[task.processor];
  task.state = TaskState::kRunnable;
  if (fair()) {
    return;
  }
  task.run_next = std::exchange(processor.first, id);
  if (processor.last == kNobody) {
    processor.last = id;
  }
}

void Engine::unlink(Processor& processor, u32 id) {
  u32 before = kNobody;
  for (u32 at = processor.first; at != id; at = tasks_[at].run_next) {
    IPCSIM_CHECK(at != kNobody);
    before = at;
  }
  const u32 after = std::exchange(tasks_[id].run_next, kNobody);
  (before == kNobody ? processor.first : tasks_[before].run_next) = after;
  if (processor.last == id) {
    processor.last = before;
  }
}

u32 Engine::next_task() {
  u32 best = kNobody;
  i64 best_at = 0;
  for (const Processor& processor : processors_) {
    const u32 id = fair() ? processor.fair.running() : processor.first;
    if (id == kNobody) {
      continue;
    }
    const i64 at = std::max(processor.now, tasks_[id].ready_at);
    if (best == kNobody || at < best_at) {
      best = id;
      best_at = at;
    }
  }
  return best;
}

void Engine::switch_to(Processor& processor, u32 id) {
  if (processor.current == id) {
    return;
  }
  Task& task = tasks_[id];
  const i64 cost = (processor.current == kNobody ? 0 : costs_.switch_task) +
                   (std::exchange(task.pays_for_sleep, false) && !fair() ? costs_.sleep_same : 0);
  processor.now += cost;
  if (processor.current != kNobody) {
    Task& before = tasks_[processor.current];
    before.counts.preemptions += before.state == TaskState::kRunnable ? 1 : 0;
  }
  processor.current = id;
}

void Engine::run_task(u32 id) {
  Task& task = tasks_[id];
  Processor& processor = processors_[task.processor];
  processor.now = std::max(processor.now, task.ready_at);
  if (!fair()) {
    unlink(processor, id);
  }
  switch_to(processor, id);
  task.fresh = false;
  after_section(id, section(id));
}

/// The next call begins at once; a woken task may stand before it in the run queue.
void Engine::after_section(u32 id, End end) {
  Task& task = tasks_[id];
  if (end == End::kAsleep) {
    return;
  }
  Processor& processor = processors_[task.processor];
  if (end == End::kCallOver && !find_call(id)) {
    task.state = TaskState::kDone;
    if (fair()) {
      processor.fair.leave(processor.now);
    }
    return;
  }
  const i64 asks_at = prepare_call(id, processor.now);
  processor.now = asks_at;
  task.ready_at = asks_at;
  if (fair()) {
    task.state = TaskState::kRunnable;
    processor.fair.go_on(processor.now);
    return;
  }
  const bool woken_goes_first = options_.policy == SchedulePolicy::kWakePreempts &&
                                processor.first != kNobody && tasks_[processor.first].fresh;
  if (!woken_goes_first) {
    enqueue_first(id);
    return;
  }
  u32 behind = processor.first;
  while (tasks_[behind].run_next != kNobody && tasks_[tasks_[behind].run_next].fresh) {
    behind = tasks_[behind].run_next;
  }
  task.state = TaskState::kRunnable;
  task.run_next = std::exchange(tasks_[behind].run_next, id);
  if (processor.last == behind) {
    processor.last = id;
  }
}

void Engine::fall_asleep(u32 id, i64 at) {
  Task& task = tasks_[id];
  task.state = TaskState::kAsleep;
  task.asleep_at = at + costs_.sleep_same / 2;
  ++task.counts.sleeps;
  result_.write_sleeps += task.sleeps_for_room ? 1 : 0;
  if (fair()) {
    Processor& processor = processor_of(id);
    const bool again = std::exchange(task.slept_in_call, true);
    processor.now += costs_.sleep_same * (again ? kSleepAgainPercent : 100) / 100;
    processor.fair.sleep(processor.now);
  }
}

void Engine::wake(u32 id, i64 at, i64& cost, u32 waker) {
  Task& task = tasks_[id];
  if (task.state != TaskState::kAsleep) {
    return;
  }
  ++task.counts.wakeups;
  task.woken = true;
  task.fresh = true;
  Processor& processor = processors_[task.processor];
  i64 before_clock = 0;
  if (at < task.asleep_at && tasks_[waker].processor != task.processor) {
    // It looked once more before it gave up the processor, and saw.
    --task.counts.sleeps;
    result_.write_sleeps -= task.sleeps_for_room ? 1 : 0;
    task.ready_at = task.asleep_at;
  } else if (tasks_[waker].processor == task.processor) {
    before_clock = costs_.wake_same * kWakeBeforeClockPercent / 100;
    cost += costs_.wake_same;
    task.ready_at = at;
    task.pays_for_sleep = true;
  } else {
    cost += costs_.wake_other;
    const bool idle = processor.first == kNobody && processor.now <= at;
    task.ready_at = idle ? at + cost + latency() : at + cost;
  }
  if (fair()) {
    task.state = TaskState::kRunnable;
    processor.fair.wake(id, std::max(processor.now, task.ready_at) + before_clock);
  } else if (options_.policy == SchedulePolicy::kWakePreempts) {
    enqueue_first(id);
  } else {
    enqueue(id);
  }
}

/// How long a task of an idle processor takes to run. One that has only just fallen asleep is there
/// at once; one whose processor sleeps deeply takes as long as the calibration ever saw. Each
/// doubling in between is as likely as another.
i64 Engine::latency() {
  if (!options_.latency_by_chance) {
    return costs_.latency_other;
  }
  i64 least = costs_.latency_least;
  while (least * 2 < costs_.latency_most && jitter_.below(2) == 0) {
    least *= 2;
  }
  return least + static_cast<i64>(jitter_.below(static_cast<u64>(least) + 1));
}

void Engine::wake_queue(WaitQueueId queue, WakeHow how, u32 key, i64 at, i64& cost, u32 waker) {
  WaitEntryId next = kNoWaitEntry;
  for (WaitEntryId entry = waits_.first(queue); entry != kNoWaitEntry; entry = next) {
    const WaitEntry found = waits_[entry];
    next = found.next;
    const u32 id = found.task.v;
    const bool wanted = !found.poll || key == 0 || (found.key & key) != 0;
    if (!wanted || tasks_[id].state != TaskState::kAsleep) {
      continue;
    }
    wake(id, at, cost, waker);
    if (!found.poll) {
      waits_.remove(entry);
      tasks_[id].entry = kNoWaitEntry;
    }
    if (found.exclusive && how == WakeHow::kOne) {
      return;
    }
  }
}

}  // namespace ipcsim::workload
