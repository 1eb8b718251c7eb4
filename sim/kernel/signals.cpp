#include "sim/kernel/signals.hpp"

#include <utility>

#include <range/v3/algorithm/find.hpp>

#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

/// SIGKILL and SIGSTOP. Linux include/linux/signal.h: sig_kernel_only().
bool cannot_be_handled(Signal signal) { return signal == kSigkill || signal == kSigstop; }

/// True for a signal of the kernel itself, or from whom the receiver has no number for: then also
/// the first process of a PID namespace must obey.
/// Linux kernel/signal.c: send_signal_locked().
bool is_forced(const SignalInfo& info) {
  const bool names_sender = info.code == kSiUser || info.code == kSiTkill || info.code == kSiMesgq;
  return info.code == kSiKernel || (names_sender && info.pid == kNoTask);
}

/// Linux kernel/signal.c: sig_ignored(), sig_task_ignored().
bool is_ignored(const Process& process, const Task& task, const SignalInfo& info) {
  const Signal signal = info.signal;
  if (task.blocked.has(signal)) {
    return false;  // it may have a handler by the time it is unblocked
  }
  if (process.handled.has(signal)) {
    return false;
  }
  return process.ignored.has(signal) || ignored_by_default(signal) ||
         (process.unkillable && !(is_forced(info) && cannot_be_handled(signal)));
}

/// A signal below 32 that is pending does nothing more. Linux kernel/signal.c: legacy_queue().
bool already_pending(const PendingSignals& pending, Signal signal) {
  constexpr u32 kFirstRealtime = 32;
  return signal.v < kFirstRealtime && pending.has(signal);
}

bool is_fatal(const Process& process, Signal signal) {
  return !process.handled.has(signal) && !process.ignored.has(signal) &&
         !ignored_by_default(signal) && !stops_by_default(signal);
}

/// Makes the task look at its signals: wakes it from a call, or runs it in user space.
/// Linux kernel/signal.c: signal_wake_up_state().
void signal_wake_up(KernelState& k, TaskId id) {
  Task& task = k.task(id);
  task.sigpending = true;
  if (std::holds_alternative<VforkInProgress>(task.progress) && !task.killed) {
    return;  // vfork() sleeps through all but fatal signals
  }
  if (task.state == TaskState::kAsleep || task.state == TaskState::kIdle ||
      (task.state == TaskState::kStopped && task.killed)) {
    enqueue(k, id);
  }
}

/// True when the task would act on the signal now: one that was told of another already will find
/// this one in time, and one that ends never. Linux kernel/signal.c: wants_signal().
bool wants_signal(const KernelState& k, TaskId id, Signal signal) {
  const Task& task = k.task(id);
  if (!k.exists(id) || task.state == TaskState::kExiting || k.process_of(id).exiting) {
    return false;
  }
  return !task.blocked.has(signal) &&
         (signal == kSigkill || (task.state != TaskState::kStopped && !task.sigpending));
}

/// The living thread of the process after `id`, in the order of their making; from the last one on
/// the first. REQUIRES: one lives.
TaskId next_thread(const KernelState& k, ProcessId process, TaskId id) {
  do {
    id.v = id.v % static_cast<u32>(k.tasks.size()) + 1;
  } while (!k.exists(id) || k.task(id).process != process);
  return id;
}

/// The thread that is told of a signal to the process, or nobody: the one that the signal is sent
/// through, else those after the one that was chosen the last time.
/// Linux kernel/signal.c: complete_signal().
TaskId choose_thread(KernelState& k, TaskId id, Signal signal) {
  if (wants_signal(k, id, signal)) {
    return id;
  }
  const ProcessId process = k.task(id).process;
  Process& p = k.processes[process.v];
  if (p.live_threads == 0) {
    return kNoTask;
  }
  const TaskId last = p.curr_target == kNoTask ? p.leader : p.curr_target;
  const TaskId first =
      k.exists(last) && k.task(last).process == process ? last : next_thread(k, process, last);
  TaskId thread = first;
  while (!wants_signal(k, thread, signal)) {
    thread = next_thread(k, process, thread);
    if (thread == first) {
      return kNoTask;
    }
  }
  p.curr_target = thread;
  return thread;
}

template <class F>
void each_thread(KernelState& k, ProcessId process, F f) {
  for (u32 i = 0; i < k.tasks.size(); ++i) {
    if (k.tasks[i].process == process && k.tasks[i].state != TaskState::kDead) {
      f(TaskId{i + 1});
    }
  }
}

