// The importer, part three: signals that arrive, and tasks that end.
#include <variant>

#include <fmt/format.h>

#include "tools/import/importer.hpp"
#include "tools/import/signal_rules.hpp"
#include "tools/import/symbols.hpp"

namespace ipcsim::strace {
namespace {

bool is_stop(Signal signal) {
  return signal == kSigstop || signal == kSigtstp || signal == kSigttin || signal == kSigttou;
}

}  // namespace

bool Importer::is_ignored(const TaskState& task, Signal signal) {
  const SignalAction& action = state_.tasks.process_of(task).actions[signal.v];
  const bool blocked = (task.blocked & signal_bit(signal)) != 0;
  return !blocked && (action.handler == Disposition::kIgnore ||
                      (action.handler == Disposition::kDefault && ignored_by_default(signal)));
}

bool Importer::was_sent(TaskState& task, Signal signal) {
  constexpr u32 kFirstQueuedSignal = 32;  // those below are pending once at most
  for (auto* sent : {&task.sent, &state_.tasks.process_of(task).sent}) {
    const auto found = sent->find(signal.v);
    if (found == sent->end() || found->second.empty()) {
      continue;
    }
    if (signal.v < kFirstQueuedSignal) {
      found->second.clear();
    } else {
      found->second.erase(found->second.begin());
    }
    return true;
  }
  return false;
}

/// A queue or an O_ASYNC file of the trace sends it: the model does that itself.
bool Importer::is_sent_by_file(Signal signal, std::string_view info) const {
  constexpr Signal kSigio{29};
  if (info.contains("si_code=SI_MESGQ") || info.contains("si_code=-3,") ||
      info.contains("si_code=0xfffffffd")) {
    return true;
  }
  const bool about_file = info.contains("si_code=POLL_") || info.contains("si_code=0x");
  return state_.async_files && (signal == kSigio || about_file);
}

/// A line "--- SIGX {...} ---". The model makes signals of the trace's kill() calls and SIGPIPE
/// itself; what else arrives comes from outside.
void Importer::take_signal(const LogItem& item) {
  TaskState& task = state_.tasks.of_pid(item.pid);
  const auto signal = signal_value(item.name);
  if (!signal || signal->v == 0) {
    remark(item.line, task.index, fmt::format("a signal that has no number: {}", item.name));
    return;
  }
  const Origin origin{item.line, item.time_ns};
  ProcessState& process = state_.tasks.process_of(task);
  process.last_delivered = *signal;
  process.delivered_line = item.line;
  const bool own_sigpipe = *signal == kSigpipe && task.sigpipe_pending;
  task.sigpipe_pending = task.sigpipe_pending && !own_sigpipe;
  const bool sent = was_sent(task, *signal) || own_sigpipe || is_sent_by_file(*signal, item.text);
  const bool ignored = is_ignored(task, *signal) && *signal != kSigcont;
  // One that is ignored does nothing, but where strace looks on it still cuts a call short.
  if (ignored ? task.signal_place.has_value() : !sent) {
    if (task.signal_place) {
      state_.recorder.fill_signal(*task.signal_place, *signal);
      task.signal_place.reset();
    } else {
      state_.recorder.add(task, SignalEvent{Conversion::number_of(task), *signal}, origin);
    }
  }
  if (task.interrupted && !is_ignored(task, *signal)) {
    interrupt(task, *signal, origin);
  }
}

/// What becomes of a call that `signal` has interrupted. Linux arch/x86/kernel/signal.c:
/// handle_signal().
void Importer::interrupt(TaskState& task, Signal signal, Origin origin) {
  InterruptedCall& call = *task.interrupted;
  const SignalAction& action = state_.tasks.process_of(task).actions[signal.v];
  if (call.decided) {
    return;
  }
  if (action.handler != Disposition::kHandler) {
    // It kills, or the log does not show its handler: then the handler's end tells.
    if (!call.eintr_event) {
      call.eintr_event = state_.recorder.add_empty_return(task, call.event, origin);
    }
    return;
  }
  call.decided = true;
  const bool again = call.restart == "ERESTARTNOINTR" ||
                     (call.restart == "ERESTARTSYS" && (action.flags & kSaRestart) != 0);
  if (!again) {
    state_.recorder.add_return(task, call.event, SysResult::failure(Errno::kEINTR), origin);
    task.interrupted.reset();
    task.open_event.reset();
  }
}

/// rt_sigreturn() = -1 EINTR: the interrupted call has failed, back where the signal came.
void Importer::settle_by_sigreturn(TaskState& task) {
  if (task.interrupted && task.interrupted->eintr_event) {
    state_.recorder.fill_return(*task.interrupted->eintr_event, SysResult::failure(Errno::kEINTR));
    task.interrupted.reset();
    task.open_event.reset();
  }
}

/// "+++ exited with 0 +++" and "+++ killed by SIGX +++".
void Importer::take_death(const LogItem& item) {
  TaskState* task = state_.tasks.find(item.pid);
  if (task == nullptr) {
    return;
  }
  const Origin origin{item.line, item.time_ns};
  const TaskId number = Conversion::number_of(*task);
  ProcessState& process = state_.tasks.process_of(*task);
  if (item.kind == LogItem::Kind::kKilled) {
    const Signal signal = signal_value(item.name).value_or(kSigkill);
    const bool sent = was_sent(*task, signal);
    if (!process.dying && !sent && process.last_delivered != signal) {
      if (task->signal_place) {  // it cut the last call short
        state_.recorder.fill_signal(*task->signal_place, signal);
        task->signal_place.reset();
      } else {
        state_.recorder.add(*task, SignalEvent{number, signal}, origin);
      }
    }
    process.dying = true;
    if (signal == kSigpipe && task->epipe_event) {
      state_.recorder.forget_result(
          *task->epipe_event);  // strace saw a result, the program did not
    }
    state_.recorder.add(*task, DiedEvent{number, signal}, origin);
  } else if (task->open_event) {
    // Of an exit() too: by now its descriptors are closed.
    state_.recorder.add(*task, DiedEvent{number, Signal{0}}, origin);
  }
  state_.tasks.end(*task);
}

/// A call ended with EINTR, and its task took no signal: it had been told of one to the process
/// that another thread took first. Linux kernel/signal.c: complete_signal(). The trace has that it
/// came to both.
void Importer::settle_told(TaskState& task) {
  const ProcessState& process = state_.tasks.process_of(task);
  if (task.signal_place && task.eintr_line != 0 && process.live_threads > 1 &&
      process.delivered_line > task.eintr_line && !is_stop(process.last_delivered)) {
    state_.recorder.fill_signal(*task.signal_place, process.last_delivered);
  }
  task.signal_place.reset();
  task.eintr_line = 0;
}

/// What a program does behind an execve() at which strace let go of it is not known, so neither is
/// what becomes of its pipes.
void Importer::let_go(const LogItem& item) {
  TaskState& task = state_.tasks.of_pid(item.pid);
  // Whoever waits for a vfork() goes on.
  state_.act(task, CallEvent{Conversion::number_of(task), ExecveCall{"?"}, SysResult::success(0)},
             {item.line, item.time_ns});
  bool passed = false;
  for (const i32 fd : task.files->open_between(0, ~u64{0})) {
    const FdSlot& slot = *task.files->find(fd);
    if (slot.kind == FdKind::kPipe && slot.made_at != 0 && !slot.cloexec) {
      state_.newly_passed_pipes.insert(slot.made_at);
      passed = true;
    }
    if (slot.end != nullptr && !slot.cloexec) {
      state_.inherited.leave_out(*slot.end);
    }
    passed = passed || (slot.kind == FdKind::kForeignPipe && !slot.cloexec);
  }
  if (passed) {
    remark(item.line, task.index,
           "strace lets go of a program that has pipes; calls on these are left out");
  }
}

/// "+++ superseded by execve in pid N +++": the leader is gone, the thread N has its pid.
void Importer::take_superseded(const LogItem& item) {
  TaskState* leader = state_.tasks.find(item.pid);
  if (leader != nullptr && leader->open_event) {
    state_.recorder.add(*leader, DiedEvent{Conversion::number_of(*leader), Signal{0}},
                        {item.line, item.time_ns});
  }
  state_.tasks.supersede(item.pid, item.other_pid);
}

}  // namespace ipcsim::strace
