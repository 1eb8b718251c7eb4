// The tasks asleep in a send or a receive, in the order in which they will be served.
#pragma once

#include <vector>

#include "model/base/hash.hpp"
#include "model/base/types.hpp"
#include "model/mqueue/mq_message.hpp"

namespace ipcsim {

/// Names a sleeping task. Opaque: the layer above uses its own task numbers.
using WaiterId = Strong<struct WaiterTag, u32>;

/// A task asleep on a queue (`struct ext_wait_queue`). Whoever is in a list is in STATE_NONE: a
/// peer that completes a call (STATE_READY) takes its waiter out in the same section.
struct MqWaiter {
  WaiterId task;
  /// The task's effective priority now, on the kernel's scale, smaller is more urgent: 120 + nice
  /// for normal policies, 99 - rt_priority for SCHED_FIFO and SCHED_RR, -1 for SCHED_DEADLINE.
  i32 prio = 120;
  MqMessage message;  ///< of a sender; it is no part of the queue yet

  bool operator==(const MqWaiter&) const = default;
  void hash_into(Hasher& hasher) const;
};

/// One list of waiters (`e_wait_q[SEND]` or `e_wait_q[RECV]`). The tail is served first.
/// add() is O(waiters less urgent than the newcomer), pop_tail() O(1) amortised.
class MqWaitList {
 public:
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] u32 size() const { return static_cast<u32>(waiters_.size() - served_); }
  /// From the head to the tail, as the kernel links them.
  [[nodiscard]] auto begin() const { return waiters_.crbegin(); }
  [[nodiscard]] auto end() const { return waiters_.crend() - served_; }

  /// Inserts before the first element, from the head on, whose present prio is not greater than the
  /// newcomer's; at the tail if there is none. Among equals the oldest is nearest the tail. The
  /// list is never sorted again, so after set_prio() it may be out of order and the rule still
  /// holds to the letter. Linux ipc/mqueue.c: wq_add().
  void add(MqWaiter waiter);
  /// Takes the waiter that is served first. REQUIRES: !empty().
  /// Linux ipc/mqueue.c: wq_get_first_waiter().
  [[nodiscard]] MqWaiter pop_tail();
  /// Drops `task` with its message, wherever it is. False if it is not here (or no longer).
  bool remove(WaiterId task);
  /// Notes a new priority of a sleeping task without moving it. False if it is not here.
  bool set_prio(WaiterId task, i32 prio);

  friend bool operator==(const MqWaitList& a, const MqWaitList& b);
  void hash_into(Hasher& hasher) const;

 private:
  [[nodiscard]] std::vector<MqWaiter>::iterator find(WaiterId task);

  // The tail comes first, so that a newcomer who is nobody's better is appended. The first
  // `served_` elements are gone already; they are erased in one go when they are many.
  std::vector<MqWaiter> waiters_;
  u32 served_ = 0;
};

}  // namespace ipcsim
