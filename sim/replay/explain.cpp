#include "sim/replay/explain.hpp"

#include <algorithm>
#include <deque>
#include <set>
#include <type_traits>
#include <utility>

#include <range/v3/algorithm/find_if.hpp>
#include <range/v3/algorithm/stable_sort.hpp>

#include "sim/replay/actions.hpp"
#include "sim/replay/call_index.hpp"
#include "sim/replay/compare.hpp"
#include "sim/replay/explain_report.hpp"
#include "sim/replay/footprint.hpp"
#include "sim/replay/given_memory.hpp"
#include "sim/replay/recorder_view.hpp"
#include "sim/replay/twin_kernel.hpp"

namespace ipcsim {
namespace {

/// Events after a choice at which the search looks whether it was there before: paths that chose
/// otherwise come together soon, or never.
constexpr u32 kWatchedEvents = 64;
/// Positions that are remembered at most; more are only searched again.
constexpr std::size_t kMostSeen = 4'000'000;
/// Different answers that are kept for the report, and those of them with their state.
constexpr std::size_t kMostAnswers = 16;
constexpr std::size_t kMostStates = 3;

/// Where a search stands: the kernel, the next event, and which calls are over.
struct Position {
  TwinKernel kernel;
  u32 event = 0;
  bool applied = false;    // the event has taken effect; its result is awaited
  std::vector<u32> call;   // by task: the call it is in or has just ended, or kNoCall
  std::vector<bool> over;  // by task: that call has ended in the model
  u64 not_modelled = 0;
  u32 watched = 0;  // events until which it is looked whether the position was there before
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
        profile_(profile),
        limits_(limits),
        at_{.kernel = initial_kernel()} {}

  std::expected<Explanation::Verdict, MachineError> run() {
    while (at_.event < trace_.events.size()) {
      if (sections_ > limits_.sections) {
        return Explanation::Verdict::kUndecided;
      }
      const auto advanced = advance();
      if (!advanced) {
        return std::unexpected(advanced.error());
      }
      if (*advanced && !(at_.watched > 0 && was_here())) {
        continue;
      }
      careful_until_ = std::max(careful_until_, at_.event + kWatchedEvents);
      if (!take_back()) {
        return choices_dropped_ ? Explanation::Verdict::kUndecided : Explanation::Verdict::kRefuted;
      }
    }
    return Explanation::Verdict::kExplained;
  }

  [[nodiscard]] std::vector<ScheduleEntry> take_schedule() { return std::move(schedule_); }
  /// What is known now; reached: the first event that is not explained.
  [[nodiscard]] SearchEnd end(Explanation::Verdict verdict) const {
    const bool explained = verdict == Explanation::Verdict::kExplained;
    SearchEnd end{.verdict = verdict,
                  .reached = furthest_ && !explained ? *furthest_ : at_.event,
                  .sections = sections_,
                  .not_modelled = at_.not_modelled,
                  .answers = {}};
    if (!explained) {
      for (const Answer& answer : answers_) {
        end.answers.push_back(answer.conflict);
        end.answers.back().state_before = state_after(answer.schedule);
      }
    }
    return end;
  }

 private:
  using Advance = std::expected<bool, MachineError>;

  /// The same conflict in one or more states.
  struct Answer {
    Conflict conflict;
    std::vector<ScheduleEntry> schedule;  // that led to the first of them; empty: not kept
  };

  /// The objects after a schedule that was run before.
  [[nodiscard]] std::string state_after(const std::vector<ScheduleEntry>& schedule) const {
    if (schedule.empty()) {
      return {};
    }
    TwinKernel kernel = initial_kernel();
    for (const ScheduleEntry& entry : schedule) {
      if (!entry.is_event) {
        kernel.run_section(entry.task);
        static_cast<void>(kernel.take_completions());
        continue;
      }
      const Event& event = trace_.events[entry.event];
      if (const auto* call = std::get_if<CallEvent>(&event.body)) {
        kernel.post(entry.task, call->call);
      } else {
        static_cast<void>(post_from_outside(kernel, event));
      }
    }
    return to_text(kernel.kernel().snapshot());
  }

