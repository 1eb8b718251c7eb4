// Who runs when: processors, run queues, waking and falling asleep.
#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "sim/workload/engine.hpp"

namespace ipcsim::workload {

void Engine::enqueue(u32 id) {
  Task& task = tasks_[id];
  Processor& processor = processors_[task.processor];
  task.state = TaskState::kRunnable;
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

/// Who takes the processor next. Where only order decides it is the first of the run queue.
u32 Engine::candidate(const Processor& processor) const {
  const u32 first = processor.first;
  if (options_.policy != SchedulePolicy::kFair || first == kNobody || first != processor.current) {
    return first;
  }
  for (u32 at = tasks_[first].run_next; at != kNobody; at = tasks_[at].run_next) {
    if (tasks_[at].fresh && tasks_[at].ready_at <= processor.now &&
        tasks_[at].used <= tasks_[first].used) {
      return at;
    }
  }
  return first;
}

u32 Engine::next_task() {
  u32 best = kNobody;
  i64 best_at = 0;
  for (const Processor& processor : processors_) {
    const u32 id = candidate(processor);
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
                   (std::exchange(task.pays_for_sleep, false) ? costs_.sleep_same : 0);
  processor.now += cost;
  task.used += cost;
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
  unlink(processor, id);
  switch_to(processor, id);
  task.fresh = false;
  const i64 began = processor.now;
  const End end = section(id);
  task.used += processor.now - began;
  after_section(id, end);
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
    return;
  }
  const i64 asks_at = prepare_call(id, processor.now);
  task.used += asks_at - processor.now;
  processor.now = asks_at;
  task.ready_at = asks_at;
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
}

void Engine::wake(u32 id, i64 at, i64& cost, u32 waker) {
  Task& task = tasks_[id];
  if (task.state != TaskState::kAsleep) {
    return;
  }
  ++task.counts.wakeups;
  task.woken = true;
  task.fresh = true;
  const Processor& processor = processors_[task.processor];
  if (at < task.asleep_at && tasks_[waker].processor != task.processor) {
    // It looked once more before it gave up the processor, and saw.
    --task.counts.sleeps;
    result_.write_sleeps -= task.sleeps_for_room ? 1 : 0;
    task.ready_at = task.asleep_at;
  } else if (tasks_[waker].processor == task.processor) {
    cost += costs_.wake_same;
    task.ready_at = at;
    task.pays_for_sleep = true;
    task.used = std::max(task.used, tasks_[waker].used);
  } else {
    cost += costs_.wake_other;
    const bool idle = processor.first == kNobody && processor.now <= at;
    task.ready_at = idle ? at + cost + costs_.latency_other : at + cost;
  }
  if (options_.policy == SchedulePolicy::kWakePreempts) {
    enqueue_first(id);
  } else {
    enqueue(id);
  }
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
