#include "model/mqueue/mq_ops.hpp"

#include <utility>

#include "model/base/check.hpp"

namespace ipcsim {
namespace {

constexpr u32 kReadable = 0x041;   // EPOLLIN | EPOLLRDNORM
constexpr u32 kWritable = 0x104;   // EPOLLOUT | EPOLLWRNORM
constexpr i32 kSigeventKinds = 3;  // SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD
constexpr i32 kNsig = 64;          // _NSIG

/// Puts a caller to sleep.
void wq_add(MqueueInode& queue, MqSide side, const MqCaller& caller, MqMessage message) {
  queue.waiters(side).add(
      {.task = caller.task, .prio = caller.prio, .message = std::move(message)});
}

}  // namespace

MqSendOutcome mq_send(MqueueInode& queue, MqMessage message, const MqCaller& caller) {
  IPCSIM_CHECK(mq_check_send(queue, Bytes{message.text.len()}) == Errno::kOk);
  MqSendOutcome outcome;
  queue.node_cache = true;
  if (queue.full()) {
    if (caller.nonblock) {
      outcome.end = MqEnd::kFailed;
      outcome.error = Errno::kEAGAIN;
      return outcome;
    }
    wq_add(queue, MqSide::kSend, caller, std::move(message));
    outcome.end = MqEnd::kAsleep;
    return outcome;
  }
  if (!queue.waiters(MqSide::kRecv).empty()) {
    outcome.receiver = queue.waiters(MqSide::kRecv).pop_tail().task;
    outcome.handed_over = std::move(message);
    return outcome;
  }
  msg_insert(queue, std::move(message));
  if (queue.notify && queue.mq_curmsgs() == 1) {
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
    wq_add(queue, MqSide::kRecv, caller, {});
    outcome.end = MqEnd::kAsleep;
    return outcome;
  }
  outcome.message = msg_get(queue);
  if (queue.waiters(MqSide::kSend).empty()) {
    outcome.wake_pollers = true;
    return outcome;
  }
  MqWaiter sender = queue.waiters(MqSide::kSend).pop_tail();
  msg_insert(queue, std::move(sender.message));
  outcome.sender = sender.task;
  return outcome;
}

bool wq_remove(MqueueInode& queue, MqSide side, WaiterId task) {
  return queue.waiters(side).remove(task);
}

void wq_set_prio(MqueueInode& queue, WaiterId task, i32 prio) {
  for (MqWaitList& list : queue.e_wait_q) {
    list.set_prio(task, prio);
  }
}

u32 mq_poll_mask(const MqueueInode& queue) {
  return (queue.msg_tree.empty() ? 0 : kReadable) | (queue.full() ? 0 : kWritable);
}

Errno mq_check_sigevent(i32 sigev_notify, i32 sigev_signo) {
  if (sigev_notify < 0 || sigev_notify >= kSigeventKinds) {
    return Errno::kEINVAL;
  }
  const bool is_signal = sigev_notify == static_cast<i32>(MqNotifyKind::kSignal);
  const bool sendable = sigev_signo >= 0 && sigev_signo <= kNsig;
  return is_signal && !sendable ? Errno::kEINVAL : Errno::kOk;
}

Errno mq_register(MqueueInode& queue, const MqNotify& notify) {
  if (queue.notify) {
    return Errno::kEBUSY;
  }
  queue.notify = notify;
  if (notify.kind == MqNotifyKind::kSignal) {
    queue.notify_signal = MqSignalFields{.signo = notify.signo, .value = notify.value};
  }
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