  [[nodiscard]] TwinKernel initial_kernel() const {
    return {trace_.header.environment, profile_, index_.cut_contents};
  }

  /// One event or one section. False: this path is wrong.
  Advance advance() {
    const Event& event = trace_.events[at_.event];
    if (must_enter_first(event)) {
      return run_somebody(acting_task(event));
    }
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
    const bool begins = call != nullptr || std::holds_alternative<OtherFdEvent>(event.body);
    const bool needs_task = begins || std::holds_alternative<SignalEvent>(event.body);
    if (needs_task && !at_.kernel.kernel().exists(task)) {
      const auto parent = index_.parents.find(task);
      return run_somebody(parent == index_.parents.end() ? task : parent->second);
    }
    if (begins && !at_.kernel.kernel().idle(task)) {
      return run_somebody(task);
    }
    if (const auto closer = closer_before(event)) {
      return run_somebody(*closer);
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

  /// The task whose close() in progress must come first: the number that it closes is given to some
  /// other file next.
  [[nodiscard]] std::optional<TaskId> closer_before(const Event& event) const {
    const auto* other = std::get_if<OtherFdEvent>(&event.body);
    if (other == nullptr) {
      return std::nullopt;
    }
    const KernelState& k = at_.kernel.kernel().state();
    const FdTableId files = k.task(other->task).files;
    if (k.fd_tables[files].file(other->fd) == kNoFile) {
      return std::nullopt;
    }
    for (u32 i = 0; i < k.tasks.size(); ++i) {
      const Task& task = k.tasks[i];
      if (task.state == TaskState::kRunnable && task.in_call() && task.files == files &&
          closes(task.call, other->fd)) {
        return TaskId{i + 1};
      }
    }
    return std::nullopt;
  }

  static bool closes(const StoredCall& call, Fd fd) {
    return call.visit([&]<class C>(const C& known) {
      if constexpr (std::is_same_v<C, CloseCall>) {
        return known.fd == fd;
      }
      return false;
    });
  }

  /// A recorder that sees a signal arrive in a call has seen the task enter that call: the signal
  /// interrupts it, and does not come before it.
  [[nodiscard]] bool must_enter_first(const Event& event) const {
    const auto* signal = std::get_if<SignalEvent>(&event.body);
    if (signal == nullptr || !knows(signal->task) || at_.call[signal->task.v] == kNoCall ||
        at_.over[signal->task.v] || !at_.kernel.kernel().exists(signal->task)) {
      return false;
    }
    const auto& end = index_.calls[at_.call[signal->task.v]].end;
    if (!end || end->kind == Completion::Kind::kDied) {
      return false;  // it kills the task, whatever that has done by then
    }
    const Task& task = at_.kernel.kernel().state().task(signal->task);
    return task.state == TaskState::kRunnable && task.in_call() &&
           task.rare().returning == nullptr &&
           std::holds_alternative<std::monostate>(task.progress);
  }

  /// What happens to tasks, not by them.
  static std::optional<std::string> post_from_outside(TwinKernel& kernel, const Event& event) {
    if (const auto* signal = std::get_if<SignalEvent>(&event.body)) {
      return kernel.post_signal(signal->task, signal->signal);
    }
    if (const auto* time = std::get_if<AdvanceEvent>(&event.body)) {
      kernel.advance(time->ns);
      return std::nullopt;
    }
    const auto& other = std::get<OtherFdEvent>(event.body);
    return kernel.post_other_fd(other.task, other.fd, other.cloexec);
  }

  Advance apply_from_outside(const Event& event) {
    if (const auto why = post_from_outside(at_.kernel, event)) {
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
      return !at_.kernel.kernel().exists(died->task);
    }
    if (std::holds_alternative<ReturnEvent>(event.body) || at_.applied) {
      const TaskId task = acting_task(event);
      return knows(task) &&
             (at_.over[task.v] || returns_before_releasing(at_.kernel.kernel(), task));
    }
    return true;  // notes and sleepers say nothing about an observed run
  }

  void step_to_next_event() {
    ++at_.event;
    at_.applied = false;
    at_.watched -= at_.watched > 0 ? 1 : 0;
  }

  /// True when the search was at this place before, and so need not go on from here. Looked at only
  /// between events.
  bool was_here() {
    if (!careful() || at_.applied || at_.event == looked_at_) {
      return false;
    }
    looked_at_ = at_.event;
    return !see(key(false));
  }

  /// True where some path was wrong: only there it pays to know positions again. The first path was
  /// not watched, so one other may go the same way in vain.
  [[nodiscard]] bool careful() const { return at_.event < careful_until_; }

  /// Remembers a position. False: it was there already.
  bool see(u64 position) {
    return seen_.size() < kMostSeen ? seen_.insert(position).second : !seen_.contains(position);
  }

  /// Runs a section, the wanted task's if it can be. False: nobody who matters can run, or a result
  /// is wrong.
  Advance run_somebody(TaskId wanted) {
    std::vector<TaskId> candidates = relevant_runnable(at_.kernel.kernel(), wanted);
    if (candidates.empty()) {
      note({.event = at_.event,
            .task = acting_task(trace_.events[at_.event]),
            .expected = "the call ends",
            .actual = "every task that could bring that about sleeps"},
           schedule_.size());
      return false;
    }
    if (candidates.size() > 1) {
      if (careful() && !see(key(true))) {
        return false;
      }
      order(candidates, wanted);
      at_.watched = kWatchedEvents;
      remember({at_, {candidates.rbegin(), candidates.rend() - 1}, schedule_.size()});
    }
    return run_section(candidates.front());
  }

  /// The likely ones first: the wanted task, then those whose calls were seen to return earlier.
  void order(std::vector<TaskId>& candidates, TaskId wanted) const {
    ranges::stable_sort(candidates, {}, [&](TaskId task) {
      if (task == wanted) {
        return u32{0};
      }
      const u32 call = knows(task) ? at_.call[task.v] : kNoCall;
      const bool ends = call != kNoCall && index_.calls[call].end;
      return ends ? index_.calls[call].end_event : kNoCall;
    });
  }

  bool run_section(TaskId task) {
    schedule_.push_back({.is_event = false, .event = 0, .task = task});
    at_.kernel.run_section(task);
    bool right = true;
    for (const TwinKernel::End& ended : at_.kernel.take_completions()) {
      right = right && accept(ended);
    }
    ++sections_;
    return right;
  }

  /// The model's end of a call against the recorded one.
  bool accept(const TwinKernel::End& ended) {
    const Completion& completion = ended.completion;
    const TaskId task = completion.task;
    if (!knows(task) || at_.call[task.v] == kNoCall || at_.over[task.v]) {
      return true;  // it died outside any call
    }
    at_.over[task.v] = true;
    const u32 call = at_.call[task.v];
    const std::optional<Completion>& end = index_.calls[call].end;
    if (completion.kind == Completion::Kind::kNotModelled) {
      at_.not_modelled += fits_any_answer(call) ? 0 : 1;
      return true;
    }
    if (!end || agrees(*end, ended)) {
      return true;
    }
    // A task that is killed before anybody saw its call's result may have done all of it.
    if (end->kind == Completion::Kind::kDied && completion.kind == Completion::Kind::kReturned) {
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
          .actual = to_text(completion)},
         schedule_.size() - 1);
    return false;
  }

  /// True when the call's recorded result is right whatever the kernel answered.
  [[nodiscard]] bool fits_any_answer(u32 call) const {
    const auto* event = std::get_if<CallEvent>(&trace_.events[index_.calls[call].begin].body);
    const std::optional<Completion>& end = index_.calls[call].end;
    return event != nullptr && end && end->kind == Completion::Kind::kReturned &&
           may_signal_what_has_ended(at_.kernel.kernel().state(), event->call, end->result);
  }

  /// Keeps the conflict if no path got further. `length`: of the schedule up to it.
  void note(const Conflict& conflict, std::size_t length) {
    if (furthest_ && conflict.event < *furthest_) {
      return;
    }
    if (!furthest_ || conflict.event > *furthest_) {
      furthest_ = conflict.event;
      answers_.clear();
    }
    const auto known = ranges::find_if(answers_, [&](const Answer& answer) {
      return answer.conflict.call == conflict.call && answer.conflict.actual == conflict.actual;
    });
    if (known != answers_.end()) {
      ++known->conflict.states;
      return;
    }
    if (answers_.size() < kMostAnswers) {
      answers_.push_back({conflict, {}});
      if (answers_.size() <= kMostStates) {
        answers_.back().schedule.assign(schedule_.begin(),
                                        schedule_.begin() + static_cast<std::ptrdiff_t>(length));
      }
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
      looked_at_ = at_.event;
      if (run_section(task)) {
        return true;
      }
    }
    return false;
  }

  /// `choice`: where tasks are chosen from; the same place between two events is another one.
  [[nodiscard]] u64 key(bool choice) const {
    Hasher hasher;
    hasher.add(choice);
    hasher.add(at_.kernel.visible_hash());
    hasher.add(at_.event);
    hasher.add(at_.applied);
    for (const bool over : at_.over) {
      hasher.add(over);
    }
    return hasher.value();
  }

  const Trace& trace_;
  const CallIndex& index_;
  const KernelProfile& profile_;
  ExplainLimits limits_;
  Position at_;
  std::vector<ScheduleEntry> schedule_;
  std::deque<Choice> choices_;
  bool choices_dropped_ = false;
  std::set<u64> seen_;       // positions that were entered before
  u32 looked_at_ = kNoCall;  // the event that was_here() last looked at on this path
  u32 careful_until_ = 0;    // the event up to which positions are remembered
  u64 sections_ = 0;
  std::optional<u32> furthest_;  // the event that the longest paths ended at
  std::vector<Answer> answers_;  // and how
};

std::expected<Explanation, MachineError> explain_as_it_is(const Trace& trace,
                                                          const KernelProfile& profile,
                                                          const ExplainLimits& limits) {
  const CallIndex index = index_calls(trace);
  Search search(trace, index, profile, limits);
  const auto verdict = search.run();
  if (!verdict) {
    return std::unexpected(verdict.error());
  }
  Explanation explanation{.verdict = *verdict, .schedule = {}, .report = {}};
  explanation.report = report_of(trace, index, profile, search.end(*verdict));
  if (*verdict == Explanation::Verdict::kExplained) {
    explanation.schedule = search.take_schedule();
  }
  return explanation;
}

}  // namespace

std::expected<Explanation, MachineError> explain(const Trace& trace, const KernelProfile& profile,
                                                 const ExplainLimits& limits) {
  auto explanation = explain_as_it_is(trace, profile, limits);
  if (!explanation || explanation->verdict != Explanation::Verdict::kRefuted) {
    return explanation;
  }
  const auto unknown = without_given_bytes(trace);
  if (!unknown) {
    return explanation;
  }
  auto again = explain_as_it_is(*unknown, profile, limits);
  if (!again || again->verdict != Explanation::Verdict::kExplained) {
    return explanation;
  }
  again->report.remarks.push_back(
      trace.name +
      ": explained only if a program stored to memory that it had given to a pipe by "
      "vmsplice(), which no trace shows");
  return again;
}

}  // namespace ipcsim
