#include "sim/trace/trace_checker.hpp"

#include <limits>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "sim/trace/call_json.hpp"

namespace ipcsim {
namespace {

bool never_returns(const Call& call) {
  return holds_alternative<ExitCall>(call) || holds_alternative<ExitGroupCall>(call);
}

}  // namespace

TraceChecker::TraceChecker(const TraceHeader& header)
    : settled_(header.order == TraceOrder::kSettled), now_ns_(header.environment.realtime_ns) {
  for (const InitialTask& task : header.environment.tasks) {
    tasks_[task.task] = {};
  }
}

std::optional<std::string> TraceChecker::check(const Event& event) {
  line_ = event.line;
  begun_ = begun_ || !(std::holds_alternative<StateEvent>(event.body) ||
                       std::holds_alternative<NoteEvent>(event.body));
  return std::visit([&](const auto& body) { return take(body); }, event.body);
}

TraceChecker::Verdict TraceChecker::take(const CallEvent& event) {
  const auto child = child_of(event.call);
  const auto found = tasks_.find(event.task);
  if (event.result && !child && found != tasks_.end() &&
      found->second.state == Task::State::kIdle) {
    return std::nullopt;  // what most events are: nothing is to be remembered
  }
  if (Verdict verdict = busy(event.task)) {
    return verdict;
  }
  if (child) {
    if (const auto other = tasks_.find(*child); other != tasks_.end()) {
      return fmt::format("task {} exists already{}, expected a new number for the child", child->v,
                         since(other->second.born));
    }
    tasks_[*child].born = line_;
  }
  Task& task = tasks_[event.task];
  task.state = Task::State::kInCall;
  task.call = event.call;
  task.asleep = false;
  task.since = line_;
  if (event.result) {
    returned(event.task, *event.result);
  }
  return std::nullopt;
}

TraceChecker::Verdict TraceChecker::take(const SleepEvent& event) {
  if (Verdict verdict = not_in(event.task, event.call)) {
    return verdict;
  }
  tasks_[event.task].asleep = true;
  return std::nullopt;
}

TraceChecker::Verdict TraceChecker::take(const ReturnEvent& event) {
  if (Verdict verdict = not_in(event.task, event.call)) {
    return verdict;
  }
  if (Verdict verdict = contradiction(tasks_[event.task].call, event.result)) {
    return fmt::format("return of {}: {}", event.call, *verdict);
  }
  returned(event.task, event.result);
  return std::nullopt;
}

TraceChecker::Verdict TraceChecker::take(const DiedEvent& event) {
  if (Verdict verdict = missing(event.task)) {
    return verdict;
  }
  Task& task = tasks_[event.task];
  task.state = Task::State::kDead;
  task.since = line_;
  return std::nullopt;
}

TraceChecker::Verdict TraceChecker::take(const SignalEvent& event) { return missing(event.task); }

TraceChecker::Verdict TraceChecker::take(const HandledEvent& event) { return missing(event.task); }

TraceChecker::Verdict TraceChecker::take(const AdvanceEvent& event) {
  if (event.ns.v > std::numeric_limits<i64>::max() - now_ns_) {
    return "\"advance_ns\" takes the clock past the year 2262, expected less";
  }
  now_ns_ += event.ns.v;
  return std::nullopt;
}

TraceChecker::Verdict TraceChecker::take(const OtherFdEvent& event) { return busy(event.task); }

TraceChecker::Verdict TraceChecker::take(const StateEvent& event) {
  if (!settled_) {
    return "a state in an observed trace, where no moment is known; expected it in a settled one";
  }
  if (!begun_) {
    return "a state before anything happened, expected it after what led to it";
  }
  return missing(event.holder);
}

// `task` does not exist (any more).
TraceChecker::Verdict TraceChecker::missing(TaskId task) const {
  const auto found = tasks_.find(task);
  if (found == tasks_.end()) {
    return fmt::format("task {} does not exist, expected one of the header's tasks or a child",
                       task.v);
  }
  if (found->second.state == Task::State::kDead) {
    return fmt::format("task {} is dead{}, expected a task that lives", task.v,
                       since(found->second.since));
  }
  return std::nullopt;
}

// `task` cannot begin something.
TraceChecker::Verdict TraceChecker::busy(TaskId task) const {
  if (Verdict verdict = missing(task)) {
    return verdict;
  }
  const Task& found = tasks_.at(task);
  if (found.state != Task::State::kInCall) {
    return std::nullopt;
  }
  if (never_returns(found.call)) {
    return fmt::format("task {} has called {}{}, expected a task that lives", task.v,
                       call_name(found.call), since(found.since));
  }
  if (settled_ && !found.asleep) {
    return std::nullopt;  // a program that nobody has recorded yet: how the call ended is not said
  }
  return fmt::format("task {} is in {}{}, expected that call's return first", task.v,
                     call_name(found.call), since(found.since));
}

// `task` cannot sleep in `call` or return from it.
TraceChecker::Verdict TraceChecker::not_in(TaskId task, std::string_view call) const {
  if (Verdict verdict = missing(task)) {
    return verdict;
  }
  const Task& found = tasks_.at(task);
  if (found.state != Task::State::kInCall) {
    return fmt::format("task {} is in no call, expected that it has called {}", task.v, call);
  }
  if (call_name(found.call) != call) {
    return fmt::format("task {} is in {}{}, not in {}", task.v, call_name(found.call),
                       since(found.since), call);
  }
  return std::nullopt;
}

void TraceChecker::returned(TaskId task, const SysResult& result) {
  Task& found = tasks_[task];
  if (const auto child = child_of(found.call); child && result.error != Errno::kOk) {
    tasks_.erase(*child);
  }
  found.state = Task::State::kIdle;
}

std::string TraceChecker::since(u32 line) const {
  return line == 0 ? "" : fmt::format(" since line {}", line);
}

}  // namespace ipcsim
