// epoll instances: what they watch, and what is ready.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/kernel/call_events.hpp"
#include "sim/kernel/file.hpp"
#include "sim/kernel/wait_queue.hpp"

namespace ipcsim {

/// A file that an instance watches (`struct epitem`). It goes with the file or with the instance;
/// it does not keep the file open.
struct EpItem {
  EventPollId ep;
  FileId file;
  Fd fd;  ///< the number that it was added under: the other half of its name
  EpollEvent event;
  bool ready = false;                ///< in the instance's rdllist
  std::vector<WaitEntryId> entries;  ///< in the file's wait queues
  bool operator==(const EpItem&) const = default;
};

/// An instance (`struct eventpoll`).
struct EventPoll {
  WaitQueueId wq;         ///< tasks in epoll_wait(), exclusively
  WaitQueueId poll_wait;  ///< who polls or watches the instance itself
  std::vector<EpItemId> items;
  std::vector<EpItemId> rdllist;  ///< items that may be ready, in the order of being told
  bool operator==(const EventPoll&) const = default;
};

struct KernelState;

/// Something happened on a file that `item` watches: `key` are the events, 0 when they are not
/// said. True when an exclusive wake-up is used up by this item.
/// Linux fs/eventpoll.c: ep_poll_callback().
bool ep_poll_callback(KernelState& k, EpItemId item, u32 key);
/// The wanted events of the item's file now. Linux fs/eventpoll.c: ep_item_poll().
[[nodiscard]] u32 ep_item_poll(KernelState& k, EpItemId item);
/// Puts the item at the end of its instance's ready list, unless it is in it.
void ep_make_ready(KernelState& k, EpItemId item);
/// One task in epoll_wait() is woken, and whoever polls or watches the instance is told.
void ep_tell(KernelState& k, EventPollId ep);
/// The instance no longer watches the item's file. Linux fs/eventpoll.c: __ep_remove().
void ep_remove(KernelState& k, EpItemId item);
/// What polling the instance gives; items that are not ready after all leave its list.
/// Linux fs/eventpoll.c: __ep_eventpoll_poll().
[[nodiscard]] u32 ep_eventpoll_poll(KernelState& k, EventPollId ep);
/// The last reference to a file went: nobody watches it any more.
/// Linux fs/eventpoll.c: eventpoll_release_file().
void eventpoll_release_file(KernelState& k, FileId file);
/// The instance's last reference went. Linux fs/eventpoll.c: ep_clear_and_put().
void ep_free(KernelState& k, EventPollId ep);
/// The first broken rule of an instance, in words, or nothing.
[[nodiscard]] std::optional<std::string> broken_invariant(const KernelState& k,
                                                          const EventPoll& ep);

}  // namespace ipcsim
