#include "model/mqueue/mq_ops.hpp"

#include <range/v3/algorithm/find.hpp>
#include <range/v3/algorithm/find_if.hpp>
#include <utility>

namespace ipcsim {
namespace {

constexpr u32 kReadable = 0x041;  // EPOLLIN | EPOLLRDNORM
constexpr u32 kWritable = 0x104;  // EPOLLOUT | EPOLLWRNORM

/// Linux ipc/mqueue.c: msg_insert(). Uses up the spare node when a new one is needed.
void insert(MqueueInode& queue, MqMessage message) {
  queue.qsize += message.text.len();
  if (queue.msg_tree.insert(std::move(message))) {
    queue.node_cache = false;
  }
}

/// Linux ipc/mqueue.c: msg_get(). A node that falls empty is kept if there is no spare one.
MqMessage take(MqueueInode& queue) {
  MsgTreePop popped = queue.msg_tree.pop();
  queue.node_cache = queue.node_cache || popped.erased_node;
  queue.qsize -= popped.message.text.len();
  return std::move(popped.message);
}

/// The waiter to be served next, off its list.
MqWaiter take_first_waiter(MqueueInode& queue, MqSide side) {
  MqWaiter waiter = std::move(queue.waiters(side).back());
  queue.waiters(side).pop_back();
  return waiter;
}

}  // namespace

MqSendOutcome mq_send(MqueueInode& queue, MqMessage message, const MqCaller& caller) {
  MqSendOutcome outcome;
  queue.node_cache = true;
  if (queue.full()) {
    if (caller.nonblock) {
      outcome.end = MqEnd::kFailed;
      outcome.error = Errno::kEAGAIN;
      return outcome;
    }
    wq_add(queue, MqSide::kSend,
           {.task = caller.task, .prio = caller.prio, .message = std::move(message)});
    outcome.end = MqEnd::kAsleep;
    return outcome;
  }
  if (!queue.waiters(MqSide::kRecv).empty()) {
    outcome.receiver = take_first_waiter(queue, MqSide::kRecv).task;
    outcome.handed_over = std::move(message);
    return outcome;
  }
  insert(queue, std::move(message));
  if (queue.mq_curmsgs() == 1) {
    outcome.fired = std::exchange(queue.notify, std::nullopt);
  }
  outcome.wake_pollers = true;
  return outcome;
}

MqReceiveOutcome mq_receive(MqueueInode& queue, const MqCaller& caller) {
  MqReceiveOutcome outcome;
  queue.node_cache = true;
  if (queue.msg_tree.empty()) {
    if (caller.nonblock) {
      outcome.end = MqEnd::kFailed;
      outcome.error = Errno::kEAGAIN;
      return outcome;
    }
    wq_add(queue, MqSide::kRecv, {.task = caller.task, .prio = caller.prio, .message = {}});
    outcome.end = MqEnd::kAsleep;
    return outcome;
  }
  outcome.message = take(queue);
  if (queue.waiters(MqSide::kSend).empty()) {
    outcome.wake_pollers = true;
    return outcome;
  }
  MqWaiter sender = take_first_waiter(queue, MqSide::kSend);
  insert(queue, std::move(sender.message));
  outcome.sender = sender.task;
  return outcome;
}

void wq_add(MqueueInode& queue, MqSide side, MqWaiter waiter) {
  std::vector<MqWaiter>& list = queue.waiters(side);
  const auto place =
      ranges::find_if(list, [&](const MqWaiter& other) { return other.prio <= waiter.prio; });
  list.insert(place, std::move(waiter));
}

bool wq_remove(MqueueInode& queue, MqSide side, WaiterId task) {
  std::vector<MqWaiter>& list = queue.waiters(side);
  const auto place = ranges::find(list, task, &MqWaiter::task);
  if (place == list.end()) {
    return false;
  }
  list.erase(place);
  return true;
}

void wq_set_prio(MqueueInode& queue, WaiterId task, i32 prio) {
  for (std::vector<MqWaiter>& list : queue.e_wait_q) {
    const auto place = ranges::find(list, task, &MqWaiter::task);
    if (place != list.end()) {
      place->prio = prio;
    }
  }
}

u32 mq_poll_mask(const MqueueInode& queue) {
  return (queue.msg_tree.empty() ? 0 : kReadable) | (queue.full() ? 0 : kWritable);
}

Errno mq_register(MqueueInode& queue, const MqNotify& notify) {
  if (queue.notify) {
    return Errno::kEBUSY;
  }
  queue.notify = notify;
  return Errno::kOk;
}

bool mq_unregister(MqueueInode& queue, WaiterId owner) {
  if (!queue.notify || queue.notify->owner != owner) {
    return false;
  }
  queue.notify.reset();
  return true;
}

}  // namespace ipcsim