/// The other threads of the process, in the order of their making from `id` on, and then those
/// before it. Linux include/linux/sched/signal.h: for_other_threads().
template <class F>
void each_other_thread(KernelState& k, TaskId id, F f) {
  const u32 count = static_cast<u32>(k.tasks.size());
  for (u32 step = 1; step < count; ++step) {
    const TaskId other{(id.v - 1 + step) % count + 1};
    if (k.task(other).process == k.task(id).process && k.task(other).state != TaskState::kDead) {
      f(other);
    }
  }
}

/// What a signal does by being sent, whether or not anybody takes it: a stop signal and SIGCONT
/// undo each other, and SIGCONT lets a stopped process go on.
void prepare_signal(KernelState& k, ProcessId id, Signal signal) {
  Process& process = k.processes[id.v];
  if (stops_by_default(signal)) {
    process.shared_pending.remove(kSigcont);
    each_thread(k, id, [&](TaskId thread) { k.task(thread).remove_pending(kSigcont); });
  }
  if (signal != kSigcont) {
    return;
  }
  process.stopped = false;
  for (const Signal stop : {kSigstop, kSigtstp, kSigttin, kSigttou}) {
    process.shared_pending.remove(stop);
    each_thread(k, id, [&](TaskId thread) { k.task(thread).remove_pending(stop); });
  }
  each_thread(k, id, [&](TaskId thread) {
    k.task(thread).stop_pending = false;
    if (k.task(thread).state == TaskState::kStopped) {
      enqueue(k, thread);
    }
  });
}

/// A thread has taken a stop signal: the others stop when they next run.
/// Linux kernel/signal.c: do_signal_stop().
void begin_group_stop(KernelState& k, TaskId id) {
  k.process_of(id).stopped = true;
  each_other_thread(k, id, [&](TaskId thread) {
    Task& task = k.task(thread);
    if (task.state != TaskState::kStopped) {
      task.stop_pending = true;
      signal_wake_up(k, thread);
    }
  });
}

/// Puts a handler's frame on the stack. Linux kernel/signal.c: signal_delivered().
void push_handler(KernelState& k, TaskId id, const SignalInfo& info, SignalsTaken& taken) {
  Process& process = k.process_of(id);
  Task& task = k.task(id);
  if (!taken.handler_ran) {
    // The first one decides how the call ends: it finds the call's result in the registers.
    taken.handler_ran = true;
    taken.restart = process.restart.has(info.signal);
  }
  taken.frames.push_back(
      {.info = info, .saved_mask = task.rare().saved_sigmask.value_or(task.blocked)});
  if (task.extras) {
    task.extras->saved_sigmask.reset();
  }
  if (!process.nodefer.has(info.signal)) {
    SignalSet blocked = task.blocked;
    blocked.add(info.signal);
    set_blocked(k, id, blocked);
  }
  if (process.resethand.has(info.signal)) {
    process.handled.remove(info.signal);
  }
}

/// The handler's bytes become the first ones of what the interrupted call reads, should it start
/// again: as many as it reads at most.
void store_in_buffer(KernelState& k, TaskId id, Signal signal) {
  const Process& process = k.process_of(id);
  const auto store = ranges::find(process.handler_stores, signal, &HandlerStore::signal);
  Task& task = k.task(id);
  if (store == process.handler_stores.end() || task.call.empty() ||
      !task.in_any<WriteCall, MqTimedsendCall>()) {
    return;
  }
  Call call = task.call.get();
  auto* write = get_if<WriteCall>(&call);
  Payload& data = write != nullptr ? write->buf.data : get<MqTimedsendCall>(call).msg.data;
  std::string bytes = store->bytes.to_string().substr(0, data.len());
  if (!data.known()) {
    data = Payload::of_unknown(data.len(), bytes);
  } else {
    bytes += data.to_string().substr(bytes.size());
    data = Payload::of_bytes(bytes);
  }
  task.call = StoredCall(call);
}

}  // namespace

bool ignored_by_default(Signal signal) {
  return signal == kSigchld || signal == kSigcont || signal == kSigurg || signal == kSigwinch;
}

bool stops_by_default(Signal signal) {
  return signal == kSigstop || signal == kSigtstp || signal == kSigttin || signal == kSigttou;
}

void zap_other_threads(KernelState& k, TaskId id) {
  each_other_thread(k, id, [&](TaskId other) {
    if (!std::exchange(k.task(other).killed, true)) {
      signal_wake_up(k, other);
    }
  });
}

void do_group_exit(KernelState& k, TaskId id, Signal signal) {
  Process& process = k.process_of(id);
  if (process.exiting) {
    return;
  }
  process.exiting = true;
  process.exit_signal = signal;
  k.task(id).killed = true;
  zap_other_threads(k, id);
}

