// epoll_create1(), epoll_ctl(), epoll_wait() and its kin. Linux fs/eventpoll.c.
#include <algorithm>
#include <utility>

#include <range/v3/algorithm/find_if.hpp>

#include "sim/kernel/epoll.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/poll.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

/// Most instances from one that is watched by none to a file that is no instance (EP_MAX_NESTS).
constexpr u32 kMostNests = 4;
/// Most events of one call (EP_MAX_EVENTS): what fits INT_MAX bytes.
constexpr i32 kMostEvents = 0x7fffffff / 12;
/// What may stand beside EPOLLEXCLUSIVE.
constexpr u32 kExclusiveOk =
    kPollIn | kPollOut | kPollErr | kPollHup | kEpollWakeup | kEpollEt | kEpollExclusive;

/// How deep instances are below this one. Linux fs/eventpoll.c: ep_loop_check_proc(). Instances
/// form no circle, so this ends; `loop_to` becomes true when that one is found.
u32 depth_below(const KernelState& k, EventPollId ep, EventPollId target, bool& found) {
  u32 depth = 0;
  for (const EpItemId id : k.epolls[ep].items) {
    const File& file = k.files[k.epitems[id].file];
    if (file.kind == FileKind::kEpoll) {
      found = found || file.epoll == target;
      depth = std::max(depth, depth_below(k, file.epoll, target, found) + 1);
    }
  }
  return depth;
}

/// How many instances watch this one, one through the other.
/// Linux fs/eventpoll.c: ep_get_upwards_depth_proc().
u32 depth_above(const KernelState& k, EventPollId ep) {
  u32 depth = 0;
  k.epitems.each([&](EpItemId /*id*/, const EpItem& item) {
    const File& file = k.files[item.file];
    if (file.kind == FileKind::kEpoll && file.epoll == ep) {
      depth = std::max(depth, depth_above(k, item.ep) + 1);
    }
  });
  return depth;
}

/// True when `ep` must not watch `to`: that is a circle, or too deep.
bool loops(const KernelState& k, EventPollId ep, EventPollId to) {
  bool found = false;
  const u32 below = depth_below(k, to, ep, found);
  return found || below > kMostNests || below + 1 + depth_above(k, ep) > kMostNests;
}

std::optional<EpItemId> ep_find(const KernelState& k, EventPollId ep, FileId file, Fd fd) {
  const auto& items = k.epolls[ep].items;
  const auto found = ranges::find_if(
      items, [&](EpItemId id) { return k.epitems[id].file == file && k.epitems[id].fd == fd; });
  return found == items.end() ? std::nullopt : std::optional{*found};
}

/// What is ready already is told at once.
void tell_if_ready(KernelState& k, EpItemId id) {
  if (ep_item_poll(k, id) != 0 && !k.epitems[id].ready) {
    ep_make_ready(k, id);
    ep_tell(k, k.epitems[id].ep);
  }
}

void ep_insert(KernelState& k, EventPollId ep, FileId file, Fd fd, EpollEvent event) {
  event.events.v |= kPollErr | kPollHup;
  const EpItemId id =
      k.epitems.insert({.ep = ep, .file = file, .fd = fd, .event = event, .entries = {}});
  k.epolls[ep].items.push_back(id);
  ++k.files[file].epitems;
  for (const WaitQueueId queue : poll_queues(k, k.files[file])) {
    const WaitEntryId entry = k.wait_queues.add(
        queue, {.exclusive = (event.events.v & kEpollExclusive) != 0, .poll = true, .item = id});
    k.epitems[id].entries.push_back(entry);
  }
  tell_if_ready(k, id);
}

/// Errors of what EPOLLEXCLUSIVE must not stand with: EINVAL.
Errno check_exclusive(const EpollCtlCall& call, const File& target) {
  const u32 events = call.event.value.events.v;
  if ((events & kEpollExclusive) == 0) {
    return Errno::kOk;
  }
  if (call.op.v == kEpollCtlMod) {
    return Errno::kEINVAL;
  }
  const bool odd = target.kind == FileKind::kEpoll || (events & ~kExclusiveOk) != 0;
  return call.op.v == kEpollCtlAdd && odd ? Errno::kEINVAL : Errno::kOk;
}

bool can_poll(const File& file) {
  return file.kind == FileKind::kPipe || file.kind == FileKind::kMqueue ||
         file.kind == FileKind::kEpoll || file.kind == FileKind::kNetlink ||
         file.kind == FileKind::kMqLimit;
}

