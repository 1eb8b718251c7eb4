#include "sim/kernel/signals.hpp"

#include <bit>

#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

bool is_ignored(const Process& process, const Task& task, Signal signal) {
  if (task.blocked.has(signal)) {
    return false;  // it may have a handler by the time it is unblocked
  }
  if (process.handled.has(signal)) {
    return false;
  }
  return process.ignored.has(signal) || ignored_by_default(signal);
}

bool is_fatal(const Process& process, Signal signal) {
  return !process.handled.has(signal) && !process.ignored.has(signal) &&
         !ignored_by_default(signal);
}

/// Makes the task look at its signals: wakes it from a call, or runs it in user space.
void signal_wake_up(KernelState& k, TaskId id) {
  const TaskState state = k.task(id).state;
  if (std::holds_alternative<VforkInProgress>(k.task(id).progress) && !k.task(id).killed) {
    return;  // vfork() sleeps through all but fatal signals
  }
  if (state == TaskState::kAsleep || state == TaskState::kIdle) {
    enqueue(k, id);
  }
}

template <class F>
void each_thread(KernelState& k, ProcessId process, F f) {
  for (u32 i = 0; i < k.tasks.size(); ++i) {
    if (k.tasks[i].process == process && k.tasks[i].state != TaskState::kDead) {
      f(TaskId{i + 1});
    }
  }
}

}  // namespace

bool ignored_by_default(Signal signal) {
  return signal == kSigchld || signal == kSigcont || signal == kSigurg || signal == kSigwinch;
}

bool stops_or_continues(Signal signal) {
  return signal == kSigcont || signal == kSigstop || signal == kSigtstp || signal == kSigttin ||
         signal == kSigttou;
}

void begin_group_exit(KernelState& k, ProcessId process, Signal signal) {
  Process& p = k.processes[process.v];
  if (p.exiting) {
    return;
  }
  p.exiting = true;
  p.exit_signal = signal;
  each_thread(k, process, [&](TaskId id) {
    k.task(id).killed = true;
    signal_wake_up(k, id);
  });
}

void send_signal_to_task(KernelState& k, TaskId id, Signal signal) {
  Task& task = k.task(id);
  Process& process = k.process_of(id);
  if (is_ignored(process, task, signal)) {
    return;
  }
  if (signal == kSigkill || (is_fatal(process, signal) && !task.blocked.has(signal))) {
    begin_group_exit(k, task.process, signal);
    return;
  }
  task.pending.add(signal);
  if (!task.blocked.has(signal)) {
    signal_wake_up(k, id);
  }
}

void send_signal_to_process(KernelState& k, TaskId id, Signal signal) {
  const ProcessId process = k.task(id).process;
  Process& p = k.processes[process.v];
  if (is_ignored(p, k.task(id), signal)) {
    return;
  }
  TaskId taker = kNoTask;
  const auto consider = [&](TaskId thread) {
    if (taker == kNoTask && k.exists(thread) && !k.task(thread).blocked.has(signal)) {
      taker = thread;
    }
  };
  consider(id);
  each_thread(k, process, consider);
  if (signal == kSigkill || (taker != kNoTask && is_fatal(p, signal))) {
    begin_group_exit(k, process, signal);
    return;
  }
  p.shared_pending.add(signal);
  if (taker != kNoTask) {
    signal_wake_up(k, taker);
  }
}

SignalsTaken take_signals(KernelState& k, TaskId id) {
  Task& task = k.task(id);
  Process& process = k.process_of(id);
  SignalsTaken taken;
  const auto next = [&](SignalSet& set) {
    const u64 ready = set.bits & ~task.blocked.bits;
    const Signal signal{static_cast<u32>(std::countr_zero(ready)) + 1};
    if (ready != 0) {
      set.remove(signal);
    }
    return ready == 0 ? Signal{0} : signal;
  };
  while (!task.killed) {
    Signal signal = next(task.pending);
    if (signal.v == 0) {
      signal = next(process.shared_pending);
    }
    if (signal.v == 0) {
      return taken;
    }
    if (process.handled.has(signal)) {
      taken.handler_ran = true;
      taken.restart = taken.restart && process.restart.has(signal);
    } else if (is_fatal(process, signal)) {
      begin_group_exit(k, task.process, signal);
    }
  }
  taken.dies = true;
  return taken;
}

}  // namespace ipcsim
