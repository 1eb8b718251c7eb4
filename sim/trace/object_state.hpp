// What a trace says of a pipe's or a queue's own fields at one moment; any of them may be left out.
#pragma once

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/kernel/snapshot.hpp"

namespace ipcsim {

/// A page by its number in the trace: 0, 1, 2 ... by first appearance.
using PageNumber = u32;

/// Occupied slots that stand next to each other in the array and are alike, but for their pages:
/// `page` is the first one's, each further one has the next number.
struct SlotRunState {
  u32 first = 0;  ///< place in the array, as SlotSnapshot::index
  u32 last = 0;   ///< first <= last < kPipeMostSlots
  std::optional<PageNumber> page;
  std::optional<u32> offset;
  std::optional<u32> len;
  std::optional<u8> flags;
  std::optional<PipeBufOps> ops;
  bool operator==(const SlotRunState&) const = default;
};

/// Fields of a pipe, by their names in PipeSnapshot.
struct PipeState {
  std::optional<u32> head, tail, max_usage, ring_size, nr_accounted;
  std::optional<u32> readers, writers, files, r_counter, w_counter;
  std::optional<bool> poll_usage, note_loss;
  std::optional<std::vector<std::optional<PageNumber>>> tmp_page;
  std::optional<std::vector<SlotRunState>> slots;  ///< all occupied ones, by place
  std::optional<std::vector<WaiterSnapshot>> rd_wait, wr_wait;
  bool operator==(const PipeState&) const = default;

  /// Calls visitor(key, member...) with the members of one or more pipes side by side.
  static void each_field(auto&& visitor, auto&... pipe) {
    visitor("head", pipe.head...);
    visitor("tail", pipe.tail...);
    visitor("max_usage", pipe.max_usage...);
    visitor("ring_size", pipe.ring_size...);
    visitor("nr_accounted", pipe.nr_accounted...);
    visitor("readers", pipe.readers...);
    visitor("writers", pipe.writers...);
    visitor("files", pipe.files...);
    visitor("r_counter", pipe.r_counter...);
    visitor("w_counter", pipe.w_counter...);
    visitor("poll_usage", pipe.poll_usage...);
    visitor("note_loss", pipe.note_loss...);
    visitor("tmp_page", pipe.tmp_page...);
    visitor("slots", pipe.slots...);
    visitor("rd_wait", pipe.rd_wait...);
    visitor("wr_wait", pipe.wr_wait...);
  }
};

/// A task in one of a queue's lists. Fields of a receiver are all but its message's.
struct MqWaiterState {
  TaskId task;
  std::optional<i32> task_prio;     ///< as MqWaiterSnapshot::task_prio
  std::optional<u32> msg_prio;      ///< of a sender's message
  std::optional<u64> msg_len;       ///< likewise
  std::optional<u64> msg_segments;  ///< likewise
  bool operator==(const MqWaiterState&) const = default;

  static void each_field(auto&& visitor, auto&... waiter) {
    visitor("task_prio", waiter.task_prio...);
    visitor("msg_prio", waiter.msg_prio...);
    visitor("msg_len", waiter.msg_len...);
    visitor("msg_segments", waiter.msg_segments...);
  }
};

/// A node of a queue's tree.
struct MqNodeState {
  u32 priority = 0;
  std::optional<bool> black;
  std::optional<std::vector<u64>> lens;      ///< of each message, oldest first
  std::optional<std::vector<u64>> segments;  ///< extra blocks of each message
  bool operator==(const MqNodeState&) const = default;
};

/// A list's place that may be nobody's: null in a trace.
template <class T>
struct OrNone {
  std::optional<T> value;
  bool operator==(const OrNone&) const = default;
};

/// Fields of a queue, by their names in MqueueSnapshot.
struct MqueueState {
  std::optional<i64> mq_maxmsg, mq_msgsize, mq_curmsgs;
  std::optional<u64> qsize;
  std::optional<bool> node_cache;
  std::optional<OrNone<u32>> msg_tree_rightmost;  ///< priority of the rightmost node
  /// The nodes in preorder: a node, its left part, its right part. That is the tree's shape.
  std::optional<std::vector<MqNodeState>> tree;
  std::optional<std::vector<MqWaiterState>> send_wait, recv_wait;  ///< from the head to the tail
  std::optional<OrNone<TaskId>> notify_owner;
  std::optional<u32> sigev_notify, sigev_signo;  ///< of the registration
  std::optional<u64> sigev_value;
  std::optional<u64> mq_queues_count;  ///< queues of the IPC namespace
  std::optional<u32> i_nlink;
  std::optional<i64> i_size;
  bool operator==(const MqueueState&) const = default;

  static void each_field(auto&& visitor, auto&... queue) {
    visitor("mq_maxmsg", queue.mq_maxmsg...);
    visitor("mq_msgsize", queue.mq_msgsize...);
    visitor("mq_curmsgs", queue.mq_curmsgs...);
    visitor("qsize", queue.qsize...);
    visitor("node_cache", queue.node_cache...);
    visitor("msg_tree_rightmost", queue.msg_tree_rightmost...);
    visitor("tree", queue.tree...);
    visitor("send_wait", queue.send_wait...);
    visitor("recv_wait", queue.recv_wait...);
    visitor("notify_owner", queue.notify_owner...);
    visitor("sigev_notify", queue.sigev_notify...);
    visitor("sigev_signo", queue.sigev_signo...);
    visitor("sigev_value", queue.sigev_value...);
    visitor("mq_queues_count", queue.mq_queues_count...);
    visitor("i_nlink", queue.i_nlink...);
    visitor("i_size", queue.i_size...);
  }
};

/// Nothing (to be filled in), or what is said of an object.
using ObjectState = std::variant<std::monostate, PipeState, MqueueState>;

}  // namespace ipcsim
