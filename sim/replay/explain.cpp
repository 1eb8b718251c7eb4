#include "sim/replay/explain.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include <range/v3/algorithm/stable_sort.hpp>

#include "sim/replay/actions.hpp"
#include "sim/replay/call_index.hpp"
#include "sim/replay/compare.hpp"
#include "sim/replay/explain_report.hpp"
#include "sim/replay/footprint.hpp"
#include "sim/replay/given_memory.hpp"
#include "sim/replay/read_ahead.hpp"
#include "sim/replay/recorder_view.hpp"
#include "sim/replay/refuted_paths.hpp"
#include "sim/replay/search_position.hpp"
#include "sim/replay/twin_kernel.hpp"

namespace ipcsim {
namespace {

/// Events after a choice at which the search looks whether it was there before: paths that chose
/// otherwise come together soon, or never.
constexpr u32 kWatchedEvents = 64;
/// Positions that are remembered at most; more are only searched again.
constexpr std::size_t kMostSeen = 4'000'000;
/// What decides between writers whose order shows only where it is read.
enum class Writers : u8 {
  kAny,         ///< nothing: each is tried
  kLikelyOnly,  ///< the search guesses in vain: it asks what is read, and tries no others
};

/// A place where several tasks could have run next.
struct Choice {
  SearchPosition position;
  std::vector<TaskId> untried;
  std::size_t schedule_size = 0;
};

class Search {
 public:
  Search(const Trace& trace, const CallIndex& index, const KernelProfile& profile,
         const ExplainLimits& limits, const ReadAhead& ahead, Writers writers, bool patient)
      : trace_(trace),
        index_(index),
        profile_(profile),
        limits_(limits),
        ahead_(ahead),
        writers_(writers),
        patient_(patient),
        at_{.kernel = initial_kernel()} {}

  std::expected<Explanation::Verdict, MachineError> run() {
    while (at_.event < trace_.events.size()) {
      if (sections_ > limits_.sections || (!patient_ && guesses_in_vain())) {
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
                  .reached = explained ? at_.event : wrong_.furthest().value_or(at_.event),
                  .sections = sections_,
                  .not_modelled = at_.not_modelled,
                  .answers = {}};
    if (!explained) {
      end.answers = wrong_.conflicts(trace_, initial_kernel());
    }
    return end;
  }

 private:
  /// True when more and more choices are taken back.
  [[nodiscard]] bool guesses_in_vain() const {
    const u64 few = writers_ == Writers::kAny ? 3'000 : 50'000;
    return taken_back_ > few && taken_back_ > sections_ / 4;
  }

  using Advance = std::expected<bool, MachineError>;

  [[nodiscard]] TwinKernel initial_kernel() const {
    return {trace_.header.environment, profile_, index_.cut_contents};
  }

  /// One event or one section. False: this path is wrong.
  Advance advance() {
    const Event& event = trace_.events[at_.event];
    if (must_enter_first(at_, index_, event)) {
      return run_somebody(acting_task(event));
    }
    if (is_action(event) && !at_.applied) {
      return apply(event);
    }
    if (is_over(at_, event)) {
      at_.step_to_next_event();
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
    if (const auto closer = closer_before(at_, event)) {
      return run_somebody(*closer);
    }
    schedule_.push_back({.is_event = true, .event = at_.event, .task = task});
    if (call == nullptr) {
      return apply_from_outside(event);
    }
    at_.enter(task, index_.of_event[at_.event]);
    at_.kernel.post(task, call->call);
    at_.applied = call->result.has_value();
    if (!at_.applied) {
      at_.step_to_next_event();
    }
    return true;
  }

  Advance apply_from_outside(const Event& event) {
    if (const auto why = post_from_outside(at_.kernel, event)) {
      return std::unexpected(MachineError{.unsupported = true,
                                          .message = where_text(trace_, at_.event) + ": " + *why});
    }
    at_.step_to_next_event();
    return true;
  }

  /// True when the search was at this place before, and so need not go on from here. Looked at only
  /// between events.
  bool was_here() {
    if (!careful() || at_.applied || at_.event == looked_at_) {
      return false;
    }
    looked_at_ = at_.event;
    return !see(at_.key(false));
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
    if (writers_ == Writers::kLikelyOnly) {
      std::erase_if(candidates, [&](TaskId task) { return !ahead_.may_write_next(at_, task); });
    }
    if (candidates.empty()) {
      wrong_.note({.event = at_.event,
                   .task = acting_task(trace_.events[at_.event]),
                   .expected = "the call ends",
                   .actual = "every task that could bring that about sleeps"},
                  schedule_);
      return false;
    }
    if (candidates.size() > 1) {
      if (careful() && !see(at_.key(true))) {
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
      const u32 call = at_.knows(task) ? at_.call[task.v] : kNoCall;
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
    if (!at_.knows(task) || at_.call[task.v] == kNoCall || at_.over[task.v]) {
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
    wrong_.note({.event = at_.event,
                 .call = call,
                 .task = task,
                 .expected = to_text(*end),
                 .actual = to_text(completion)},
                std::span(schedule_).first(schedule_.size() - 1));
    return false;
  }

  /// True when the call's recorded result is right whatever the kernel answered.
  [[nodiscard]] bool fits_any_answer(u32 call) const {
    const auto* event = std::get_if<CallEvent>(&trace_.events[index_.calls[call].begin].body);
    const std::optional<Completion>& end = index_.calls[call].end;
    return event != nullptr && end && end->kind == Completion::Kind::kReturned &&
           may_signal_what_has_ended(at_.kernel.kernel().state(), event->call, end->result);
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
      ++taken_back_;
      if (run_section(task)) {
        return true;
      }
    }
    return false;
  }

  const Trace& trace_;
  const CallIndex& index_;
  const KernelProfile& profile_;
  ExplainLimits limits_;
  const ReadAhead& ahead_;
  Writers writers_;
  bool patient_;
  u64 taken_back_ = 0;
  SearchPosition at_;
  std::vector<ScheduleEntry> schedule_;
  std::deque<Choice> choices_;
  bool choices_dropped_ = false;
  std::set<u64> seen_;       // positions that were entered before
  u32 looked_at_ = kNoCall;  // the event that was_here() last looked at on this path
  u32 careful_until_ = 0;    // the event up to which positions are remembered
  u64 sections_ = 0;
  RefutedPaths wrong_;
};

std::expected<Explanation, MachineError> explain_as_it_is(const Trace& trace,
                                                          const KernelProfile& profile,
                                                          const ExplainLimits& limits) {
  const CallIndex index = index_calls(trace);
  const ReadAhead ahead(trace, index);
  std::optional<Search> search;
  const auto run = [&](Writers writers, bool patient) {
    return search.emplace(trace, index, profile, limits, ahead, writers, patient).run();
  };
  auto verdict = run(Writers::kAny, false);
  if (verdict == Explanation::Verdict::kUndecided) {
    verdict = run(Writers::kLikelyOnly, false);
    if (verdict && *verdict != Explanation::Verdict::kExplained) {
      verdict = run(Writers::kAny, true);
    }
  }
  if (!verdict) {
    return std::unexpected(verdict.error());
  }
  Explanation explanation{.verdict = *verdict, .schedule = {}, .report = {}};
  explanation.report = report_of(trace, index, profile, search->end(*verdict));
  if (*verdict == Explanation::Verdict::kExplained) {
    explanation.schedule = search->take_schedule();
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
