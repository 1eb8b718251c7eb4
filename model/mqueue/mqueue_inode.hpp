// A message queue, field by field as the kernel has it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "model/base/hash.hpp"
#include "model/mqueue/mq_limits.hpp"
#include "model/mqueue/mq_message.hpp"
#include "model/mqueue/msg_tree.hpp"

namespace ipcsim {

/// Names a task for the layer above; the queue only hands it back.
using WaiterId = Strong<struct WaiterTag, u32>;

/// The two lists of sleeping tasks, indices of `e_wait_q`.
enum class MqSide : u8 {
  kSend = 0,  ///< tasks with a message for a full queue
  kRecv = 1,  ///< tasks waiting for a message
};

/// A sleeping task (`struct ext_wait_queue`, state STATE_NONE: a completed one is not listed).
struct MqWaiter {
  WaiterId task;
  i32 prio = 0;       ///< the task's effective priority now, on the kernel's scale (smaller first)
  MqMessage message;  ///< of a sender

  bool operator==(const MqWaiter&) const = default;
};

/// How the owner of a registration is told (sigev_notify).
enum class MqNotifyKind : u8 { kSignal = 0, kNone = 1, kThread = 2 };

/// A registration (`notify`, `notify_owner`, `notify_self_exec_id`).
struct MqNotify {
  MqNotifyKind kind = MqNotifyKind::kNone;
  u32 signo = 0;
  u64 value = 0;       ///< sigev_value
  WaiterId owner;      ///< the registered process
  u64 self_exec_id = 0;

  bool operator==(const MqNotify&) const = default;
};

/// A queue (`struct mqueue_inode_info`). Its name, mode, owner, times and pollers belong to the layer
/// above.
struct MqueueInode {
  MqSize attr;               ///< attr.mq_maxmsg, attr.mq_msgsize: fixed for life
  MsgTree msg_tree;          ///< msg_tree with msg_tree_rightmost and attr.mq_curmsgs
  bool node_cache = false;   ///< a spare tree node is kept
  u64 qsize = 0;             ///< bytes of all messages in the tree
  std::array<std::vector<MqWaiter>, 2> e_wait_q;  ///< by MqSide, from the head to the tail
  std::optional<MqNotify> notify;                 ///< the registration, if there is one

  [[nodiscard]] i64 mq_curmsgs() const { return msg_tree.size(); }
  [[nodiscard]] bool full() const { return mq_curmsgs() == attr.mq_maxmsg; }
  [[nodiscard]] std::vector<MqWaiter>& waiters(MqSide side) {
    return e_wait_q[static_cast<std::size_t>(side)];
  }
  [[nodiscard]] const std::vector<MqWaiter>& waiters(MqSide side) const {
    return e_wait_q[static_cast<std::size_t>(side)];
  }

  bool operator==(const MqueueInode&) const = default;
  void hash_into(Hasher& hasher) const;
};

/// The first broken rule of the queue, in words, or nothing.
[[nodiscard]] std::optional<std::string> broken_invariant(const MqueueInode& queue);

}  // namespace ipcsim
