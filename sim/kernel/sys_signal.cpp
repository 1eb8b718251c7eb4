// Sending and arranging signals. Linux kernel/signal.c.
#include "sim/kernel/pid_namespace.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/user_namespace.hpp"

namespace ipcsim {

bool may_signal(const KernelState& k, TaskId id, TaskId target) {
  const Credentials& sender = k.cred(id);
  const Ids& receiver = k.cred(target).uid;
  return k.task(id).process == k.task(target).process || sender.uid.effective == receiver.saved ||
         sender.uid.effective == receiver.real || sender.uid.real == receiver.saved ||
         sender.uid.real == receiver.real ||
         ns_capable(k, sender, k.cred(target).user_ns, Cap::kKill);
}

namespace {

/// The answer to a call that sends nothing, or nothing when the signal is to go out. Errors, in the
/// order tested: EINVAL, EPERM. Linux kernel/signal.c: check_kill_permission().
std::optional<Section> answer_without_sending(const KernelState& k, TaskId id, TaskId target,
                                              Signal signal) {
  if (signal.v > kMostSignal) {
    return Section::failed(Errno::kEINVAL);
  }
  // Within a session, and all tasks here are in one, anybody may let others go on.
  if (!may_signal(k, id, target) && signal != kSigcont) {
    return Section::failed(Errno::kEPERM);
  }
  if (signal.v == 0) {
    return Section::returned(0);
  }
  return std::nullopt;
}

/// Whether a task's number still means something.
enum class Presence : u8 {
  kThere,        ///< the task lives
  kLeaderEnded,  ///< the task is gone, but not the process that it leads
  kEnded,        ///< the whole process has ended, and may or may not have been waited for
  kNobody,
};

Presence presence_of(const KernelState& k, TaskId caller, TaskId id) {
  if (id.v > k.tasks.size() || !has_number_for(k, caller, id)) {
    return Presence::kNobody;
  }
  if (k.exists(id)) {
    return Presence::kThere;
  }
  if (k.process_of(id).leader != id) {
    return Presence::kNobody;  // an ended thread leaves no number behind
  }
  return k.process_of(id).live_threads > 0 ? Presence::kLeaderEnded : Presence::kEnded;
}

Section may_be_a_zombie() {
  return Section::not_modelled("a signal to a process that has ended and may be a zombie");
}

}  // namespace

/// Errors, in the order tested: ESRCH (also where the caller has no number for the process),
/// EINVAL, EPERM. Linux kernel/signal.c: kill_something_info().
Section run(KernelState& k, TaskId id, const KillCall& call) {
  if (call.pid == kNoTask) {
    return Section::not_modelled("a signal to a process group");
  }
  const Presence presence = presence_of(k, id, call.pid);
  if (presence == Presence::kNobody) {
    return Section::failed(Errno::kESRCH);
  }
  if (presence == Presence::kEnded) {
    return may_be_a_zombie();
  }
  if (auto answer = answer_without_sending(k, id, call.pid, call.sig)) {
    return *std::move(answer);
  }
  send_signal_to_process(k, call.pid,
                         SignalInfo::of(call.sig, kSiUser, sender_number(k, id, call.pid)));
  return Section::returned(0);
}

/// Errors, in the order tested: EINVAL (a number is 0), ESRCH, EINVAL, EPERM.
/// Linux kernel/signal.c: do_tkill().
Section run(KernelState& k, TaskId id, const TgkillCall& call) {
  if (call.tgid == kNoTask || call.tid == kNoTask) {
    return Section::failed(Errno::kEINVAL);
  }
  const Presence presence = presence_of(k, id, call.tid);
  if (presence == Presence::kNobody || k.process_of(call.tid).leader != call.tgid) {
    return Section::failed(Errno::kESRCH);
  }
  if (presence == Presence::kEnded) {
    return may_be_a_zombie();
  }
  if (auto answer = answer_without_sending(k, id, call.tid, call.sig)) {
    return *std::move(answer);
  }
  if (presence == Presence::kThere) {
    send_signal_to_task(k, call.tid,
                        SignalInfo::of(call.sig, kSiTkill, sender_number(k, id, call.tid)));
  }
  return Section::returned(0);
}

Section run(KernelState& k, TaskId id, const RtSigactionCall& call) {
  const Signal signal = call.signum;
  if (signal.v < 1 || signal.v > kMostSignal || signal == kSigkill || signal == kSigstop) {
    return Section::failed(Errno::kEINVAL);
  }
  if (call.stores.is_bad() || call.stores.value.len() > kMostHandlerStore ||
      !call.stores.value.known()) {
    return Section::not_modelled("a handler that stores these bytes");
  }
  Process& process = k.process_of(id);
  std::erase_if(process.handler_stores,
                [&](const HandlerStore& store) { return store.signal == signal; });
  if (call.handler == Disposition::kHandler && !call.stores.is_null()) {
    process.handler_stores.push_back({.signal = signal, .bytes = call.stores.value});
  }
  process.handled.remove(signal);
  process.ignored.remove(signal);
  for (SignalSet* set : {&process.restart, &process.nodefer, &process.resethand}) {
    set->remove(signal);
  }
  if (call.handler == Disposition::kHandler) {
    process.handled.add(signal);
    const auto add_if = [&](u32 flag, SignalSet& set) {
      if ((call.sa_flags.v & flag) != 0) {
        set.add(signal);
      }
    };
    add_if(kSaRestart, process.restart);
    add_if(kSaNodefer, process.nodefer);
    add_if(kSaResethand, process.resethand);
    return Section::returned(0);
  }
  if (call.handler == Disposition::kIgnore) {
    process.ignored.add(signal);
  }
  if (call.handler == Disposition::kIgnore || ignored_by_default(signal)) {
    process.shared_pending.remove(signal);
    for (Task& task : k.tasks) {
      if (task.state != TaskState::kDead && task.process == k.task(id).process) {
        task.remove_pending(signal);
      }
    }
  }
  return Section::returned(0);
}

Section run(KernelState& k, TaskId id, const RtSigprocmaskCall& call) {
  SignalSet set;
  for (const Signal signal : call.set) {
    if (signal.v < 1 || signal.v > kMostSignal) {
      return Section::not_modelled("a signal set with numbers outside 1..64");
    }
    set.add(signal);
  }
  SignalSet blocked = k.task(id).blocked;
  switch (call.how) {
    case MaskHow::kBlock:
      blocked.bits |= set.bits;
      break;
    case MaskHow::kUnblock:
      blocked.bits &= ~set.bits;
      break;
    case MaskHow::kSetmask:
      blocked = set;
      break;
  }
  set_blocked(k, id, blocked);
  return Section::returned(0);
}

}  // namespace ipcsim
