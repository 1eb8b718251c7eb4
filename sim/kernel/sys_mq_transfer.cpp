// mq_timedsend() and mq_timedreceive(). Linux ipc/mqueue.c.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "model/mqueue/mq_ops.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/mqueue_fs.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/sys_mqueue.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/transfer_at_once.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

/// The queue's open file behind the descriptor, or null.
[[gnu::always_inline]] inline File* queue_file(KernelState& k, TaskId id, Fd fd) {
  const FileId number = k.fd_tables.known(k.task(id).files).file(fd);
  File* file = number == kNoFile ? nullptr : &k.files.known(number);
  return file != nullptr && file->kind == FileKind::kMqueue && !file->path_only ? file : nullptr;
}

/// Copies the timeout in. Errors, before anything else is looked at: EFAULT, EINVAL.
/// Linux ipc/mqueue.c: prepare_timeout().
Errno check_timeout(const UserPtr<Timespec>& timeout) {
  if (timeout.is_null()) {
    return Errno::kOk;
  }
  if (timeout.is_bad()) {
    return Errno::kEFAULT;
  }
  const Timespec& t = timeout.value;
  const bool valid = t.tv_sec >= 0 && t.tv_nsec >= 0 && t.tv_nsec < kNanosecondsPerSecond;
  return valid ? Errno::kOk : Errno::kEINVAL;
}

std::optional<Nanoseconds> deadline_of(const UserPtr<Timespec>& timeout) {
  if (timeout.is_null()) {
    return std::nullopt;
  }
  constexpr i64 kLatestSecond = INT64_MAX / kNanosecondsPerSecond - 1;
  const i64 sec = std::min(timeout.value.tv_sec, kLatestSecond);
  return Nanoseconds{sec * kNanosecondsPerSecond + timeout.value.tv_nsec};
}

MqCaller caller_of(const KernelState& k, TaskId id, const File& file) {
  return {.task = WaiterId{id.v},
          .prio = k.task(id).prio,
          .nonblock = (file.f_flags & kONonblock) != 0};
}

/// The call joins a list: asleep until a peer, a signal or the time ends it.
template <class Progress>
Section sleep_in_list(KernelState& k, TaskId id, Fd fd, File& file,
                      const UserPtr<Timespec>& timeout) {
  Task& task = k.task(id);
  ++file.f_count;
  task.progress.emplace<Progress>().file = k.fd_table(id).file(fd);
  if (const auto deadline = deadline_of(timeout)) {
    task.make_rare().deadline = deadline;
  }
  if (task.timed_out(k.now)) {
    enqueue_first(k, id);  // the time is over already
  } else {
    task.state = TaskState::kAsleep;
  }
  return Section::asleep();
}

/// A sleeper was woken, but not by a peer. Linux ipc/mqueue.c: wq_sleep().
Section wake_without_peer(KernelState& k, TaskId id, MqueueId queue, MqSide side) {
  Task& task = k.task(id);
  const bool timed_out = task.timed_out(k.now);
  if (!signal_pending(k, id) && !timed_out) {
    task.state = TaskState::kAsleep;
    return Section::asleep();
  }
  wq_remove(k.mqueues[queue].inode, side, WaiterId{id.v});
  return Section::failed(signal_pending(k, id) ? Errno::kERESTARTSYS : Errno::kETIMEDOUT);
}

/// A peer completes the call of a sleeper.
template <class Progress>
Progress& complete(KernelState& k, WaiterId waiter) {
  const TaskId id{waiter.v};
  auto& progress = std::get<Progress>(k.task(id).progress);
  progress.ready = true;
  wake_task(k, id);
  return progress;
}

void wake_pollers(KernelState& k, const MqueueObject& object) {
  wake_up(k, object.wait_q, WakeCount::kOne, 0);
}

Section start_send(KernelState& k, TaskId id, File& file, MqueueObject& object,
                   const MqTimedsendCall& call) {
  const MqueueId queue = file.mqueue;
  MqSendOutcome outcome =
      mq_send(object.inode, {.prio = call.msg_prio, .text = call.msg.data}, caller_of(k, id, file));
  if (outcome.end == MqEnd::kAsleep) {
    return sleep_in_list<MqSendInProgress>(k, id, call.mqdes, file, call.abs_timeout);
  }
  if (outcome.end == MqEnd::kFailed) {
    return Section::failed(outcome.error);
  }
  touch_queue(k, object, kTransferTimes);
  if (outcome.receiver) {
    complete<MqReceiveInProgress>(k, *outcome.receiver).message = std::move(outcome.handed_over);
  }
  if (outcome.fired) {
    fire_notification(k, id, queue, *outcome.fired);
  }
  if (outcome.wake_pollers) {
    wake_pollers(k, object);
  }
  return Section::returned(0);
}

