#include "sim/replay/explain.hpp"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include <range/v3/algorithm/find.hpp>

#include "sim/replay/actions.hpp"
#include "sim/replay/call_index.hpp"
#include "sim/replay/compare.hpp"
#include "sim/replay/explain_report.hpp"

namespace ipcsim {
namespace {

/// Where a search stands: the kernel, the next event, and which calls are over.
struct Position {
  Kernel kernel;
  u32 event = 0;
  bool applied = false;    // the event has taken effect; its result is awaited
  std::vector<u32> call;   // by task: the call it is in or has just ended, or kNoCall
  std::vector<bool> over;  // by task: that call has ended in the model
  u64 not_modelled = 0;
};

/// A place where several tasks could have run next.
struct Choice {
  Position position;
  std::vector<TaskId> untried;
  std::size_t schedule_size = 0;
};

class Search {
 public:
  Search(const Trace& trace, const CallIndex& index, const KernelProfile& profile,
         const ExplainLimits& limits)
      : trace_(trace),
        index_(index),
        limits_(limits),
        at_{.kernel = Kernel(trace.header.environment, profile,
                             index.cut_contents ? Contents::kLengthsOnly : Contents::kKept)} {}

  std::expected<Explanation::Verdict, MachineError> run() {
    while (at_.event < trace_.events.size()) {
      if (sections_ > limits_.sections) {
        return Explanation::Verdict::kUndecided;
      }
      const auto advanced = advance();
      if (!advanced) {
        return std::unexpected(advanced.error());
      }
      if (*advanced) {
        continue;
      }
      if (!take_back()) {
        return choices_dropped_ ? Explanation::Verdict::kUndecided : Explanation::Verdict::kRefuted;
      }
    }
    return Explanation::Verdict::kExplained;
  }

  /// The conflict that the longest path ended with. REQUIRES: run() refuted the trace.
  [[nodiscard]] const Conflict& conflict() const { return *furthest_; }
  [[nodiscard]] std::vector<ScheduleEntry> take_schedule() { return std::move(schedule_); }
  /// What is known now; reached: the first event that is not explained.
  [[nodiscard]] SearchEnd end(Explanation::Verdict verdict) const {
    const bool explained = verdict == Explanation::Verdict::kExplained;
    return {.verdict = verdict,
            .reached = furthest_ && !explained ? furthest_->event : at_.event,
            .sections = sections_,
            .not_modelled = at_.not_modelled,
            .conflict = furthest_ && !explained ? &*furthest_ : nullptr,
            .state_before = {}};
  }
  /// The objects before the section that an equal search found `conflict` in. REQUIRES: run() was
  /// not called.
  [[nodiscard]] std::string state_before(const Conflict& conflict) {
    stop_before_ = &conflict;
    while (!stopped_) {
      static_cast<void>(advance() == true || take_back());
    }
    return to_text(at_.kernel.snapshot());
  }

 private:
  using Advance = std::expected<bool, MachineError>;

  /// True when `stop_before_` is about to be found again, in a call's wrong end or in nobody's
  /// being able to run.
  bool stops(bool wrong_end) {
    stopped_ = stop_before_ != nullptr && sections_ == stop_before_->sections &&
               wrong_end == (stop_before_->call != kNoCall);
    return stopped_;
  }

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
    const auto* call = std::get_if<CallEvent>(&event.body);
    const bool needs_task = call != nullptr || std::holds_alternative<OtherFdEvent>(event.body);
    if (needs_task && !at_.kernel.exists(task)) {
      const auto parent = index_.parents.find(task);
      return run_somebody(parent == index_.parents.end() ? task : parent->second);
    }
    if (call != nullptr && !at_.kernel.idle(task)) {
      return run_somebody(task);
    }
    schedule_.push_back({.is_event = true, .event = at_.event, .task = task});
    if (call == nullptr) {
      return apply_from_outside(event);
    }
    enter(task, index_.of_event[at_.event]);
    at_.kernel.post(task, call->call);
    at_.applied = call->result.has_value();
    if (!at_.applied) {
      step_to_next_event();
    }
    return true;
  }

