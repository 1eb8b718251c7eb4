#include "model/mqueue/mqueue_inode.hpp"

#include <fmt/format.h>

#include <range/v3/algorithm/any_of.hpp>

namespace ipcsim {

void MqueueInode::hash_into(Hasher& hasher) const {
  hasher.add(attr.mq_maxmsg);
  hasher.add(attr.mq_msgsize);
  msg_tree.hash_into(hasher);
  hasher.add(node_cache);
  for (const auto& list : e_wait_q) {
    hasher.add(list.size());
    for (const MqWaiter& waiter : list) {
      hasher.add(waiter.task);
      hasher.add(waiter.prio);
      waiter.message.hash_into(hasher);
    }
  }
  hasher.add(notify.has_value());
  if (notify) {
    hasher.add(notify->kind);
    hasher.add(notify->signo);
    hasher.add(notify->owner);
  }
}

namespace {

/// The lengths of all messages in the tree.
u64 bytes_in_tree(const MsgTree& tree) {
  u64 bytes = 0;
  for (MsgNodeId node = tree.root(); node != kNoMsgNode; node = tree.next_preorder(node)) {
    for (MsgId msg = tree.node(node).first; msg != kNoMsg; msg = tree.next(msg)) {
      bytes += tree.text(msg).len();
    }
  }
  return bytes;
}

}  // namespace

std::optional<std::string> broken_invariant(const MqueueInode& queue) {
  if (auto broken = queue.msg_tree.broken_invariant()) {
    return broken;
  }
  if (queue.mq_curmsgs() > queue.attr.mq_maxmsg) {
    return fmt::format("mq_curmsgs {} is at most mq_maxmsg {}", queue.mq_curmsgs(),
                       queue.attr.mq_maxmsg);
  }
  if (queue.qsize != bytes_in_tree(queue.msg_tree)) {
    return fmt::format("qsize {} is the sum of the messages' lengths {}", queue.qsize,
                       bytes_in_tree(queue.msg_tree));
  }
  if (!queue.waiters(MqSide::kRecv).empty() && !queue.msg_tree.empty()) {
    return std::string("receivers sleep only while the queue is empty");
  }
  if (!queue.waiters(MqSide::kSend).empty() && !queue.full()) {
    return std::string("senders sleep only while the queue is full");
  }
  return std::nullopt;
}

}  // namespace ipcsim
