#include "sim/replay/explain.hpp"

#include <fmt/format.h>

#include <deque>
#include <range/v3/algorithm/find.hpp>
#include <set>
#include <utility>

#include "sim/replay/actions.hpp"
#include "sim/replay/call_index.hpp"
#include "sim/replay/compare.hpp"

namespace ipcsim {
namespace {

/// Where a search stands: the kernel, the next event, and which calls are over.
struct Position {
  Kernel kernel;
  u32 event = 0;
  bool applied = false;         // the event has taken effect; its result is awaited
  std::vector<u32> call;        // by task: the call it is in or has just ended, or kNoCall
  std::vector<bool> over;       // by task: that call has ended in the model
  u64 not_modelled = 0;
};

/// A place where several tasks could have run next.
struct Choice {
  Position position;
  std::vector<TaskId> untried;
  std::size_t schedule_size = 0;
};

/// Why a path cannot be right.
struct Conflict {
  u32 event = 0;
  TaskId task;
  std::string expected;
  std::string actual;
};

class Search {
 public:
  Search(const Trace& trace, const KernelProfile& profile, const ExplainLimits& limits)
      : trace_(trace),
        index_(index_calls(trace)),
        limits_(limits),
        at_{.kernel = Kernel(trace.header.environment, profile,
                             index_.cut_contents ? Contents::kLengthsOnly : Contents::kKept)},
        profile_(profile) {}

  std::expected<Explanation, MachineError> run() {
    while (at_.event < trace_.events.size()) {
      if (sections_ > limits_.sections) {
        return conclude(Explanation::Verdict::kUndecided);
      }
      const auto advanced = advance();
      if (!advanced) {
        return std::unexpected(advanced.error());
      }
      if (*advanced) {
        continue;
      }
      if (!take_back()) {
        return conclude(choices_dropped_ ? Explanation::Verdict::kUndecided
                                         : Explanation::Verdict::kRefuted);
      }
    }
    return conclude(Explanation::Verdict::kExplained);
  }

 private:
  using Advance = std::expected<bool, MachineError>;

  /// One event or one section. False: this path is wrong.
  Advance advance() {
    const Event& event = trace_.events[at_.event];
    if (is_action(event) && !at_.applied) {
      return apply(event);
    }
    if (is_over(event)) {
      step_to_next_event();
      return true;
    }
    return run_somebody(acting_task(event));
  }

  Advance apply(const Event& event) {
    const TaskId task = acting_task(event);
    const bool needs_task = std::holds_alternative<CallEvent>(event.body) ||
                            std::holds_alternative<OtherFdEvent>(event.body);
    if (needs_task && !at_.kernel.exists(task)) {
      const auto parent = index_.parents.find(task);
      return run_somebody(parent == index_.parents.end() ? task : parent->second);
    }
    if (std::holds_alternative<CallEvent>(event.body) && !at_.kernel.idle(task)) {
      return run_somebody(task);
    }
    schedule_.push_back({.is_event = true, .event = at_.event, .task = task});
    if (const auto* call = std::get_if<CallEvent>(&event.body)) {
      enter(task, index_.of_event[at_.event]);
      at_.kernel.post(task, call->call);
      at_.applied = call->result.has_value();
      if (at_.applied) {
        return true;
      }
    } else if (const auto* signal = std::get_if<SignalEvent>(&event.body)) {
      if (auto why = at_.kernel.post_signal(signal->task, signal->signal)) {
        return std::unexpected(MachineError{.unsupported = true,
                                            .message = fmt::format("{}: {}", where(at_.event), *why)});
      }
    } else if (const auto* advance = std::get_if<AdvanceEvent>(&event.body)) {
      at_.kernel.advance(advance->ns);
    } else {
      const auto& other = std::get<OtherFdEvent>(event.body);
      at_.kernel.post_other_fd(other.task, other.fd, other.cloexec);
    }
    step_to_next_event();
    return true;
  }

  void enter(TaskId task, u32 call) {
    if (at_.call.size() <= task.v) {
      at_.call.resize(task.v + 1, kNoCall);
      at_.over.resize(task.v + 1, false);
    }
    at_.call[task.v] = call;
    at_.over[task.v] = false;
  }

  [[nodiscard]] bool knows(TaskId task) const { return task.v < at_.call.size(); }

  /// True when nothing more has to happen before the event after `event`.
  [[nodiscard]] bool is_over(const Event& event) const {
    if (const auto* died = std::get_if<DiedEvent>(&event.body)) {
      return !at_.kernel.exists(died->task);
    }
    if (std::holds_alternative<ReturnEvent>(event.body) || at_.applied) {
      const TaskId task = acting_task(event);
      return knows(task) && at_.over[task.v];
    }
    return true;  // notes and sleepers say nothing about an observed run
  }

  void step_to_next_event() {
    ++at_.event;
    at_.applied = false;
  }

  /// Runs a section, the wanted task's if it can be. False: nobody can run, or a result is wrong.
  Advance run_somebody(TaskId wanted) {
    std::vector<TaskId> candidates = at_.kernel.runnable();
    if (candidates.empty()) {
      return conflict(acting_task(trace_.events[at_.event]), "the call ends",
                      "every task sleeps");
    }
    const auto place = ranges::find(candidates, wanted);
    if (place != candidates.end()) {
      std::rotate(candidates.begin(), place, place + 1);
    }
    if (candidates.size() > 1) {
      if (!seen_.insert(key()).second) {
        return false;
      }
      remember({at_, {candidates.rbegin(), candidates.rend() - 1}, schedule_.size()});
    }
    return run_section(candidates.front());
  }