  /// What happens to tasks, not by them.
  Advance apply_from_outside(const Event& event) {
    std::optional<std::string> why;
    if (const auto* signal = std::get_if<SignalEvent>(&event.body)) {
      why = at_.kernel.post_signal(signal->task, signal->signal);
    } else if (const auto* time = std::get_if<AdvanceEvent>(&event.body)) {
      at_.kernel.advance(time->ns);
    } else {
      const auto& other = std::get<OtherFdEvent>(event.body);
      why = at_.kernel.post_other_fd(other.task, other.fd, other.cloexec);
    }
    if (why) {
      return std::unexpected(MachineError{.unsupported = true,
                                          .message = where_text(trace_, at_.event) + ": " + *why});
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
      if (stops(false)) {
        return true;
      }
      note({.event = at_.event,
            .task = acting_task(trace_.events[at_.event]),
            .expected = "the call ends",
            .actual = "every task sleeps",
            .sections = sections_});
      return false;
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
    if (stops(true)) {
      return true;
    }
    schedule_.push_back({.is_event = false, .event = 0, .task = task});
    at_.kernel.run_section(task);
    bool right = true;
    for (const Completion& completion : at_.kernel.take_completions()) {
      right = right && accept(completion);
    }
    ++sections_;
    return right;
  }

  /// The model's end of a call against the recorded one.
  bool accept(const Completion& completion) {
    const TaskId task = completion.task;
    if (!knows(task) || at_.call[task.v] == kNoCall || at_.over[task.v]) {
      return true;  // it died outside any call
    }
    at_.over[task.v] = true;
    const u32 call = at_.call[task.v];
    const std::optional<Completion>& end = index_.calls[call].end;
    if (completion.kind == Completion::Kind::kNotModelled) {
      ++at_.not_modelled;
      return true;
    }
    if (!end || agrees(*end, completion)) {
      return true;
    }
    // A tracer sees a call return before the signal that it brought kills the task.
    if (completion.returned_first && end->kind == Completion::Kind::kReturned &&
        agrees(end->result, completion.result)) {
      return true;
    }
    note({.event = at_.event,
          .call = call,
          .task = task,
          .expected = to_text(*end),
          .actual = to_text(completion),
          .sections = sections_});
    return false;
  }

  /// Keeps the conflict if it is the furthest so far.
  void note(Conflict conflict) {
    if (!furthest_ || conflict.event > furthest_->event) {
      furthest_ = std::move(conflict);
    }
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

  const Trace& trace_;
  const CallIndex& index_;
  ExplainLimits limits_;
  Position at_;
  std::vector<ScheduleEntry> schedule_;
  std::deque<Choice> choices_;
  bool choices_dropped_ = false;
  std::set<u64> seen_;  // positions with a choice that were entered before
  u64 sections_ = 0;
  const Conflict* stop_before_ = nullptr;
  bool stopped_ = false;
  std::optional<Conflict> furthest_;
};

}  // namespace

std::expected<Explanation, MachineError> explain(const Trace& trace, const KernelProfile& profile,
                                                 const ExplainLimits& limits) {
  const CallIndex index = index_calls(trace);
  Search search(trace, index, profile, limits);
  const auto verdict = search.run();
  if (!verdict) {
    return std::unexpected(verdict.error());
  }
  SearchEnd end = search.end(*verdict);
  if (*verdict == Explanation::Verdict::kRefuted) {
    // The state was not kept: a second, equal search gets to it.
    end.state_before = Search(trace, index, profile, limits).state_before(search.conflict());
  }
  Explanation explanation{.verdict = *verdict, .schedule = {}, .report = {}};
  explanation.report = report_of(trace, index, profile, end);
  if (*verdict == Explanation::Verdict::kExplained) {
    explanation.schedule = search.take_schedule();
  }
  return explanation;
}

}  // namespace ipcsim