namespace {

/// Every thread is told of a signal that ends the process, before any takes it.
/// Linux kernel/signal.c: complete_signal().
void end_by_signal(KernelState& k, ProcessId id, Signal signal) {
  Process& process = k.processes[id.v];
  if (process.exiting) {
    return;
  }
  process.exiting = true;
  process.exit_signal = signal;
  each_thread(k, id, [&](TaskId thread) {
    k.task(thread).killed = true;
    signal_wake_up(k, thread);
  });
}

}  // namespace

void send_signal_to_task(KernelState& k, TaskId id, const SignalInfo& info, bool traced) {
  Task& task = k.task(id);
  Process& process = k.process_of(id);
  const Signal signal = info.signal;
  prepare_signal(k, task.process, signal);
  if (is_ignored(process, task, info) && (!traced || signal == kSigkill)) {
    return;
  }
  if (already_pending(task.rare().pending, signal)) {
    return;
  }
  const bool takes_it = wants_signal(k, id, signal);
  const bool tracer_first = traced && process.unkillable;  // and then it is dropped
  if (signal == kSigkill || (is_fatal(process, signal) && takes_it && !tracer_first)) {
    end_by_signal(k, task.process, signal);
    return;
  }
  task.make_rare().pending.add(info);
  if (takes_it) {
    signal_wake_up(k, id);
  }
}

void send_signal_to_process(KernelState& k, TaskId id, const SignalInfo& info) {
  const ProcessId process = k.task(id).process;
  Process& p = k.processes[process.v];
  const Signal signal = info.signal;
  prepare_signal(k, process, signal);
  if (is_ignored(p, k.task(id), info)) {
    return;
  }
  if (already_pending(p.shared_pending, signal)) {
    return;
  }
  const TaskId taker = choose_thread(k, id, signal);
  if (signal == kSigkill || (taker != kNoTask && is_fatal(p, signal))) {
    end_by_signal(k, process, signal);
    return;
  }
  p.shared_pending.add(info);
  if (taker != kNoTask) {
    signal_wake_up(k, taker);
  }
}

void recalc_sigpending(KernelState& k, TaskId id) {
  Task& task = k.task(id);
  const u64 pending = task.rare().pending.set.bits | k.process_of(id).shared_pending.set.bits;
  task.sigpending = task.stop_pending || (pending & ~task.blocked.bits) != 0;
}

void retarget_shared_pending(KernelState& k, TaskId id, SignalSet which) {
  const ProcessId process = k.task(id).process;
  u64 left = k.processes[process.v].shared_pending.set.bits & which.bits;
  if (!k.task(id).sigpending || k.processes[process.v].exiting) {
    return;
  }
  each_other_thread(k, id, [&](TaskId thread) {
    const Task& other = k.task(thread);
    if ((left & ~other.blocked.bits) == 0) {
      return;
    }
    left &= other.blocked.bits;
    if (!other.sigpending) {
      signal_wake_up(k, thread);
    }
  });
}

void set_blocked(KernelState& k, TaskId id, SignalSet blocked) {
  blocked.remove(kSigkill);
  blocked.remove(kSigstop);
  if (blocked == k.task(id).blocked) {
    return;  // and the task is told of nothing
  }
  retarget_shared_pending(k, id, SignalSet{blocked.bits & ~k.task(id).blocked.bits});
  k.task(id).blocked = blocked;
  recalc_sigpending(k, id);
}

SignalsTaken take_signals(KernelState& k, TaskId id, SignalsTaken taken) {
  Task& task = k.task(id);
  Process& process = k.process_of(id);
  taken.stops = false;
  while (!task.killed) {
    if (task.stop_pending) {
      // It took no signal: until it runs again it counts as told, and none chooses it.
      task.stop_pending = false;
      taken.stops = true;
      return taken;
    }
    std::optional<SignalInfo> info;
    if (task.extras) {
      info = task.extras->pending.take(task.blocked);
    }
    if (!info) {
      info = process.shared_pending.take(task.blocked);
    }
    recalc_sigpending(k, id);
    if (!info && taken.frames.empty()) {
      return taken;
    }
    if (!info) {
      // Nothing keeps the task from user space: the newest handler runs and returns.
      const SignalFrame frame = taken.frames.back();
      taken.frames.pop_back();
      k.handled.push_back({id, frame.info});
      store_in_buffer(k, id, frame.info.signal);
      set_blocked(k, id, frame.saved_mask);
    } else if (process.handled.has(info->signal)) {
      push_handler(k, id, *info, taken);
    } else if (process.ignored.has(info->signal) || ignored_by_default(info->signal) ||
               (process.unkillable && !cannot_be_handled(info->signal))) {
      continue;  // it was blocked when it came, or a tracer watches
    } else if (stops_by_default(info->signal)) {
      begin_group_stop(k, id);
      taken.stops = true;
      return taken;
    } else {
      do_group_exit(k, id, info->signal);
    }
  }
  taken.dies = true;
  return taken;
}

}  // namespace ipcsim
