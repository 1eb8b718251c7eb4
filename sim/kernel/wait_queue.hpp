// Wait queues: lists of waiting tasks over one arena of entries.
#pragma once

#include <optional>
#include <vector>

#include "model/base/arena.hpp"
#include "model/base/hash.hpp"
#include "model/base/types.hpp"
#include "sim/kernel/ids.hpp"

namespace ipcsim {

using WaitQueueId = Strong<struct WaitQueueIdTag, u32>;
using WaitEntryId = Strong<struct WaitEntryIdTag, u32>;
inline constexpr WaitEntryId kNoWaitEntry{0xffffffffU};

/// One waiter (`struct wait_queue_entry`).
struct WaitEntry {
  TaskId task;
  WaitQueueId queue;
  bool exclusive = false;     ///< WQ_FLAG_EXCLUSIVE: at most one of these is woken at a time
  bool poll = false;          ///< pollwake(): stays in the queue when woken, and looks at the key
  u32 key = 0;                ///< poll events that this entry wants
  EpItemId item = kNoEpItem;  ///< an epoll item's: its instance is told instead of a task
  /// epoll_wait(): exclusive, and yet at the head, so that the last to come is the first to be
  /// woken
  /// (__add_wait_queue_exclusive()); leaves the queue even when the task did not sleep.
  bool epoll_wait = false;
  WaitEntryId prev = kNoWaitEntry;
  WaitEntryId next = kNoWaitEntry;

  bool operator==(const WaitEntry&) const = default;
};

/// All wait queues of a simulated kernel.
class WaitQueues {
 public:
  [[nodiscard]] WaitQueueId create() { return heads_.insert({}); }
  /// REQUIRES: the queue is empty.
  void destroy(WaitQueueId queue);

  /// Queues `entry`: an exclusive one at the tail, another, or one of epoll_wait(), at the head.
  /// Linux kernel/sched/wait.c: prepare_to_wait_event(), add_wait_queue().
  WaitEntryId add(WaitQueueId queue, WaitEntry entry);
  void remove(WaitEntryId id);

  [[nodiscard]] WaitEntryId first(WaitQueueId queue) const { return heads_[queue].first; }
  [[nodiscard]] const WaitEntry& operator[](WaitEntryId id) const { return entries_[id]; }
  [[nodiscard]] bool empty(WaitQueueId queue) const { return heads_[queue].first == kNoWaitEntry; }
  /// The same without looking whether there is such a queue.
  [[nodiscard]] bool known_empty(WaitQueueId queue) const {
    return heads_.known(queue).first == kNoWaitEntry;
  }
  /// Calls `f(entry)` from the head to the tail.
  void each(WaitQueueId queue, auto&& f) const {
    for (WaitEntryId id = first(queue); id != kNoWaitEntry; id = entries_[id].next) {
      f(entries_[id]);
    }
  }

  bool operator==(const WaitQueues&) const = default;
  void hash_into(Hasher& hasher) const;

 private:
  struct Head {
    WaitEntryId first = kNoWaitEntry;
    WaitEntryId last = kNoWaitEntry;
    bool operator==(const Head&) const = default;
  };
  Arena<WaitQueueId, Head> heads_;
  Arena<WaitEntryId, WaitEntry> entries_;
};

}  // namespace ipcsim