/// Hands out what is ready, in the order of the list: level-triggered items go to its end again.
/// Linux fs/eventpoll.c: ep_send_events(), ep_done_scan().
Section send_events(KernelState& k, EventPollId ep, OutPtr out, i32 maxevents) {
  EpollEventList list;
  std::vector<EpItemId> txlist = std::exchange(k.epolls[ep].rdllist, {});
  std::size_t at = 0;
  for (; at < txlist.size() && std::cmp_less(list.events.size(), maxevents); ++at) {
    const EpItemId id = txlist[at];
    const u32 events = ep_item_poll(k, id);
    EpItem& item = k.epitems[id];
    item.ready = false;
    if (events == 0) {
      continue;
    }
    if (out != OutPtr::kValid) {
      item.ready = true;  // the event could not be handed out and stays the first
      break;
    }
    list.events.push_back({.events = EpollEvents{events}, .data = item.event.data});
    if ((item.event.events.v & kEpollOneshot) != 0) {
      item.event.events.v &= kEpollPrivateBits;
    } else if ((item.event.events.v & kEpollEt) == 0) {
      ep_make_ready(k, id);
    }
  }
  auto& rdllist = k.epolls[ep].rdllist;
  rdllist.insert(rdllist.begin(), txlist.begin() + static_cast<std::ptrdiff_t>(at), txlist.end());
  if (!rdllist.empty()) {
    wake_up(k, k.epolls[ep].wq, WakeCount::kOne, 0);
  }
  if (list.events.empty() && at < txlist.size() && out != OutPtr::kValid) {
    return Section::failed(Errno::kEFAULT);
  }
  const i64 count = static_cast<i64>(list.events.size());
  return Section::returned(count, std::move(list));
}

/// What the three calls of epoll_wait() have in common.
struct EpollWait {
  Fd epfd;
  OutPtr events;
  i32 maxevents;
  PollTimeout timeout;
};

/// Errors, in the order tested: EBADF, EINVAL (maxevents; to 6.14 it came first), EFAULT, EINVAL
/// (no instance). EINTR ends every sleep, also under SA_RESTART and after a stop. Linux
/// fs/eventpoll.c: ep_poll().
Section ep_poll(KernelState& k, TaskId id, const EpollWait& call) {
  Task& task = k.task(id);
  FileId file = k.fd_table(id).file(call.epfd);
  bool available = true;
  bool timed_out = false;
  if (const auto* progress = std::get_if<EpollWaitInProgress>(&task.progress)) {
    file = progress->file;
    timed_out = task.timed_out(k.now);
    // Whoever was taken out of the queue has to look for events, however late it is.
    available = !timed_out || task.wait_entry == kNoWaitEntry;
    if (task.wait_entry != kNoWaitEntry) {
      k.wait_queues.remove(std::exchange(task.wait_entry, kNoWaitEntry));
    }
  } else {
    const bool bad_count = call.maxevents <= 0 || call.maxevents > kMostEvents;
    if (bad_count && k.profile->epoll_wait_checks_arguments_first) {
      return Section::failed(Errno::kEINVAL);
    }
    if (find_file(k, id, call.epfd) == nullptr) {
      return Section::failed(Errno::kEBADF);
    }
    if (bad_count) {
      return Section::failed(Errno::kEINVAL);
    }
    if (k.files[file].kind == FileKind::kOther) {
      return Section::not_modelled("epoll_wait() on a file that is not under study");
    }
    if (k.files[file].kind != FileKind::kEpoll) {
      return Section::failed(Errno::kEINVAL);
    }
    timed_out = !call.timeout.forever && later(task.entered, call.timeout.ns) <= k.now;
  }
  const EventPollId ep = k.files[file].epoll;
  if (available && !k.epolls[ep].rdllist.empty()) {
    if (task.killed) {
      return Section::failed(Errno::kEINTR);  // ep_send_events(): who dies takes no events away
    }
    Section sent = send_events(k, ep, call.events, call.maxevents);
    if (sent.result.ret != 0) {
      return sent;
    }
  }
  if (timed_out) {
    return Section::returned(0, EpollEventList{});
  }
  if (signal_pending(k, id)) {
    return Section::failed(Errno::kEINTR);
  }
  if (std::holds_alternative<std::monostate>(task.progress)) {
    task.progress = EpollWaitInProgress{file};
    ++k.files[file].f_count;
    if (!call.timeout.forever) {
      task.make_rare().deadline = later(task.entered, call.timeout.ns);
    }
  }
  task.wait_entry =
      k.wait_queues.add(k.epolls[ep].wq, {.task = id, .exclusive = true, .epoll_wait = true});
  task.state = TaskState::kAsleep;
  return Section::asleep();
}

bool entering(const KernelState& k, TaskId id) {
  return std::holds_alternative<std::monostate>(k.task(id).progress);
}

}  // namespace

