#include "tests/model_mqueue/state_text.hpp"

#include <fmt/format.h>

namespace ipcsim {
namespace {

constexpr u32 kPageSize = 4096;

std::string node_text(const MsgTree& tree, MsgNodeId id) {
  if (id == kNoMsgNode) {
    return ".";
  }
  const MsgTreeNode& node = tree.node(id);
  std::string lens;
  for (MsgId msg = node.first; msg != kNoMsg; msg = tree.next(msg)) {
    const u64 len = tree.text(msg).len();
    const u64 extra = msg_segments(Bytes{len}, kPageSize);
    lens += fmt::format("{}{}", lens.empty() ? "" : ",", len);
    lens += extra == 0 ? "" : fmt::format("+{}", extra);
  }
  return fmt::format("({}{}:{} {} {})", u32{node.priority}, node.color == RbColor::kRed ? 'R' : 'B',
                     lens, node_text(tree, node.left()), node_text(tree, node.right()));
}

}  // namespace

std::string tree_text(const MsgTree& tree) { return node_text(tree, tree.root()); }

std::string state_text(const MqueueInode& queue) {
  const MsgTree& tree = queue.msg_tree;
  const i64 rightmost = tree.empty() ? -1 : i64{tree.node(tree.rightmost()).priority};
  return fmt::format("max={} msgsize={} cur={} qsize={} rightmost={} cache={} tree={}",
                     queue.attr.mq_maxmsg, queue.attr.mq_msgsize, queue.mq_curmsgs(), queue.qsize,
                     rightmost, queue.node_cache ? 1 : 0, tree_text(tree));
}

std::string list_text(const MqueueInode& queue, MqSide side) {
  std::string text;
  for (const MqWaiter& waiter : queue.waiters(side)) {
    text += fmt::format("{}w{}/{}", text.empty() ? "" : ",", waiter.task.v, waiter.prio);
    if (side == MqSide::kSend) {
      text += fmt::format("<p{},{}>", waiter.message.prio, waiter.message.text.len());
    }
  }
  return text;
}

std::string full_state_text(const MqueueInode& queue) {
  return fmt::format("{} SEND=[{}] RECV=[{}]", state_text(queue), list_text(queue, MqSide::kSend),
                     list_text(queue, MqSide::kRecv));
}

MqueueInode new_queue(i64 mq_maxmsg, i64 mq_msgsize) {
  MqueueInode queue;
  queue.attr = {.mq_maxmsg = mq_maxmsg, .mq_msgsize = mq_msgsize};
  return queue;
}

MqMessage message(u32 prio, u64 len) { return {.prio = prio, .text = Payload::of_pattern(len, 7)}; }

}  // namespace ipcsim
