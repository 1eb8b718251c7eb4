#include "sim/workload/fair_queue.hpp"

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"

namespace ipcsim::workload {

i64 FairQueue::avg_vruntime() const {
  return queue_.empty() ? last_ : sum_ / static_cast<i64>(queue_.size());
}

/// It has had no more than the average. entity_eligible().
bool FairQueue::eligible(const Entity& entity) const {
  return entity.vruntime * static_cast<i64>(queue_.size()) <= sum_;
}

/// pick_eevdf(), with the running task's protection.
u32 FairQueue::pick_eevdf() const {
  u32 best = kNobody;
  if (running_ != kNobody && entities_[running_].queued && eligible(entities_[running_])) {
    const Entity& curr = entities_[running_];
    if (curr.vruntime < curr.vprot) {
      return running_;
    }
    best = running_;
  }
  for (const u32 id : queue_) {
    const Entity& entity = entities_[id];
    if (id == running_ || !eligible(entity)) {
      continue;
    }
    // At equal deadlines the running task stands behind.
    if (best == kNobody || entity.deadline < entities_[best].deadline ||
        (best == running_ && entity.deadline == entities_[best].deadline)) {
      best = id;
    }
  }
  return best;
}

void FairQueue::update_curr(i64 now) {
  if (running_ == kNobody || now <= updated_) {
    return;
  }
  Entity& curr = entities_[running_];
  curr.vruntime += now - updated_;
  sum_ += now - updated_;
  updated_ = now;
  const bool over = curr.vruntime >= curr.deadline;
  if (over) {
    curr.deadline = curr.vruntime + slice_;
  }
  need_resched_ |= queue_.size() > 1 && (over || curr.vruntime >= curr.vprot);
}

/// A wake-up that preempts spares the schedule() after it the reading of the clock: what the
/// running task does in between is the next one's time. wakeup_preempt(), rq_clock_skip_update().
i64 FairQueue::schedule_clock(i64 now) {
  const i64 at = std::exchange(skipped_at_, kNever);
  return at == kNever ? now : at;
}

/// place_entity(): as far from the average as it was when it left the queue, which its own joining
/// moves.
void FairQueue::place(Entity& entity) {
  const auto others = static_cast<i64>(queue_.size());
  entity.vruntime = avg_vruntime();
  if (others > 0) {
    entity.vruntime -= entity.vlag * (others + 1) / others;
  }
  entity.deadline = entity.vruntime + slice_;
}

void FairQueue::enqueue(u32 id) {
  entities_[id].queued = true;
  sum_ += entities_[id].vruntime;
  queue_.push_back(id);
}

void FairQueue::dequeue(u32 id) {
  Entity& entity = entities_[id];
  const auto at = std::find(queue_.begin(), queue_.end(), id);
  IPCSIM_CHECK(at != queue_.end());
  queue_.erase(at);
  entity.queued = false;
  sum_ -= entity.vruntime;
  last_ = entity.vruntime;
}

void FairQueue::pick_next(i64 now) {
  need_resched_ = false;
  while (!queue_.empty()) {
    const u32 best = pick_eevdf();
    IPCSIM_CHECK(best != kNobody);
    Entity& entity = entities_[best];
    if (!entity.sched_delayed) {
      if (best != running_) {
        running_ = best;
        entity.vprot = entity.deadline;
        updated_ = now;
      }
      return;
    }
    // The others have caught up: now it leaves, and is owed nothing.
    dequeue(best);
    entity.sched_delayed = false;
    entity.vlag = 0;
    running_ = running_ == best ? kNobody : running_;
  }
  running_ = kNobody;
}

void FairQueue::add(u32 id, i64 now) {
  if (entities_.size() <= id) {
    entities_.resize(id + 1);
  }
  update_curr(now);
  place(entities_[id]);
  enqueue(id);
  if (running_ == kNobody) {
    pick_next(now);
  }
}

void FairQueue::wake(u32 id, i64 now) {
  Entity& entity = entities_[id];
  if (entity.sched_delayed) {
    // requeue_delayed_entity(). The running task's last stretch is not counted yet.
    if (avg_vruntime() > entity.vruntime) {
      dequeue(id);
      entity.vlag = 0;
      place(entity);
      enqueue(id);
    }
    entity.sched_delayed = false;
  } else {
    update_curr(now);
    place(entity);
    enqueue(id);
  }
  if (running_ == kNobody) {
    pick_next(now);
  } else if (!need_resched_) {
    update_curr(now);
    need_resched_ |= pick_eevdf() == id;
  }
  if (need_resched_) {
    skipped_at_ = now;
  }
}

void FairQueue::sleep(i64 now) {
  IPCSIM_CHECK(running_ != kNobody);
  now = schedule_clock(now);
  update_curr(now);
  Entity& entity = entities_[running_];
  if (eligible(entity)) {
    const i64 most = std::max(2 * slice_, tick_);
    entity.vlag = std::clamp(avg_vruntime() - entity.vruntime, -most, most);
    dequeue(running_);
    running_ = kNobody;
  } else {
    entity.sched_delayed = true;
  }
  pick_next(now);
}

void FairQueue::leave(i64 now) {
  IPCSIM_CHECK(running_ != kNobody);
  now = schedule_clock(now);
  update_curr(now);
  dequeue(running_);
  running_ = kNobody;
  pick_next(now);
}

u32 FairQueue::go_on(i64 now) {
  if (now >= next_tick_) {
    update_curr(now);
    next_tick_ = (now / tick_ + 1) * tick_;
  }
  if (need_resched_) {
    now = schedule_clock(now);
    update_curr(now);
    pick_next(now);
  }
  return running_;
}

}  // namespace ipcsim::workload
