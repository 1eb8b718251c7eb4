// The importer, part two: the beginning and end of a call as events.
#include <algorithm>
#include <tuple>
#include <variant>

#include "tools/import/importer.hpp"
#include "tools/import/signal_rules.hpp"

namespace ipcsim::strace {
namespace {

/// Virtual time stays below this, so that sums fit.
constexpr i64 kMostElapsedNs = i64{1} << 60U;

/// True when a signal may have ended the call early. That signal came before the call's end, though
/// its line stands behind the result's.
bool may_be_cut_short(const PlannedCall& planned) {
  if (!planned.result) {
    return false;
  }
  if (planned.result->error == Errno::kEINTR) {
    return true;
  }
  u64 asked = 0;
  if (const auto* write = get_if<WriteCall>(&planned.call)) {
    asked = write->buf.len;
  } else if (const auto* writev = get_if<WritevCall>(&planned.call)) {
    asked = total_len(writev->iov);
  } else if (const auto* vmsplice = get_if<VmspliceCall>(&planned.call)) {
    for (const auto& segment : vmsplice->iov) {
      asked += segment.memory.len;
    }
  }
  return planned.result->error == Errno::kOk && planned.result->ret >= 0 &&
         static_cast<u64>(planned.result->ret) < asked;
}

void run_all(const std::vector<std::function<void()>>& steps) {
  for (const auto& step : steps) {
    step();
  }
}

/// True for a call that blocks other signals than its task does as long as it lasts.
bool has_own_mask(const Call& call) {
  return holds_alternative<PpollCall>(call) || holds_alternative<Pselect6Call>(call) ||
         holds_alternative<EpollPwaitCall>(call) || holds_alternative<EpollPwait2Call>(call);
}

}  // namespace

/// Virtual time at a time of the log.
std::optional<i64> Importer::elapsed_at(std::optional<i64> time_ns) const {
  if (!time_ns || !state_.survey.start_ns) {
    return std::nullopt;
  }
  return std::clamp<i64>(*time_ns - *state_.survey.start_ns, 0, kMostElapsedNs);
}

/// A call that a signal interrupted is made again: it is the same call. True if so.
bool Importer::resume_interrupted(InFlight& flight) {
  auto& interrupted = flight.task->interrupted;
  const bool same = interrupted && flight.plan.calls.size() == 1 &&
                    flight.plan.calls.front().call == interrupted->call;
  if (same) {
    flight.event = interrupted->event;
    interrupted.reset();
  }
  return same;
}

/// What a call's event means for signals to come.
void Importer::note_result(TaskState& task, const Call& call,
                           const std::optional<SysResult>& result, u32 event) {
  const bool writes = holds_alternative<WriteCall>(call) || holds_alternative<WritevCall>(call);
  if (writes && result && result->error == Errno::kEPIPE) {
    task.sigpipe_pending = true;
    task.epipe_event = event;
  }
  if (const auto* kill = get_if<KillCall>(&call)) {
    TaskState& target = state_.tasks.at(kill->pid.v - 1);
    if (!is_ignored(target, kill->sig) || kill->sig == kSigcont) {
      state_.tasks.process_of(target).sent[kill->sig.v].push_back(event);
    }
  } else if (const auto* tgkill = get_if<TgkillCall>(&call)) {
    TaskState& target = state_.tasks.at(tgkill->tid.v - 1);
    if (!is_ignored(target, tgkill->sig) || tgkill->sig == kSigcont) {
      target.sent[tgkill->sig.v].push_back(event);
    }
  }
}

/// Adds the beginning of what a call becomes, and its end where both are on one line.
void Importer::begin(const CallRecord& call, InFlight& flight) {
  TaskState& task = *flight.task;
  const Plan& plan = flight.plan;
  const Origin origin{call.line, call.time_ns};
  hold_fds(call, flight);
  if (plan.calls.empty()) {
    return;
  }
  if (resume_interrupted(flight)) {
    return;
  }
  run_all(plan.before_begin);
  if (plan.timeout && elapsed_at(call.time_ns)) {
    state_.advance_to(task, *elapsed_at(call.time_ns), origin);
    flight.began_ns = state_.elapsed_ns();
  }
  const PlannedCall& first = plan.calls.front();
  // Time must pass between the beginning and the end of a call that timed out.
  const bool one_line = !call.split && !(plan.two_lines && call.finished) &&
                        !(plan.timeout && plan.timeout->ran_out) &&
                        !(call.finished && may_be_cut_short(first));
  CallEvent event{Conversion::number_of(task), first.call, {}};
  if (one_line) {
    run_all(plan.before_end);
    event.result = first.result;
  }
  const bool open = !event.result;
  const u32 index = state_.act(task, std::move(event), origin);
  if (open) {
    flight.event = index;
    task.open_event = index;
  }
  if (open && has_own_mask(first.call) && (flight.eintr || !flight.restart.empty())) {
    // A signal that the task blocks otherwise was there from the call's beginning on, perhaps.
    task.signal_place = state_.recorder.add_empty_signal(task, origin);
  }
  note_result(task, first.call, first.result, index);
  if (one_line) {
    note_sleep(call, index);
    run_all(plan.after_end);
  }
  if (plan.after_entry) {
    plan.after_entry();
  }
}

/// What the recorder saw of the sleeps of a call that ends with `event`.
void Importer::note_sleep(const CallRecord& call, u32 event) {
  if (call.slept) {
    state_.recorder.note_sleep(event, *call.slept, state_.tasks.find_last(call.slept->woken_by));
  }
}

/// In a table that tasks share a descriptor may have come before the line that tells of it, and
/// another task may have been given the next number. Holds a place for it at the call's beginning.
void Importer::hold_fds(const CallRecord& call, InFlight& flight) {
  TaskState& task = *flight.task;
  if (!call.split || task.files->users == 1 || !flight.plan.calls.empty()) {
    return;
  }
  for (const PlannedFd& planned : flight.plan.other_fds) {
    const FdSlot* slot = task.files->find(planned.fd.v);
    if (slot != nullptr && slot->kind != FdKind::kClosed) {
      flight.held.emplace_back();
      continue;
    }
    OtherFdEvent event{Conversion::number_of(task), planned.fd, planned.cloexec, planned.what};
    const u32 index = state_.act(task, std::move(event), {call.line, call.time_ns});
    state_.recorder.withdraw(index);
    flight.held.push_back(InFlight::Held{index, slot == nullptr ? 0 : slot->generation});
  }
}

/// Descriptors that a call made appear: where a place was held, unless the number was something
/// else in between, or here.
void Importer::place_fds(InFlight& flight, Origin origin) {
  TaskState& task = *flight.task;
  for (std::size_t i = 0; i < flight.plan.other_fds.size(); ++i) {
    const PlannedFd& planned = flight.plan.other_fds[i];
    const FdSlot* slot = task.files->find(planned.fd.v);
    const u32 generation = slot == nullptr ? 0 : slot->generation;
    if (i < flight.held.size() && flight.held[i] && flight.held[i]->generation == generation) {
      state_.recorder.restore(flight.held[i]->event);
    } else {
      OtherFdEvent event{Conversion::number_of(task), planned.fd, planned.cloexec, planned.what};
      state_.act(task, std::move(event), origin);
    }
  }
}

/// Lets the time pass that a call waited for in vain.
void Importer::run_out(const CallRecord& call, InFlight& flight, Origin origin) {
  const Timeout& timeout = *flight.plan.timeout;
  std::optional<i64> end_ns = call.end_time_ns;
  if (!end_ns && call.time_ns) {
    end_ns = *call.time_ns + std::min(flight.duration_ns.value_or(0), kMostElapsedNs);
  }
  const i64 due = timeout.absolute ? timeout.ns - std::min(realtime_ns_, timeout.ns)
                                   : flight.began_ns + timeout.ns;
  const i64 target = std::max(due, elapsed_at(end_ns).value_or(0));
  state_.advance_to(*flight.task, std::min(target, kMostElapsedNs), origin);
}

/// The first call of a plan ends: it returns, or a signal interrupts it.
void Importer::end_first_call(const CallRecord& call, InFlight& flight, Origin origin) {
  TaskState& task = *flight.task;
  const PlannedCall& first = flight.plan.calls.front();
  if (!flight.restart.empty()) {
    task.interrupted = InterruptedCall{.event = *flight.event,
                                       .call = first.call,
                                       .restart = flight.restart,
                                       .began_ns = flight.began_ns,
                                       .eintr_event = {}};
    return;
  }
  if (!first.result) {
    return;  // it never returns
  }
  if (flight.plan.timeout && flight.plan.timeout->ran_out) {
    run_out(call, flight, origin);
  }
  if (may_be_cut_short(first) && !task.signal_place) {
    task.signal_place = state_.recorder.add_empty_signal(task, origin);
  }
  run_all(flight.plan.before_end);
  task.eintr_line = first.result->error == Errno::kEINTR ? call.line : 0;
  const u32 end = state_.recorder.add_return(task, *flight.event, *first.result, origin);
  note_sleep(call, end);
  task.open_event.reset();
  run_all(flight.plan.after_end);
  if (first.result->error == Errno::kEPIPE) {
    note_result(task, first.call, first.result, end);
  }
}

void Importer::leave(const LogItem& item) {
  const CallRecord& call = log_.calls[item.call];
  auto node = in_flight_.extract(item.call);
  if (!node) {
    return;
  }
  InFlight& flight = node.mapped();
  const Origin origin{item.line, item.time_ns};
  if (flight.event) {
    end_first_call(call, flight, origin);
  }
  for (std::size_t i = 1; i < flight.plan.calls.size(); ++i) {
    const PlannedCall& next = flight.plan.calls[i];
    state_.act(*flight.task, CallEvent{Conversion::number_of(*flight.task), next.call, next.result},
               origin);
  }
  place_fds(flight, origin);
  for (const ImportState::ExpectedFd& expected : flight.expected_in_shared) {
    // What stays unexplained is on its way to being closed, or opened.
    std::ignore = expected.table->explain_lower(expected.lowest.v, expected.fd.v);
  }
  if (flight.plan.at_exit) {
    flight.plan.at_exit();
  }
}

}  // namespace ipcsim::strace
