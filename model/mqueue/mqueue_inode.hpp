// A message queue, field by field as the kernel has it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "model/base/hash.hpp"
#include "model/mqueue/mq_limits.hpp"
#include "model/mqueue/mq_message.hpp"
#include "model/mqueue/mq_wait_list.hpp"
#include "model/mqueue/msg_tree.hpp"

namespace ipcsim {

/// The two lists of sleeping tasks, indices of `e_wait_q`.
enum class MqSide : u8 {
  kSend = 0,  ///< tasks with a message for a full queue
  kRecv = 1,  ///< tasks waiting for a message
};

/// How the owner of a registration is told (`sigev_notify`: SIGEV_SIGNAL, SIGEV_NONE,
/// SIGEV_THREAD).
enum class MqNotifyKind : u8 { kSignal = 0, kNone = 1, kThread = 2 };

/// A registration (`notify`, `notify_owner`, `notify_self_exec_id`). Without one the kernel's
/// fields hold leftovers that nothing looks at.
struct MqNotify {
  MqNotifyKind kind = MqNotifyKind::kNone;
  u32 signo = 0;         ///< of kSignal: 0 (nothing is sent) .. 64
  u64 value = 0;         ///< sigev_value, of kSignal
  WaiterId owner;        ///< the registered process
  u64 self_exec_id = 0;  ///< of kSignal: the owner's exec generation at registration

  bool operator==(const MqNotify&) const = default;
};

/// What the last SIGEV_SIGNAL registration wrote into `notify`; other kinds leave it there.
struct MqSignalFields {
  u32 signo = 0;
  u64 value = 0;

  bool operator==(const MqSignalFields&) const = default;
};

/// A queue (`struct mqueue_inode_info`). Its name, mode, owner, times and pollers belong to the
/// layer above. A new queue takes no memory but its own.
struct MqueueInode {
  MqSize attr;                         ///< attr.mq_maxmsg, attr.mq_msgsize: fixed for life
  MsgTree msg_tree;                    ///< with msg_tree_rightmost
  bool node_cache = false;             ///< a spare tree node is kept
  u64 qsize = 0;                       ///< bytes of all messages in the tree
  std::array<MqWaitList, 2> e_wait_q;  ///< by MqSide
  std::optional<MqNotify> notify;      ///< the registration, if there is one
  /// `notify.sigev_signo` and `sigev_value`; before the first SIGEV_SIGNAL they hold what an
  /// earlier object left there.
  std::optional<MqSignalFields> notify_signal;

  /// attr.mq_curmsgs: messages in the tree.
  [[nodiscard]] i64 mq_curmsgs() const { return msg_tree.size(); }
  [[nodiscard]] bool full() const { return mq_curmsgs() == attr.mq_maxmsg; }
  [[nodiscard]] MqWaitList& waiters(MqSide side) {
    return e_wait_q[static_cast<std::size_t>(side)];
  }
  [[nodiscard]] const MqWaitList& waiters(MqSide side) const {
    return e_wait_q[static_cast<std::size_t>(side)];
  }

  bool operator==(const MqueueInode&) const = default;
  void hash_into(Hasher& hasher) const;
};
static_assert(sizeof(MqueueInode) <= 1024);

/// Puts a message into the tree; a new node uses up the spare one. REQUIRES: message.prio <
/// kMqPrioMax. Linux ipc/mqueue.c: msg_insert().
inline void msg_insert(MqueueInode& queue, MqMessage&& message) {
  queue.qsize += message.text.len();
  if (queue.msg_tree.insert(std::move(message))) {
    queue.node_cache = false;
  }
}
/// Takes the oldest message of the greatest priority; a node that falls empty becomes the spare one
/// unless there is one already. REQUIRES: a message is there. Linux ipc/mqueue.c: msg_get().
[[nodiscard]] inline MqMessage msg_get(MqueueInode& queue) {
  MsgTreePop popped = queue.msg_tree.pop();
  queue.node_cache = queue.node_cache || popped.erased_node;
  queue.qsize -= popped.message.text.len();
  return std::move(popped.message);
}

/// The first broken rule of the queue, in words, or nothing: those of the tree, the counters, and
/// who may sleep when.
[[nodiscard]] std::optional<std::string> broken_invariant(const MqueueInode& queue);

}  // namespace ipcsim
