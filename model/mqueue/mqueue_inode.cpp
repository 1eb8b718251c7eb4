#include "model/mqueue/mqueue_inode.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace ipcsim {

void MqueueInode::hash_into(Hasher& hasher) const {
  hasher.add(attr.mq_maxmsg);
  hasher.add(attr.mq_msgsize);
  msg_tree.hash_into(hasher);
  hasher.add(node_cache);
  hasher.add(qsize);
  for (const MqWaitList& list : e_wait_q) {
    list.hash_into(hasher);
  }
  hasher.add(notify_signal ? notify_signal->signo + 1 : 0);
  hasher.add(notify_signal ? notify_signal->value : 0);
  hasher.add(notify.has_value());
  if (notify) {
    hasher.add(notify->kind);
    hasher.add(notify->signo);
    hasher.add(notify->value);
    hasher.add(notify->owner);
    hasher.add(notify->self_exec_id);
  }
}

namespace {

using Broken = std::optional<std::string>;

Broken check_counters(const MqueueInode& queue) {
  if (queue.attr.mq_maxmsg <= 0 || queue.attr.mq_msgsize <= 0) {
    return fmt::format("mq_maxmsg {} and mq_msgsize {} are positive", queue.attr.mq_maxmsg,
                       queue.attr.mq_msgsize);
  }
  if (queue.mq_curmsgs() > queue.attr.mq_maxmsg) {
    return fmt::format("mq_curmsgs {} is at most mq_maxmsg {}", queue.mq_curmsgs(),
                       queue.attr.mq_maxmsg);
  }
  const MsgTree& tree = queue.msg_tree;
  const u64 longest = static_cast<u64>(queue.attr.mq_msgsize);
  u64 bytes = 0;
  for (MsgNodeId node = tree.root(); node != kNoMsgNode; node = tree.next_preorder(node)) {
    for (MsgId msg = tree.node(node).first; msg != kNoMsg; msg = tree.next(msg)) {
      if (tree.text(msg).len() > longest) {
        return fmt::format("a message of {} bytes is at most mq_msgsize {}", tree.text(msg).len(),
                           longest);
      }
      bytes += tree.text(msg).len();
    }
  }
  if (queue.qsize != bytes) {
    return fmt::format("qsize {} is the sum of the messages' lengths {}", queue.qsize, bytes);
  }
  return std::nullopt;
}

Broken check_waiters(const MqueueInode& queue) {
  if (!queue.waiters(MqSide::kRecv).empty() && !queue.msg_tree.empty()) {
    return std::string("receivers sleep only while the queue is empty");
  }
  if (!queue.waiters(MqSide::kSend).empty() && !queue.full()) {
    return std::string("senders sleep only while the queue is full");
  }
  for (const MqWaiter& sender : queue.waiters(MqSide::kSend)) {
    if (sender.message.prio >= kMqPrioMax ||
        sender.message.text.len() > static_cast<u64>(queue.attr.mq_msgsize)) {
      return fmt::format("the message of waiter {} has passed the checks", sender.task.v);
    }
  }
  std::vector<u32> tasks;
  for (const MqWaitList& list : queue.e_wait_q) {
    for (const MqWaiter& waiter : list) {
      tasks.push_back(waiter.task.v);
    }
  }
  std::ranges::sort(tasks);
  if (const auto twice = std::ranges::adjacent_find(tasks); twice != tasks.end()) {
    return fmt::format("waiter {} sleeps once", *twice);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> broken_invariant(const MqueueInode& queue) {
  if (auto broken = queue.msg_tree.broken_invariant()) {
    return broken;
  }
  if (auto broken = check_counters(queue)) {
    return broken;
  }
  return check_waiters(queue);
}

}  // namespace ipcsim
