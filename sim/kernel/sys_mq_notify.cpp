// Being told of a message: mq_notify(), and what sends, closes and exits do to a registration.
// Linux ipc/mqueue.c.
#include <utility>

#include "model/mqueue/mq_ops.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/mqueue_fs.hpp"
#include "sim/kernel/pid_namespace.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/sys_mqueue.hpp"
#include "sim/kernel/sys_netlink.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

// The last byte of a cookie says what became of the registration.
constexpr char kNotifyWokenUp = 1;
constexpr char kNotifyRemoved = 2;

/// Sends a SIGEV_THREAD's cookie. Linux ipc/mqueue.c: set_cookie().
void send_cookie(KernelState& k, MqueueId id, char code) {
  MqueueObject& queue = k.mqueues[id];
  Payload cookie = std::exchange(queue.notify_cookie, {});
  if (cookie.known()) {
    std::string bytes = cookie.to_string();
    bytes.back() = code;
    cookie = Payload::of_bytes(bytes);
  }
  const NetlinkId socket = std::exchange(queue.notify_sock, kNoNetlink);
  netlink_receive(k, socket, std::move(cookie));
  put_netlink(k, socket);
}

/// The socket that a SIGEV_THREAD names. Errors, in the order tested: EFAULT (the cookie), EBADF,
/// ENOTSOCK, EINVAL (another family). Linux net/netlink/af_netlink.c: netlink_getsockbyfd().
Result<NetlinkId> find_socket(KernelState& k, TaskId id, const SigEvent& event) {
  if (event.cookie.kind != UserPtr<Payload>::Kind::kValue) {
    return fail(Errno::kEFAULT);
  }
  const File* file = find_file(k, id, Fd{event.sigev_signo});
  if (file == nullptr) {
    return fail(Errno::kEBADF);
  }
  if (file->kind != FileKind::kNetlink) {
    return fail(file->kind == FileKind::kSocket ? Errno::kEINVAL : Errno::kENOTSOCK);
  }
  return k.netlinks[file->netlink].family == kAfNetlink ? Result<NetlinkId>(file->netlink)
                                                        : fail(Errno::kEINVAL);
}

bool names_an_unknown_file(KernelState& k, TaskId id, const SigEvent& event) {
  const File* file = find_file(k, id, Fd{event.sigev_signo});
  return event.cookie.kind == UserPtr<Payload>::Kind::kValue && file != nullptr &&
         file->kind == FileKind::kOther;
}

MqNotify registration(const Process& process, const SigEvent& event) {
  MqNotify notify{.kind = static_cast<MqNotifyKind>(event.sigev_notify.v),
                  .owner = WaiterId{process.leader.v}};
  if (notify.kind == MqNotifyKind::kSignal) {
    notify.signo = static_cast<u32>(event.sigev_signo);
    notify.value = event.sigev_value;
    notify.self_exec_id = process.self_exec_id;
  }
  return notify;
}

}  // namespace

void drop_notify_socket(KernelState& k, MqueueObject& queue) {
  if (queue.notify_sock != kNoNetlink) {
    const NetlinkId socket = std::exchange(queue.notify_sock, kNoNetlink);
    queue.notify_cookie = {};
    --k.netlinks[socket].charged;
    put_netlink(k, socket);
  }
}

void notification_removed(KernelState& k, MqueueId queue) {
  if (k.mqueues[queue].notify_sock != kNoNetlink) {
    send_cookie(k, queue, kNotifyRemoved);
  }
}

void fire_notification(KernelState& k, TaskId sender, MqueueId queue, const MqNotify& fired) {
  if (fired.kind == MqNotifyKind::kThread) {
    send_cookie(k, queue, kNotifyWokenUp);
    return;
  }
  const TaskId owner{fired.owner.v};
  const Process& process = k.process_of(owner);
  // Older kernels ask whether the sender may signal, newer ones whether the owner called execve().
  const bool reaches = k.profile->mq_signal_checks_exec ? process.self_exec_id == fired.self_exec_id
                                                        : may_signal(k, sender, owner);
  if (fired.kind == MqNotifyKind::kSignal && fired.signo != 0 && process.live_threads > 0 &&
      reaches) {
    SignalInfo info =
        SignalInfo::of(Signal{fired.signo}, kSiMesgq, sender_number(k, sender, owner));
    info.value = fired.value;
    send_signal_to_process(k, owner, info);
  }
}

/// Errors, in the order tested: EFAULT (sevp), EINVAL (its members), those of find_socket(), EBADF,
/// EBUSY. Linux ipc/mqueue.c: do_mq_notify().
Section run(KernelState& k, TaskId id, const MqNotifyCall& call) {
  if (auto why = beyond_entry(call)) {
    return Section::not_modelled(std::move(*why));
  }
  if (call.sevp.is_bad()) {
    return Section::failed(Errno::kEFAULT);
  }
  const SigEvent& event = call.sevp.value;
  const bool by_thread = !call.sevp.is_null() && event.sigev_notify.v == kSigevThread;
  NetlinkId socket = kNoNetlink;
  if (!call.sevp.is_null()) {
    if (const Errno error =
            mq_check_sigevent(static_cast<i32>(event.sigev_notify.v), event.sigev_signo);
        error != Errno::kOk) {
      return Section::failed(error);
    }
    if (by_thread && names_an_unknown_file(k, id, event)) {
      return Section::not_modelled("a descriptor that may be a netlink socket");
    }
    if (by_thread) {
      const Result<NetlinkId> found = find_socket(k, id, event);
      if (!found) {
        return Section::failed(found.error());
      }
      if (k.netlinks[*found].charged >= kCertainPackets) {
        return Section::not_modelled("a netlink socket whose receive buffer may be full");
      }
      socket = *found;
    }
  }
  const File* file = find_mqueue_file(k, id, call.mqdes);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  const MqueueId queue = file->mqueue;
  const Process& process = k.process_of(id);
  if (call.sevp.is_null()) {
    if (mq_unregister(k.mqueues[queue].inode, WaiterId{process.leader.v})) {
      notification_removed(k, queue);
      touch_queue(k, k.mqueues[queue], kLookTimes);
    }
    return Section::returned(0);
  }
  if (const Errno error = mq_register(k.mqueues[queue].inode, registration(process, event));
      error != Errno::kOk) {
    return Section::failed(error);
  }
  touch_queue(k, k.mqueues[queue], kLookTimes);
  if (by_thread) {
    k.mqueues[queue].notify_sock = socket;
    k.mqueues[queue].notify_cookie = event.cookie.value;
    ++k.netlinks[socket].users;
    ++k.netlinks[socket].charged;
  }
  return Section::returned(0);
}

}  // namespace ipcsim
