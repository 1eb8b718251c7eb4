// What each call does to a queue while it holds the lock. Nobody is woken here: the outcome says whose
// call is completed and what else follows.
#pragma once

#include <optional>

#include "model/base/result.hpp"
#include "model/mqueue/mqueue_inode.hpp"

namespace ipcsim {

/// What a sending or receiving call came to.
enum class MqEnd : u8 {
  kDone,    ///< the call is over, successfully
  kFailed,  ///< the call is over: `error`
  kAsleep,  ///< the caller is in its list now
};

/// Outcome of a send. Effects in the kernel's order: the notification, then the pollers; or the
/// receiver.
struct MqSendOutcome {
  MqEnd end = MqEnd::kDone;
  Errno error = Errno::kOk;
  std::optional<MqNotify> fired;            ///< the registration that this send used up
  bool wake_pollers = false;                ///< wait_q: a message was inserted
  std::optional<WaiterId> receiver;         ///< completed with `handed_over`
  MqMessage handed_over;
};

/// Outcome of a receive.
struct MqReceiveOutcome {
  MqEnd end = MqEnd::kDone;
  Errno error = Errno::kOk;
  MqMessage message;
  bool wake_pollers = false;       ///< wait_q: there is room now
  std::optional<WaiterId> sender;  ///< completed with success: its message is in the tree
};

/// Who calls, and how.
struct MqCaller {
  WaiterId task;
  i32 prio = 120;         ///< effective priority on the kernel's scale
  bool nonblock = false;  ///< O_NONBLOCK on the open file
};

/// Sends a message that has passed the checks. Errors: EAGAIN when full and nonblock.
/// A sleeping receiver gets the message without its entering the queue.
/// Linux ipc/mqueue.c: do_mq_timedsend(), pipelined_send().
[[nodiscard]] MqSendOutcome mq_send(MqueueInode& queue, MqMessage message, const MqCaller& caller);

/// Receives the oldest message of the greatest priority. Errors: EAGAIN when empty and nonblock.
/// A sleeping sender's message takes the place that becomes free.
/// Linux ipc/mqueue.c: do_mq_timedreceive(), pipelined_receive().
[[nodiscard]] MqReceiveOutcome mq_receive(MqueueInode& queue, const MqCaller& caller);

/// Puts a waiter into its list: before the first whose present prio value is not greater, else at the
/// tail. The tail is served first. Linux ipc/mqueue.c: wq_add().
void wq_add(MqueueInode& queue, MqSide side, MqWaiter waiter);
/// Takes a waiter that a signal or its timeout woke out of its list; false when it is not there.
bool wq_remove(MqueueInode& queue, MqSide side, WaiterId task);
/// A sleeping task's priority changed: it keeps its place, but newcomers see the new value.
void wq_set_prio(MqueueInode& queue, WaiterId task, i32 prio);

/// What poll() sees, whatever the access mode. Linux ipc/mqueue.c: mqueue_poll_file().
[[nodiscard]] u32 mq_poll_mask(const MqueueInode& queue);

/// Registers a process for the next message that makes an empty queue non-empty. Errors: EBUSY when
/// any process is registered. Linux ipc/mqueue.c: do_mq_notify().
[[nodiscard]] Errno mq_register(MqueueInode& queue, const MqNotify& notify);
/// Drops the registration if `owner` has it; true when it had. Linux ipc/mqueue.c: mqueue_flush_file().
bool mq_unregister(MqueueInode& queue, WaiterId owner);

}  // namespace ipcsim
