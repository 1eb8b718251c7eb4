// Sleeping and waking: the run queue, the wait queues, and effects on them.
#pragma once

#include <utility>

#include "model/pipe/effects.hpp"
#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// Makes a task runnable, behind all that are runnable already.
void enqueue(KernelState& k, TaskId id);
/// Takes a task off the run queue.
void dequeue(KernelState& k, TaskId id);
/// Makes a task runnable before all others: a task that goes on at once.
void enqueue_first(KernelState& k, TaskId id);

/// Wakes a sleeping task; false when it does not sleep. Linux kernel/sched/core.c:
/// try_to_wake_up().
bool wake_task(KernelState& k, TaskId id);

/// How many exclusive waiters one wake-up may wake.
enum class WakeCount : u8 { kOne, kAll };

/// Wakes every non-exclusive waiter and, unless `count` is all, the first exclusive one that really
/// sleeps. Poll entries are passed over when they do not want any bit of `key` (0 matches all).
/// Linux kernel/sched/wait.c: __wake_up_common().
void wake_waiters(KernelState& k, WaitQueueId queue, WakeCount count, u32 key);
inline void wake_up(KernelState& k, WaitQueueId queue, WakeCount count, u32 key) {
  if (!k.wait_queues.empty(queue)) {
    wake_waiters(k, queue, count, key);
  }
}

/// Puts the task to sleep on `queue`, unless it is still queued there.
void sleep_on(KernelState& k, TaskId id, WaitQueueId queue, bool exclusive);
/// Ends a sleep: the task is in no wait queue any more. Linux kernel/sched/wait.c: finish_wait().
inline void finish_wait(KernelState& k, TaskId id) {
  Task& task = k.task(id);
  if (task.wait_entry != kNoWaitEntry) {
    k.wait_queues.remove(std::exchange(task.wait_entry, kNoWaitEntry));
  }
  if (task.extras) {
    task.extras->deadline.reset();
  }
}

/// Carries out what a pipe operation of task `current` asks for, in order.
void apply_effects(KernelState& k, TaskId current, PipeId pipe, const PipeEffects& effects);

}  // namespace ipcsim