/// The message as the program gets it.
ReceivedMessage handed_out(MqMessage&& message, OutPtr prio) {
  return {.msg = std::move(message.text),
          .msg_prio = prio == OutPtr::kValid ? std::optional{message.prio} : std::nullopt};
}

/// True when a received message cannot be copied out.
bool faults(const MqTimedreceiveCall& call, const MqMessage& message) {
  return call.msg_prio == OutPtr::kBad || call.msg.mapped < message.text.len();
}

/// Copies a received message out: the priority first. On EFAULT the message is lost.
Section deliver(const MqTimedreceiveCall& call, MqMessage&& message) {
  if (faults(call, message)) {
    return Section::failed(Errno::kEFAULT);
  }
  const i64 len = static_cast<i64>(message.text.len());
  return Section::returned(len, handed_out(std::move(message), call.msg_prio));
}

Section start_receive(KernelState& k, TaskId id, File& file, MqueueObject& object,
                      const MqTimedreceiveCall& call) {
  MqReceiveOutcome outcome = mq_receive(object.inode, caller_of(k, id, file));
  if (outcome.end == MqEnd::kAsleep) {
    return sleep_in_list<MqReceiveInProgress>(k, id, call.mqdes, file, call.abs_timeout);
  }
  if (outcome.end == MqEnd::kFailed) {
    return Section::failed(outcome.error);
  }
  touch_queue(k, object, kTransferTimes);
  if (outcome.sender) {
    complete<MqSendInProgress>(k, *outcome.sender);
  }
  if (outcome.wake_pollers) {
    wake_pollers(k, object);
  }
  return deliver(call, std::move(outcome.message));
}

}  // namespace

Section run(KernelState& k, TaskId id, const MqTimedsendCall& call) {
  if (const auto* progress = std::get_if<MqSendInProgress>(&k.task(id).progress)) {
    return progress->ready
               ? Section::returned(0)
               : wake_without_peer(k, id, k.files[progress->file].mqueue, MqSide::kSend);
  }
  if (call.entry != MqEntry::kSyscall) [[unlikely]] {
    if (auto why = beyond_entry(call)) {
      return Section::not_modelled(std::move(*why));
    }
  }
  if (const Errno error = check_timeout(call.abs_timeout); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (const Errno error = mq_check_prio(call.msg_prio); error != Errno::kOk) {
    return Section::failed(error);
  }
  File* file = queue_file(k, id, call.mqdes);
  if (file == nullptr || !file->f_mode.write) {
    return Section::failed(Errno::kEBADF);
  }
  MqueueObject& object = k.mqueues.known(file->mqueue);
  if (const Errno error = mq_check_send(object.inode, Bytes{call.msg.len}); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (call.msg.mapped < call.msg.len) {
    return Section::failed(Errno::kEFAULT);
  }
  return start_send(k, id, *file, object, call);
}

Section run(KernelState& k, TaskId id, const MqTimedreceiveCall& call) {
  if (auto* progress = std::get_if<MqReceiveInProgress>(&k.task(id).progress)) {
    return progress->ready
               ? deliver(call, std::move(progress->message))
               : wake_without_peer(k, id, k.files[progress->file].mqueue, MqSide::kRecv);
  }
  if (call.entry != MqEntry::kSyscall) [[unlikely]] {
    if (auto why = beyond_entry(call)) {
      return Section::not_modelled(std::move(*why));
    }
  }
  if (const Errno error = check_timeout(call.abs_timeout); error != Errno::kOk) {
    return Section::failed(error);
  }
  File* file = queue_file(k, id, call.mqdes);
  if (file == nullptr || !file->f_mode.read) {
    return Section::failed(Errno::kEBADF);
  }
  MqueueObject& object = k.mqueues.known(file->mqueue);
  if (const Errno error = mq_check_receive(object.inode, Bytes{call.msg.len});
      error != Errno::kOk) {
    return Section::failed(error);
  }
  return start_receive(k, id, *file, object, call);
}

bool end_receive_at_once(KernelState& k, TaskId id, MqReceiveInProgress& progress) {
  Task& task = k.task(id);
  const auto& call = task.call.known<MqTimedreceiveCall>();
  File& file = k.files.known(progress.file);
  if (!progress.ready || faults(call, progress.message) || file.f_count == 1) {
    return false;
  }
  SysResult& result = completion_at_once(k, id);
  result.ret = static_cast<i64>(progress.message.text.len());
  result.out.emplace<ReceivedMessage>(handed_out(std::move(progress.message), call.msg_prio));
  --file.f_count;
  task.progress = std::monostate{};
  task.leave();
  return true;
}

}  // namespace ipcsim
