#include "sim/kernel/wake.hpp"

#include <utility>

#include "sim/kernel/epoll.hpp"
#include "sim/kernel/fasync.hpp"
#include "sim/kernel/signals.hpp"

namespace ipcsim {

void enqueue(KernelState& k, TaskId id) {
  Task& task = k.task(id);
  task.state = TaskState::kRunnable;
  task.run_next = kNoTask;
  if (k.run_last == kNoTask) {
    k.run_first = id;
  } else {
    k.task(k.run_last).run_next = id;
  }
  k.run_last = id;
}

void enqueue_first(KernelState& k, TaskId id) {
  Task& task = k.task(id);
  task.state = TaskState::kRunnable;
  task.run_next = k.run_first;
  k.run_first = id;
  if (k.run_last == kNoTask) {
    k.run_last = id;
  }
}

void dequeue(KernelState& k, TaskId id) {
  TaskId before = kNoTask;
  for (TaskId at = k.run_first; at != id; at = k.task(at).run_next) {
    IPCSIM_CHECK(at != kNoTask);
    before = at;
  }
  const TaskId after = std::exchange(k.task(id).run_next, kNoTask);
  if (before == kNoTask) {
    k.run_first = after;
  } else {
    k.task(before).run_next = after;
  }
  if (k.run_last == id) {
    k.run_last = before;
  }
}

bool wake_task(KernelState& k, TaskId id) {
  if (k.task(id).state != TaskState::kAsleep) {
    return false;
  }
  enqueue(k, id);
  return true;
}

void wake_waiters(KernelState& k, WaitQueueId queue, WakeCount count, u32 key) {
  WaitEntryId at = k.wait_queues.first(queue);
  while (at != kNoWaitEntry) {
    const WaitEntry entry = k.wait_queues[at];
    const WaitEntryId next = entry.next;
    const bool wanted = !entry.poll || key == 0 || (entry.key & key) != 0;
    const bool woken = entry.item != kNoEpItem ? ep_poll_callback(k, entry.item, key)
                                               : wanted && wake_task(k, entry.task);
    if (!entry.poll && (woken || entry.epoll_wait)) {
      // autoremove_wake_function(): a woken sleeper leaves the queue at once.
      k.wait_queues.remove(at);
      k.task(entry.task).wait_entry = kNoWaitEntry;
    }
    if (woken && entry.exclusive && count == WakeCount::kOne) {
      return;
    }
    at = next;
  }
}

void sleep_on(KernelState& k, TaskId id, WaitQueueId queue, bool exclusive) {
  Task& task = k.task(id);
  if (task.wait_entry == kNoWaitEntry) {
    task.wait_entry = k.wait_queues.add(queue, {.task = id, .exclusive = exclusive});
  }
  task.state = TaskState::kAsleep;
  if (signal_pending(k, id)) {
    // What preceded the sleep sent the task a signal: it looks, and does not sleep.
    // Linux kernel/sched/wait.c: prepare_to_wait_event().
    enqueue_first(k, id);
  }
}

void apply_effects(KernelState& k, TaskId current, PipeId pipe, const PipeEffects& effects) {
  const PipeObject& object = k.pipes[pipe];
  effects.each([&](PipeEffect effect) {
    switch (effect) {
      case PipeEffect::kSendSigpipe:
        send_signal_to_task(k, current,
                            SignalInfo::of(kSigpipe, kSiUser, k.process_of(current).leader));
        break;
      case PipeEffect::kWakeRdWait:
        wake_up(k, object.rd_wait, WakeCount::kOne, kPollIn | kPollRdNorm);
        break;
      case PipeEffect::kWakeWrWait:
        wake_up(k, object.wr_wait, WakeCount::kOne, kPollOut | kPollWrNorm);
        break;
      case PipeEffect::kWakeRdWaitAny:
        wake_up(k, object.rd_wait, WakeCount::kOne, 0);
        break;
      case PipeEffect::kWakeWrWaitAny:
        wake_up(k, object.wr_wait, WakeCount::kOne, 0);
        break;
      case PipeEffect::kWakeAllRdWait:
        wake_up(k, object.rd_wait, WakeCount::kAll, 0);
        break;
      case PipeEffect::kWakeAllWrWait:
        wake_up(k, object.wr_wait, WakeCount::kAll, 0);
        break;
      case PipeEffect::kSigioReaders:
        if (object.fasync) {
          kill_fasync(k, object.fasync->readers, kSiPollIn);
        }
        break;
      case PipeEffect::kSigioWriters:
        if (object.fasync) {
          kill_fasync(k, object.fasync->writers, kSiPollOut);
        }
        break;
    }
  });
}

}  // namespace ipcsim
