// The kernel objects of a run as plain values that two machines can be compared by.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/base/types.hpp"
#include "model/pipe/pipe_inode.hpp"

namespace ipcsim {

/// An identity that only matters by being equal or not (a page): 0, 1, 2 ... by first appearance in
/// a snapshot of everything; in one of a single object, a number that the page keeps while it
/// lives.
using Identity = Strong<struct IdentityTag, u32>;

/// An entry of a wait queue.
struct WaiterSnapshot {
  TaskId task;
  bool exclusive = false;
  bool poll = false;  ///< registered by poll(), select() or epoll
  bool operator==(const WaiterSnapshot&) const = default;
};

/// An occupied slot.
struct SlotSnapshot {
  u32 index = 0;  ///< place in the array: free-running index modulo ring_size
  Identity page;
  u32 offset = 0;
  u32 len = 0;
  PipeBufOps ops = PipeBufOps::kNone;
  u8 flags = 0;
  bool operator==(const SlotSnapshot&) const = default;
};

/// `struct pipe_inode_info` with its wait queues.
struct PipeSnapshot {
  std::string name;  ///< "pipe:1" by creation, or a FIFO's name
  u32 head = 0;
  u32 tail = 0;
  u32 max_usage = 0;
  u32 ring_size = 0;
  u32 nr_accounted = 0;
  u32 readers = 0;
  u32 writers = 0;
  u32 files = 0;
  u32 r_counter = 0;
  u32 w_counter = 0;
  bool poll_usage = false;
  bool note_loss = false;
  std::vector<std::optional<Identity>> tmp_page;  ///< as many cells as the kernel has
  std::vector<SlotSnapshot> slots;                ///< occupied ones, oldest first
  std::vector<WaiterSnapshot> rd_wait;
  std::vector<WaiterSnapshot> wr_wait;
  bool operator==(const PipeSnapshot&) const = default;
};

/// A node of a queue's red-black tree, with the lengths of its messages in order.
struct MqNodeSnapshot {
  u32 priority = 0;
  bool black = false;
  std::optional<u32> left;    ///< priority of the left child
  std::optional<u32> right;   ///< priority of the right child
  std::vector<u64> lens;      ///< m_ts of each message, oldest first
  std::vector<u64> segments;  ///< extra blocks (msg_msgseg) of each message
  bool operator==(const MqNodeSnapshot&) const = default;
};

/// A task in one of a queue's two lists (`struct ext_wait_queue`).
struct MqWaiterSnapshot {
  TaskId task;
  i32 task_prio = 120;          ///< effective priority of the task, on the kernel's scale
  std::optional<u32> prio;      ///< a sender's message: its priority
  std::optional<u64> len;       ///< length
  std::optional<u64> segments;  ///< and extra blocks
  bool operator==(const MqWaiterSnapshot&) const = default;
};

/// `struct mqueue_inode_info`.
struct MqueueSnapshot {
  std::string name;
  i64 mq_maxmsg = 0;
  i64 mq_msgsize = 0;
  i64 mq_curmsgs = 0;
  u64 qsize = 0;
  bool node_cache = false;
  std::optional<u32> root;                  ///< priority of the root node
  std::optional<u32> msg_tree_rightmost;    ///< priority of the rightmost node
  std::vector<MqNodeSnapshot> nodes;        ///< in ascending order of priority
  std::vector<MqWaiterSnapshot> send_wait;  ///< e_wait_q[0], from the head
  std::vector<MqWaiterSnapshot> recv_wait;  ///< e_wait_q[1]
  std::optional<TaskId> notify_owner;
  // notify: with an owner only; a member that an earlier object left there is not known.
  std::optional<u32> sigev_notify;
  std::optional<u32> sigev_signo;
  std::optional<u64> sigev_value;
  u64 mq_queues_count = 0;  ///< of the IPC namespace
  u32 i_nlink = 0;
  i64 i_size = 0;
  bool operator==(const MqueueSnapshot&) const = default;
};

/// Every object of a run, in the order of creation.
struct Snapshot {
  std::vector<PipeSnapshot> pipes;
  std::vector<MqueueSnapshot> mqueues;
  bool operator==(const Snapshot&) const = default;
};

/// What one descriptor refers to: nothing that is under study, or an object.
using ObjectSnapshot = std::variant<std::monostate, PipeSnapshot, MqueueSnapshot>;

/// The object as text for people, one line for the fields and one for each slot, node or waiter.
[[nodiscard]] std::string to_text(const PipeSnapshot& pipe);
[[nodiscard]] std::string to_text(const MqueueSnapshot& queue);
[[nodiscard]] std::string to_text(const Snapshot& snapshot);

}  // namespace ipcsim