/// Errors, in the order tested: EINVAL, EMFILE.
Section run(KernelState& k, TaskId id, const EpollCreate1Call& call) {
  if ((call.flags.v & ~kOCloexec) != 0) {
    return Section::failed(Errno::kEINVAL);
  }
  FdTable& table = k.fd_table(id);
  const Result<Fd> fd =
      table.reserve(Fd{0}, k.process_of(id).rlimit_nofile, (call.flags.v & kOCloexec) != 0);
  if (!fd) {
    return Section::failed(fd.error());
  }
  File file{.kind = FileKind::kEpoll, .f_count = 1, .f_flags = kORdwr};
  file.f_mode = {.read = true, .write = true};
  file.epoll = k.epolls.insert({.wq = k.wait_queues.create(),
                                .poll_wait = k.wait_queues.create(),
                                .items = {},
                                .rdllist = {}});
  table.install(*fd, k.files.insert(file));
  return Section::returned(fd->v);
}

/// Errors, in the order tested: EFAULT (event), EBADF (epfd, then fd), EPERM (fd cannot be polled),
/// EINVAL (the instance itself, no instance, EPOLLEXCLUSIVE), ELOOP, then EEXIST or ENOENT, EINVAL
/// (MOD of an exclusive item, unknown op). Linux fs/eventpoll.c: do_epoll_ctl().
Section run(KernelState& k, TaskId id, const EpollCtlCall& call) {
  const bool has_event = call.op.v != kEpollCtlDel;
  if (has_event && call.event.kind != UserPtr<EpollEvent>::Kind::kValue) {
    return Section::failed(Errno::kEFAULT);
  }
  const File* file = find_file(k, id, call.epfd);
  const File* target = file == nullptr ? nullptr : find_file(k, id, call.fd);
  if (target == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (!knows_events(*target) || file->kind == FileKind::kOther) {
    return Section::not_modelled("epoll_ctl() with a file that is not under study");
  }
  if (!can_poll(*target)) {
    return Section::failed(Errno::kEPERM);
  }
  const FileId target_id = k.fd_table(id).file(call.fd);
  if (target == file || file->kind != FileKind::kEpoll) {
    return Section::failed(Errno::kEINVAL);
  }
  if (has_event) {
    if (const Errno error = check_exclusive(call, *target); error != Errno::kOk) {
      return Section::failed(error);
    }
  }
  const EventPollId ep = file->epoll;
  if (call.op.v == kEpollCtlAdd && target->kind == FileKind::kEpoll &&
      loops(k, ep, target->epoll)) {
    return Section::failed(Errno::kELOOP);
  }
  const auto item = ep_find(k, ep, target_id, call.fd);
  switch (call.op.v) {
    case kEpollCtlAdd:
      if (item) {
        return Section::failed(Errno::kEEXIST);
      }
      ep_insert(k, ep, target_id, call.fd, call.event.value);
      return Section::returned(0);
    case kEpollCtlDel:
      if (!item) {
        return Section::failed(Errno::kENOENT);
      }
      ep_remove(k, *item);
      return Section::returned(0);
    case kEpollCtlMod:
      if (!item) {
        return Section::failed(Errno::kENOENT);
      }
      if ((k.epitems[*item].event.events.v & kEpollExclusive) != 0) {
        return Section::failed(Errno::kEINVAL);
      }
      k.epitems[*item].event = call.event.value;
      k.epitems[*item].event.events.v |= kPollErr | kPollHup;
      tell_if_ready(k, *item);
      return Section::returned(0);
    default:
      return Section::failed(Errno::kEINVAL);
  }
}

Section run(KernelState& k, TaskId id, const EpollWaitCall& call) {
  return ep_poll(k, id, {call.epfd, call.events, call.maxevents, poll_timeout_ms(call.timeout)});
}

/// Errors first: EFAULT (mask).
Section run(KernelState& k, TaskId id, const EpollPwaitCall& call) {
  if (entering(k, id)) {
    if (const Errno error = set_user_sigmask(k, id, call.sigmask); error != Errno::kOk) {
      return Section::failed(error);
    }
  }
  return ep_poll(k, id, {call.epfd, call.events, call.maxevents, poll_timeout_ms(call.timeout)});
}

/// Errors first: EFAULT, EINVAL (timeout), EFAULT (mask).
Section run(KernelState& k, TaskId id, const EpollPwait2Call& call) {
  const Result<PollTimeout> timeout = poll_timeout(call.timeout);
  if (!timeout) {
    return Section::failed(timeout.error());
  }
  if (entering(k, id)) {
    if (const Errno error = set_user_sigmask(k, id, call.sigmask); error != Errno::kOk) {
      return Section::failed(error);
    }
  }
  return ep_poll(k, id, {call.epfd, call.events, call.maxevents, *timeout});
}

}  // namespace ipcsim
