// Who runs on one processor under the kernel's fair scheduler, for tasks of equal weight.
#pragma once

#include <vector>

#include "model/base/types.hpp"

namespace ipcsim::workload {

/// Nobody, where a task's number is expected.
inline constexpr u32 kNobody = 0xffffffffU;

/// A fair run queue: of the tasks that have had no more than the average of processor time the one
/// with the earliest deadline runs. Linux kernel/sched/fair.c, as of 6.12 and later, with these
/// features: PLACE_LAG, RUN_TO_PARITY, DELAY_DEQUEUE, DELAY_ZERO, WAKEUP_PREEMPTION; without
/// preemption inside the kernel (PREEMPT_NONE): who shall go goes when it returns to user space.
///
/// All times are in one unit, and grow.
class FairQueue {
 public:
  /// `slice`: processor time until a deadline. `tick`: what lies between two looks at the running
  /// task that nothing but time causes.
  FairQueue(i64 slice, i64 tick) : slice_(slice), tick_(tick), next_tick_(tick) {}

  /// A task begins.
  void add(u32 id, i64 now);
  /// A task that sleeps is woken. try_to_wake_up(), enqueue_task_fair(), wakeup_preempt().
  void wake(u32 id, i64 now);
  /// The running task falls asleep; another is picked. dequeue_task_fair(), pick_next_task_fair().
  void sleep(i64 now);
  /// The running task is over; another is picked.
  void leave(i64 now);
  /// The running task is about to go on in user space: it, or who was to run instead.
  u32 go_on(i64 now);

  [[nodiscard]] u32 running() const { return running_; }

 private:
  static constexpr i64 kNever = -1;
  /// struct sched_entity.
  struct Entity {
    i64 vruntime = 0;
    i64 deadline = 0;
    i64 vprot = 0;  ///< while it is eligible and has not come so far, it is not taken off
    i64 vlag = 0;   ///< of one that is not queued: what it had been short of
    bool queued = false;
    bool sched_delayed = false;  ///< asleep, but queued until the others have caught up
  };

  [[nodiscard]] i64 avg_vruntime() const;
  [[nodiscard]] bool eligible(const Entity& entity) const;
  [[nodiscard]] u32 pick_eevdf() const;
  void update_curr(i64 now);
  /// What schedule() takes for the present time.
  [[nodiscard]] i64 schedule_clock(i64 now);
  void place(Entity& entity);
  void enqueue(u32 id);
  void dequeue(u32 id);
  void pick_next(i64 now);

  i64 slice_;
  i64 tick_;
  i64 next_tick_;
  i64 updated_ = 0;  ///< until when the running task's time is counted
  i64 sum_ = 0;      ///< of the queued tasks' vruntime
  i64 last_ = 0;     ///< vruntime of who left the queue empty
  u32 running_ = kNobody;
  bool need_resched_ = false;
  i64 skipped_at_ = kNever;  ///< the clock at a wake-up, which the next schedule() goes on using
  std::vector<u32> queue_;   ///< in the order in which they joined; the running one is among them
  std::vector<Entity> entities_;
};

}  // namespace ipcsim::workload
