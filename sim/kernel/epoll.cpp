#include "sim/kernel/epoll.hpp"

#include <range/v3/algorithm/contains.hpp>

#include "sim/kernel/poll.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

constexpr u32 kInOut = kPollIn | kPollOut;

/// Whoever polls or watches the instance itself is told. Linux fs/eventpoll.c: ep_poll_safewake().
void ep_poll_safewake(KernelState& k, EventPollId ep) {
  wake_up(k, k.epolls[ep].poll_wait, WakeCount::kOne, kPollIn);
}

/// True when the event suits what an EPOLLEXCLUSIVE item waits for, and so uses the wake-up up.
bool suits(u32 wanted, u32 key) {
  switch (key & kInOut) {
    case kPollIn:
      return (wanted & kPollIn) != 0;
    case kPollOut:
      return (wanted & kPollOut) != 0;
    default:
      return (key & kInOut) == 0;
  }
}

}  // namespace

void ep_make_ready(KernelState& k, EpItemId id) {
  EpItem& item = k.epitems[id];
  if (!item.ready) {
    item.ready = true;
    k.epolls[item.ep].rdllist.push_back(id);
  }
}

void ep_tell(KernelState& k, EventPollId ep) {
  wake_up(k, k.epolls[ep].wq, WakeCount::kOne, 0);
  ep_poll_safewake(k, ep);
}

bool ep_poll_callback(KernelState& k, EpItemId id, u32 key) {
  const EpItem& item = k.epitems[id];
  const u32 wanted = item.event.events.v;
  const bool exclusive = (wanted & kEpollExclusive) != 0;
  const bool disabled = (wanted & ~kEpollPrivateBits) == 0;  // by EPOLLONESHOT
  if (disabled || (key != 0 && (key & wanted) == 0)) {
    return !exclusive;
  }
  const EventPollId ep = item.ep;
  const bool somebody_waits = !k.wait_queues.empty(k.epolls[ep].wq);
  ep_make_ready(k, id);
  ep_tell(k, ep);
  return !exclusive || (somebody_waits && suits(wanted, key));
}

u32 ep_item_poll(KernelState& k, EpItemId id) {
  const EpItem& item = k.epitems[id];
  return vfs_poll(k, k.files[item.file]) & item.event.events.v;
}

u32 ep_eventpoll_poll(KernelState& k, EventPollId ep) {
  // The list is taken as it is: what is not ready after all leaves it, up to the first that is.
  while (!k.epolls[ep].rdllist.empty()) {
    const EpItemId first = k.epolls[ep].rdllist.front();
    if (ep_item_poll(k, first) != 0) {
      wake_up(k, k.epolls[ep].wq, WakeCount::kOne, 0);
      return kPollIn | kPollRdNorm;
    }
    k.epitems[first].ready = false;
    std::erase(k.epolls[ep].rdllist, first);
  }
  return 0;
}

void ep_remove(KernelState& k, EpItemId id) {
  const EpItem item = k.epitems[id];
  for (const WaitEntryId entry : item.entries) {
    k.wait_queues.remove(entry);
  }
  EventPoll& ep = k.epolls[item.ep];
  std::erase(ep.rdllist, id);
  std::erase(ep.items, id);
  --k.files[item.file].epitems;
  k.epitems.erase(id);
}

void eventpoll_release_file(KernelState& k, FileId file) {
  std::vector<EpItemId> watching;
  if (k.files[file].epitems > 0) {
    k.epitems.each([&](EpItemId id, const EpItem& item) {
      if (item.file == file) {
        watching.push_back(id);
      }
    });
  }
  for (const EpItemId id : watching) {
    ep_remove(k, id);
  }
}

void ep_free(KernelState& k, EventPollId id) {
  while (!k.epolls[id].items.empty()) {
    ep_remove(k, k.epolls[id].items.back());
  }
  k.wait_queues.destroy(k.epolls[id].wq);
  k.wait_queues.destroy(k.epolls[id].poll_wait);
  k.epolls.erase(id);
}

std::optional<std::string> broken_invariant(const KernelState& k, const EventPoll& ep) {
  for (const EpItemId id : ep.items) {
    const EpItem& item = k.epitems[id];
    if (item.ready != ranges::contains(ep.rdllist, id)) {
      return "an epoll item is marked ready exactly when it is in the ready list";
    }
    for (const WaitEntryId entry : item.entries) {
      if (k.wait_queues[entry].item != id) {
        return "an epoll item's entries in wait queues name the item";
      }
    }
  }
  if (ep.rdllist.size() > ep.items.size()) {
    return "an epoll instance has no more ready items than items";
  }
  return std::nullopt;
}

}  // namespace ipcsim