  bool run_section(TaskId task) {
    ++sections_;
    schedule_.push_back({.is_event = false, .event = 0, .task = task});
    at_.kernel.run_section(task);
    for (const Completion& completion : at_.kernel.take_completions()) {
      if (!accept(completion)) {
        return false;
      }
    }
    return true;
  }

  /// The model's end of a call against the recorded one.
  bool accept(const Completion& completion) {
    const TaskId task = completion.task;
    if (!knows(task) || at_.call[task.v] == kNoCall) {
      return true;  // it died outside any call
    }
    at_.over[task.v] = true;
    const std::optional<Completion>& end = index_.calls[at_.call[task.v]].end;
    if (completion.kind == Completion::Kind::kNotModelled) {
      ++at_.not_modelled;
      return true;
    }
    if (!end || agrees(*end, completion)) {
      return true;
    }
    return conflict(task, to_text(*end), to_text(completion));
  }

  /// Notes the conflict if it is the furthest so far.
  bool conflict(TaskId task, std::string expected, std::string actual) {
    if (!furthest_ || at_.event > furthest_->event) {
      furthest_ = Conflict{at_.event, task, std::move(expected), std::move(actual)};
      furthest_state_ = to_text(at_.kernel.snapshot());
    }
    return false;
  }

  void remember(Choice choice) {
    if (choices_.size() == limits_.choices_kept) {
      choices_.pop_front();
      choices_dropped_ = true;
    }
    choices_.push_back(std::move(choice));
  }

  /// Goes back to the last choice and takes the next task there. False: no choice is left.
  bool take_back() {
    while (!choices_.empty()) {
      Choice& choice = choices_.back();
      const TaskId task = choice.untried.back();
      choice.untried.pop_back();
      schedule_.resize(choice.schedule_size);
      if (choice.untried.empty()) {
        at_ = std::move(choice.position);
        choices_.pop_back();
      } else {
        at_ = choice.position;
      }
      if (run_section(task)) {
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] u64 key() const {
    Hasher hasher;
    hasher.add(at_.kernel.hash());
    hasher.add(at_.event);
    hasher.add(at_.applied);
    for (const bool over : at_.over) {
      hasher.add(over);
    }
    return hasher.value();
  }

  [[nodiscard]] std::string where(u32 event) const {
    const Event& e = trace_.events[event];
    return e.origin.empty() ? fmt::format("{}:{}", trace_.name, e.line)
                            : fmt::format("{}:{} ({})", trace_.name, e.line, e.origin);
  }

  Explanation conclude(Explanation::Verdict verdict) {
    Explanation explanation{.verdict = verdict, .schedule = {}, .report = {}};
    Report& report = explanation.report;
    const u32 reached = verdict == Explanation::Verdict::kExplained
                            ? static_cast<u32>(trace_.events.size())
                            : (furthest_ ? furthest_->event : at_.event);
    for (u32 i = 0; i < reached; ++i) {
      const Event& event = trace_.events[i];
      report.steps += is_action(event) ? 1 : 0;
      const u32 call = index_.of_event[i];
      const bool ends = call != kNoCall && index_.calls[call].end &&
                        (index_.calls[call].begin != i ||
                         std::get<CallEvent>(event.body).result.has_value());
      report.compared += ends ? 1 : 0;
    }
    report.not_modelled = at_.not_modelled;
    report.compared -= std::min(report.compared, report.not_modelled);
    if (index_.cut_contents) {
      report.remarks.push_back(trace_.name +
                               ": some bytes that were written are not in the trace, so only lengths "
                               "were compared");
    }
    if (verdict == Explanation::Verdict::kExplained) {
      explanation.schedule = std::move(schedule_);
    } else if (verdict == Explanation::Verdict::kUndecided) {
      ++report.undecided;
      report.remarks.push_back(fmt::format(
          "{}: undecided: the search was given up after {} sections; it got to {}", trace_.name,
          sections_, where(std::min<u32>(reached, static_cast<u32>(trace_.events.size()) - 1))));
    } else {
      add_refutation(report);
    }
    return explanation;
  }

  void add_refutation(Report& report) const {
    const Conflict& conflict = *furthest_;
    ++report.compared;
    const u32 call = knows(conflict.task) ? index_.of_event[conflict.event] : kNoCall;
    const Event& event =
        trace_.events[call == kNoCall ? conflict.event : index_.calls[call].begin];
    report.differences.push_back({.where = where(conflict.event),
                                  .step = report.steps,
                                  .task = conflict.task,
                                  .call = action_text(event),
                                  .expected = conflict.expected,
                                  .expected_by = "recorded",
                                  .actual = conflict.actual + ", in every interleaving tried",
                                  .actual_by = fmt::format("model {}", profile_.name),
                                  .state_before = furthest_state_});
  }

  const Trace& trace_;
  CallIndex index_;
  ExplainLimits limits_;
  Position at_;
  const KernelProfile& profile_;
  std::vector<ScheduleEntry> schedule_;
  std::deque<Choice> choices_;
  bool choices_dropped_ = false;
  std::set<u64> seen_;  // positions with a choice that were entered before
  u64 sections_ = 0;
  std::optional<Conflict> furthest_;
  std::string furthest_state_;
};

}  // namespace

std::expected<Explanation, MachineError> explain(const Trace& trace, const KernelProfile& profile,
                                                 const ExplainLimits& limits) {
  return Search(trace, profile, limits).run();
}

}  // namespace ipcsim
