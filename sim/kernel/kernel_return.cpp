// Between a call's end and user space: signals are taken, and the call gives its result or starts
// again.
#include <utility>

#include "sim/kernel/kernel.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/transfer_at_once.hpp"

namespace ipcsim {
namespace {

bool restarts(Errno error, const SignalsTaken& taken) {
  if (error == Errno::kERESTARTSYS) {
    return taken.restart;
  }
  return error == Errno::kERESTARTNOHAND && !taken.handler_ran;
}

/// True for calls that are told, when they are interrupted, how much of their time is left, and
/// start again with that: the time in which the task is stopped does not count.
/// Linux fs/select.c: poll_select_finish().
bool waits_for_the_rest(const Task& task) {
  return task.in_any<SelectCall, Pselect6Call, PpollCall>();
}

/// Where no handler ran the call is to start again. A handler that the mask put back lets run later
/// finds no call that was interrupted. Linux arch/x86/kernel/signal.c: arch_do_signal_or_restart().
void decide_restart(ReturnInProgress& returning) {
  if (returning.completion && internal_error(returning.completion->result.error) &&
      !returning.taken.handler_ran) {
    returning.completion->result.error = Errno::kERESTARTSYS;
    returning.taken.handler_ran = true;
    returning.taken.restart = true;
  }
}

}  // namespace

void Kernel::run_section(TaskId id) {
  IPCSIM_CHECK(exists(id) && state_.task(id).state == TaskState::kRunnable);
  dequeue(state_, id);
  Task& task = state_.task(id);
  if (task.rare().returning != nullptr) {
    ReturnInProgress returning = *std::exchange(task.make_rare().returning, nullptr);
    if (returning.deadline && waits_for_the_rest(task)) {
      returning.deadline = later(*returning.deadline, state_.now);
    }
    if (task.in_call() && !returning.completion) {
      task.entered = state_.now;  // it was stopped before it could enter
    }
    return_to_user(id, std::move(returning));
    return;
  }
  const bool entering = std::holds_alternative<std::monostate>(task.progress);
  if (!task.in_call() || (entering && signals_come_first(state_, id, task.call_number))) {
    // A signal in user space is handled before the task goes on.
    return_to_user(id, {});
    return;
  }
  if (entering || !finish_at_once(state_, id)) {
    run_call(id);
  }
}

void Kernel::run_call(TaskId id) {
  const StoredCall call = state_.task(id).call;
  Section section = call.visit([&](const auto& c) { return run(state_, id, c); });
  finish_call(id, section);
}

void Kernel::finish_call(TaskId id, Section& section) {
  if (section.end == Section::End::kGone || section.end == Section::End::kAsleep) {
    return;
  }
  if (section.end == Section::End::kGoesOn) {
    enqueue(state_, id);
    return;
  }
  if (section.end == Section::End::kReturned && returns_at_once(id, section.result.error)) {
    Completion& completion = state_.completions.emplace_back();
    completion.task = id;
    completion.result = std::move(section.result);
    return;
  }
  Completion completion{.task = id, .result = std::move(section.result)};
  if (section.end == Section::End::kNotModelled) {
    completion.kind = Completion::Kind::kNotModelled;
    completion.reason = std::move(*section.reason);
  }
  Task& task = state_.task(id);
  const auto deadline = task.rare().deadline;
  end_progress(state_, id);
  const Errno error = completion.result.error;
  if (task.rare().saved_sigmask && error != Errno::kEINTR && !internal_error(error)) {
    // restore_saved_sigmask_unless(): a call that was not interrupted puts the mask back first.
    set_blocked(state_, id, *std::exchange(task.make_rare().saved_sigmask, std::nullopt));
  }
  if (!task.rare().saved_sigmask && !signal_pending(state_, id)) {
    end_call(id, std::move(completion), deadline, {});  // as nearly always
    return;
  }
  return_to_user(id, {.completion = std::move(completion), .deadline = deadline, .taken = {}});
}

/// Ends a call after which nothing is to be done on the way back to user space, as nearly always.
/// Otherwise the call goes on to end.
bool Kernel::returns_at_once(TaskId id, Errno error) {
  if (internal_error(error) || state_.task(id).extras || signal_pending(state_, id) ||
      state_.task(id).in_any<ExecveCall>()) {
    return false;
  }
  end_progress(state_, id);
  if (signal_pending(state_, id)) {
    return false;  // the end of a file may tell who has it
  }
  state_.task(id).leave();
  return true;
}

/// Takes signals, then gives the result of the call or starts it again, or enters the call that
/// waits, or leaves the task idle.
void Kernel::return_to_user(TaskId id, ReturnInProgress returning) {
  Task& task = state_.task(id);
  do {
    if (!returning.taken.dies) {
      returning.taken = take_signals(state_, id, std::move(returning.taken));
    }
    if (returning.taken.dies) {
      if (release_newest_pipe(state_, id)) {
        task.make_rare().returning = std::make_shared<const ReturnInProgress>(std::move(returning));
        enqueue_first(state_, id);  // another processor may see what it has done so far
        return;
      }
      die(id, returning);
      return;
    }
    if (returning.taken.stops) {
      if (returning.deadline && waits_for_the_rest(task)) {
        returning.deadline->v -= state_.now.v;  // until it goes on
      }
      task.state = TaskState::kStopped;
      task.make_rare().returning = std::make_shared<const ReturnInProgress>(std::move(returning));
      return;
    }
    decide_restart(returning);
    if (task.rare().saved_sigmask) {
      set_blocked(state_, id, *std::exchange(task.make_rare().saved_sigmask, std::nullopt));
    }
  } while (signal_pending(state_, id));
  if (returning.completion) {
    end_call(id, *std::move(returning.completion), returning.deadline, returning.taken);
  } else if (task.in_call()) {
    run_call(id);
  } else {
    task.state = TaskState::kIdle;
  }
}

void Kernel::die(TaskId id, const ReturnInProgress& returning) {
  if (!returning.completion) {
    exit_task(state_, id);
    return;
  }
  const Completion& completion = *returning.completion;
  const bool interrupted =
      completion.kind == Completion::Kind::kReturned && internal_error(completion.result.error);
  exit_task(state_, id, interrupted ? std::nullopt : std::optional{completion});
}

void Kernel::end_call(TaskId id, Completion completion, std::optional<Nanoseconds> deadline,
                      const SignalsTaken& taken) {
  Task& task = state_.task(id);
  if (restarts(completion.result.error, taken)) {
    if (deadline || task.rare().restart_deadline) {
      task.make_rare().restart_deadline = deadline;
    }
    if (task.in_any<VmspliceCall>()) {
      task.call = StoredCall(restarted(get<VmspliceCall>(task.call.get())));
    }
    enqueue_first(state_, id);
    return;
  }
  if (internal_error(completion.result.error)) {
    completion.result.error = Errno::kEINTR;
  }
  if (task.in_any<ExecveCall>()) {
    report_replaced_threads(state_, task.process);
    state_.process_of(id).dead_threads.clear();
  }
  task.leave();
  state_.completions.push_back(std::move(completion));
}

}  // namespace ipcsim
