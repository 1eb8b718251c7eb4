// What each call does to a queue while it holds the lock. Nobody is woken here: the outcome says
// whose call is completed and what else follows.
#pragma once

#include <optional>

#include "model/base/result.hpp"
#include "model/mqueue/mqueue_inode.hpp"

namespace ipcsim {

/// What a sending or receiving call came to.
enum class MqEnd : u8 {
  kDone,    ///< the call is over, successfully
  kFailed,  ///< the call is over: `error`
  kAsleep,  ///< the caller is in its list now: e_wait_q[SEND] of a send, e_wait_q[RECV] of a
            ///< receive
};

/// Outcome of a send. Its effects, in the kernel's order: `fired` and `wake_pollers` under the
/// lock; or `receiver` after it.
struct MqSendOutcome {
  MqEnd end = MqEnd::kDone;
  Errno error = Errno::kOk;          ///< of kFailed
  std::optional<MqNotify> fired;     ///< the registration that this send used up
  bool wake_pollers = false;         ///< wait_q: a message was inserted
  std::optional<WaiterId> receiver;  ///< completed with `handed_over`, whatever happens to it now
  MqMessage handed_over;
};

/// Outcome of a receive. At most one of its effects: `wake_pollers` under the lock, or `sender`
/// after it.
struct MqReceiveOutcome {
  MqEnd end = MqEnd::kDone;
  Errno error = Errno::kOk;        ///< of kFailed
  MqMessage message;               ///< of kDone
  bool wake_pollers = false;       ///< wait_q: there is room now
  std::optional<WaiterId> sender;  ///< completed with success: its message is in the tree
};

/// Who calls, and how.
struct MqCaller {
  WaiterId task;
  i32 prio = 120;         ///< effective priority on the kernel's scale
  bool nonblock = false;  ///< O_NONBLOCK on the open file
};

/// Checks a priority, before the descriptor is looked at. Errors: EINVAL from kMqPrioMax on.
/// Linux ipc/mqueue.c: do_mq_timedsend().
[[nodiscard]] inline Errno mq_check_prio(u32 prio) {
  return prio < kMqPrioMax ? Errno::kOk : Errno::kEINVAL;
}
/// Checks a message's length, after the descriptor and before the text is copied in. Errors:
/// EMSGSIZE over mq_msgsize. Linux ipc/mqueue.c: do_mq_timedsend().
[[nodiscard]] inline Errno mq_check_send(const MqueueInode& queue, Bytes len) {
  return len.v > static_cast<u64>(queue.attr.mq_msgsize) ? Errno::kEMSGSIZE : Errno::kOk;
}
/// Checks the length of a receiver's buffer, after the descriptor. Errors: EMSGSIZE under
/// mq_msgsize, however long the message is. Linux ipc/mqueue.c: do_mq_timedreceive().
[[nodiscard]] inline Errno mq_check_receive(const MqueueInode& queue, Bytes len) {
  return len.v < static_cast<u64>(queue.attr.mq_msgsize) ? Errno::kEMSGSIZE : Errno::kOk;
}

/// Sends a message. A sleeping receiver gets it without its entering the queue: then nothing fires
/// and no poller is woken. The spare node is filled first, whatever comes of it. Errors: EAGAIN
/// when full and nonblock. REQUIRES: `message` has passed the checks; the caller is in no list.
/// Linux ipc/mqueue.c: do_mq_timedsend(), pipelined_send(), __do_notify().
[[nodiscard]] MqSendOutcome mq_send(MqueueInode& queue, MqMessage message, const MqCaller& caller);

/// Receives the oldest message of the greatest priority. A sleeping sender's message, whatever its
/// priority, takes the place that becomes free: then nothing fires and no poller is woken. The
/// spare node is filled first, whatever comes of it. Errors: EAGAIN when empty and nonblock.
/// REQUIRES: the caller is in no list.
/// Linux ipc/mqueue.c: do_mq_timedreceive(), pipelined_receive().
[[nodiscard]] MqReceiveOutcome mq_receive(MqueueInode& queue, const MqCaller& caller);

/// Drops a waiter that a signal or its timeout woke, with its message. False when it is not there:
/// a peer completed the call first, and that stands. Linux ipc/mqueue.c: wq_sleep().
bool wq_remove(MqueueInode& queue, MqSide side, WaiterId task);
/// A sleeping task's priority changed: it keeps its place, but newcomers see the new value.
void wq_set_prio(MqueueInode& queue, WaiterId task, i32 prio);

/// What poll() sees, whatever the access mode. Linux ipc/mqueue.c: mqueue_poll_file().
[[nodiscard]] u32 mq_poll_mask(const MqueueInode& queue);

/// Checks a sigevent, before the descriptor is looked at. Errors:
///   EINVAL  sigev_notify is not SIGEV_SIGNAL, SIGEV_NONE or SIGEV_THREAD
///   EINVAL  SIGEV_SIGNAL with sigev_signo outside 0 .. 64; 0 is a signal that is never sent
/// Linux ipc/mqueue.c: do_mq_notify().
[[nodiscard]] Errno mq_check_sigevent(i32 sigev_notify, i32 sigev_signo);
/// Registers a process for the next message that makes an empty queue non-empty; one that is there
/// already does not fire. Only kSignal stores a signal and a value; another kind leaves those of an
/// earlier one. Errors: EBUSY when any process is registered, also the same one.
/// Linux ipc/mqueue.c: do_mq_notify().
[[nodiscard]] Errno mq_register(MqueueInode& queue, const MqNotify& notify);
/// Drops the registration if `owner` has it; true when it had. For mq_notify(NULL) and for every
/// close of one of the queue's descriptors by a process. Linux ipc/mqueue.c: do_mq_notify(),
/// mqueue_flush_file().
bool mq_unregister(MqueueInode& queue, WaiterId owner);

}  // namespace ipcsim
