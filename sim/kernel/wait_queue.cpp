#include "sim/kernel/wait_queue.hpp"

namespace ipcsim {

void WaitQueues::destroy(WaitQueueId queue) {
  IPCSIM_CHECK(empty(queue));
  heads_.erase(queue);
}

WaitEntryId WaitQueues::add(WaitQueueId queue, WaitEntry entry) {
  Head& head = heads_[queue];
  entry.queue = queue;
  const bool at_tail = entry.exclusive && !entry.epoll_wait;
  entry.prev = at_tail ? head.last : kNoWaitEntry;
  entry.next = at_tail ? kNoWaitEntry : head.first;
  const WaitEntryId id = entries_.insert(entry);
  if (entry.prev != kNoWaitEntry) {
    entries_[entry.prev].next = id;
  } else {
    head.first = id;
  }
  if (entry.next != kNoWaitEntry) {
    entries_[entry.next].prev = id;
  } else {
    head.last = id;
  }
  return id;
}

void WaitQueues::remove(WaitEntryId id) {
  const WaitEntry entry = entries_[id];
  Head& head = heads_[entry.queue];
  if (entry.prev != kNoWaitEntry) {
    entries_[entry.prev].next = entry.next;
  } else {
    head.first = entry.next;
  }
  if (entry.next != kNoWaitEntry) {
    entries_[entry.next].prev = entry.prev;
  } else {
    head.last = entry.prev;
  }
  entries_.erase(id);
}

void WaitQueues::hash_into(Hasher& hasher) const {
  heads_.each([&](WaitQueueId id, const Head& head) {
    hasher.add(id);
    for (WaitEntryId e = head.first; e != kNoWaitEntry; e = entries_[e].next) {
      const WaitEntry& entry = entries_[e];
      hasher.add(entry.task);
      hasher.add(entry.exclusive);
      hasher.add(entry.poll);
      hasher.add(entry.key);
      hasher.add(entry.item);
    }
  });
}

}  // namespace ipcsim
