// Sending and arranging signals. Linux kernel/signal.c.
#include "sim/kernel/signals.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

/// What is wrong with sending `signal`, or an answer at once for signal 0.
std::optional<Section> check_signal(Signal signal) {
  if (signal.v > kMostSignal) {
    return Section::failed(Errno::kEINVAL);
  }
  if (signal.v == 0) {
    return Section::returned(0);
  }
  if (stops_or_continues(signal)) {
    return Section::not_modelled("stopping and continuing processes");
  }
  return std::nullopt;
}

}  // namespace

Section run(KernelState& k, TaskId /*id*/, const KillCall& call) {
  if (!k.exists(call.pid) || k.process_of(call.pid).leader != call.pid) {
    return Section::failed(call.sig.v > kMostSignal ? Errno::kEINVAL : Errno::kESRCH);
  }
  if (auto answer = check_signal(call.sig)) {
    return *std::move(answer);
  }
  send_signal_to_process(k, k.task(call.pid).process, call.sig);
  return Section::returned(0);
}

Section run(KernelState& k, TaskId /*id*/, const TgkillCall& call) {
  if (!k.exists(call.tid) || k.process_of(call.tid).leader != call.tgid) {
    return Section::failed(call.sig.v > kMostSignal ? Errno::kEINVAL : Errno::kESRCH);
  }
  if (auto answer = check_signal(call.sig)) {
    return *std::move(answer);
  }
  send_signal_to_task(k, call.tid, call.sig);
  return Section::returned(0);
}

Section run(KernelState& k, TaskId id, const RtSigactionCall& call) {
  const Signal signal = call.signum;
  if (signal.v < 1 || signal.v > kMostSignal || signal == kSigkill || signal == kSigstop) {
    return Section::failed(Errno::kEINVAL);
  }
  Process& process = k.process_of(id);
  process.handled.remove(signal);
  process.ignored.remove(signal);
  process.restart.remove(signal);
  if (call.handler == Disposition::kHandler) {
    process.handled.add(signal);
    if ((call.sa_flags.v & kSaRestart) != 0) {
      process.restart.add(signal);
    }
    return Section::returned(0);
  }
  if (call.handler == Disposition::kIgnore) {
    process.ignored.add(signal);
  }
  if (call.handler == Disposition::kIgnore || ignored_by_default(signal)) {
    process.shared_pending.remove(signal);
    for (Task& task : k.tasks) {
      if (task.state != TaskState::kDead && task.process == k.task(id).process) {
        task.pending.remove(signal);
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
  SignalSet& blocked = k.task(id).blocked;
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
  blocked.remove(kSigkill);
  blocked.remove(kSigstop);
  return Section::returned(0);
}

}  // namespace ipcsim
