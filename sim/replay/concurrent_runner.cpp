#include "sim/replay/concurrent_runner.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <range/v3/algorithm/any_of.hpp>
#include <range/v3/algorithm/find.hpp>

#include "sim/replay/actions.hpp"
#include "sim/replay/compare.hpp"
#include "sim/replay/object_comparison.hpp"
#include "sim/replay/settled_steps.hpp"

namespace ipcsim {
namespace {

constexpr std::size_t kShownOutcomes = 12;

std::vector<SignalInfo> handled_by(const std::vector<HandledSignal>& all, TaskId task) {
  std::vector<SignalInfo> list;
  for (const HandledSignal& one : all) {
    if (one.task == task) {
      list.push_back(one.info);
    }
  }
  return list;
}

/// True when every task's handlers saw what is expected, in order.
bool handled_agree(const std::vector<HandledSignal>& expected,
                   const std::vector<HandledSignal>& actual) {
  for (const auto* side : {&expected, &actual}) {
    for (const HandledSignal& one : *side) {
      const auto a = handled_by(expected, one.task);
      const auto b = handled_by(actual, one.task);
      if (!std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const SignalInfo& x, const SignalInfo& y) { return agrees(x, y); })) {
        return false;
      }
    }
  }
  return true;
}

/// What happened in a step, from the trace or from a machine.
struct Happened {
  std::vector<Completion> completions;
  std::vector<Sleeper> sleepers;
  std::vector<HandledSignal> handled;
};

bool is_outcome(const Happened& happened, const Outcome& outcome, bool compare_handled) {
  for (const Completion& expected : happened.completions) {
    const auto actual = outcome.completions.find(expected.task);
    if (actual == outcome.completions.end() ||
        (actual->second.kind != Completion::Kind::kNotModelled &&
         !agrees(expected, actual->second))) {
      return false;
    }
  }
  const std::vector<Sleeper> asleep = outcome.kernel.sleepers();
  for (const Sleeper& expected : happened.sleepers) {
    if (ranges::find(asleep, expected) == asleep.end()) {
      return false;
    }
  }
  for (const auto& [task, completion] : outcome.completions) {
    if (completion.kind != Completion::Kind::kNotModelled &&
        !ranges::any_of(happened.completions,
                        [&](const Completion& c) { return c.task == completion.task; })) {
      return false;
    }
  }
  return !compare_handled || handled_agree(happened.handled, outcome.handled);
}

std::string text_of(const Happened& happened) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  for (const Completion& completion : happened.completions) {
    add(fmt::format("task {} = {}", completion.task.v, to_text(completion)));
  }
  for (const HandledSignal& one : happened.handled) {
    add(fmt::format("task {} handles {}", one.task.v, to_text(one.info)));
  }
  for (const Sleeper& sleeper : happened.sleepers) {
    add(fmt::format("task {} asleep in {}", sleeper.task.v, sleeper.call));
  }
  return text.empty() ? "nothing ends" : text;
}

class ConcurrentRun {
 public:
  ConcurrentRun(const Trace& trace, const KernelProfile& profile, const ConcurrentOptions& options)
      : trace_(trace), options_(options), model_name_(fmt::format("model {}", profile.name)) {
    const Kernel start(trace.header.environment, profile, Contents::kKept);
    recorded_.emplace(start, options.limits);
    if (options.machine != nullptr) {
      machine_.emplace(start, options.limits);
    }
    records_handled_ = ranges::any_of(trace.events, [](const Event& event) {
      return std::holds_alternative<HandledEvent>(event.body);
    });
  }

  std::expected<Report, MachineError> run() {
    for (const ConcurrentStep& step : cut_into_concurrent_steps(trace_)) {
      report_.steps += step.actions.size();
      if (options_.record && !run_recorded(step)) {
        break;
      }
      if (options_.machine != nullptr) {
        auto went_on = run_machine(step);
        if (!went_on) {
          return std::unexpected(went_on.error());
        }
        if (!*went_on) {
          break;
        }
      }
    }
    return std::move(report_);
  }

 private:
  /// False when the rest cannot be judged.
  bool run_recorded(const ConcurrentStep& step) {
    Happened happened{.handled = step.handled};
    for (const ExpectedCompletion& expected : step.completions) {
      happened.completions.push_back(expected.completion);
    }
    for (const ExpectedSleeper& expected : step.sleepers) {
      happened.sleepers.push_back(expected.sleeper);
    }
    report_.compared +=
        happened.completions.size() + happened.sleepers.size() + happened.handled.size();
    return judge(step, *recorded_, happened, "recorded", records_handled_);
  }

  std::expected<bool, MachineError> run_machine(const ConcurrentStep& step) {
    Machine& machine = *options_.machine;
    for (const Event* event : step.actions) {
      if (const auto why = cannot_post(machine, *event)) {
        report_.remarks.push_back(fmt::format(
            "{}: {} went another way that is possible too: {}; the rest was not run on it",
            where(step), machine.name(), *why));
        options_.machine = nullptr;
        return true;
      }
      if (auto posted = post_event(machine, *event); !posted) {
        return std::unexpected(located(step, posted.error()));
      }
    }
    auto settled = machine.settle();
    if (!settled) {
      return std::unexpected(located(step, settled.error()));
    }
    if (!options_.record) {
      report_.compared += settled->completions.size();
    }
    const Happened happened{std::move(settled->completions), std::move(settled->sleepers),
                            std::move(settled->handled)};
    if (!judge(step, *machine_, happened, machine.name(), true)) {
      return false;
    }
    return options_.states ? judge_states(step, machine) : std::expected<bool, MachineError>{true};
  }

  /// Keeps the kernels whose objects are the machine's. From one step to the next a page may have
  /// become any other here, for each kernel names its own.
  std::expected<bool, MachineError> judge_states(const ConcurrentStep& step, Machine& machine) {
    std::optional<MachineError> failure;
    std::optional<Difference> first;
    u64 states = 0;
    const bool any = machine_->keep([&](const Outcome& outcome) {
      const std::vector<LiveObject> objects = live_objects(outcome.kernel.state());
      auto found = machine.find_objects(objects);
      if (!found || found->size() != objects.size()) {
        failure = found ? failure : std::optional{std::move(found.error())};
        return found.has_value();
      }
      ObjectComparison comparison(model_name_, machine.name());
      auto difference = comparison.compare(objects, *std::move(found));
      states = std::max(states, comparison.states());
      const bool same = !difference;
      if (!first) {
        first = std::move(difference);
      }
      return same;
    });
    if (failure) {
      return std::unexpected(located(step, *std::move(failure)));
    }
    report_.states += states;
    if (!any) {
      first->where = where(step);
      first->step = report_.steps;
      first->task = acting_task(*step.actions.front());
      first->call = call_text(step);
      report_.differences.push_back(*std::move(first));
    }
    return any;
  }

  bool judge(const ConcurrentStep& step, OutcomeSet& set, const Happened& happened,
             const std::string& by, bool compare_handled) {
    const std::string before = to_text(set.outcomes().front().kernel.snapshot());
    const bool posted = set.act([&](Kernel& kernel) { return post(step, kernel); });
    if (!posted) {
      differ(step, "the calls are made", by, "a task is still in its call, or gone", before);
      return false;
    }
    if (!set.settle()) {
      ++report_.undecided;
      report_.remarks.push_back(fmt::format("{}: undecided: too many outcomes", where(step)));
      return false;
    }
    count_not_modelled(set);
    if (set.keep([&](const Outcome& o) { return is_outcome(happened, o, compare_handled); })) {
      return true;
    }
    differ(step, text_of(happened), by, outcomes_text(set), before);
    return false;
  }

  static bool post(const ConcurrentStep& step, Kernel& kernel) {
    for (const Event* event : step.actions) {
      if (const auto* call = std::get_if<CallEvent>(&event->body)) {
        if (!kernel.idle(call->task)) {
          return false;
        }
        kernel.post(call->task, call->call);
      } else if (const auto* signal = std::get_if<SignalEvent>(&event->body)) {
        static_cast<void>(kernel.post_signal(signal->task, signal->signal));
      } else if (const auto* time = std::get_if<AdvanceEvent>(&event->body)) {
        kernel.advance(time->ns);
      } else if (const auto* other = std::get_if<OtherFdEvent>(&event->body)) {
        static_cast<void>(kernel.post_other_fd(other->task, other->fd, other->cloexec));
      }
    }
    return true;
  }

  void count_not_modelled(const OutcomeSet& set) {
    for (const auto& [task, completion] : set.outcomes().front().completions) {
      report_.not_modelled += completion.kind == Completion::Kind::kNotModelled ? 1 : 0;
    }
  }

  static std::string outcomes_text(const OutcomeSet& set) {
    std::vector<std::string> texts;
    for (const Outcome& outcome : set.outcomes()) {
      const std::string text = outcome.text();
      if (ranges::find(texts, text) == texts.end()) {
        texts.push_back(text);
      }
    }
    std::string all = fmt::format("one of {} outcomes", texts.size());
    for (std::size_t i = 0; i < texts.size() && i < kShownOutcomes; ++i) {
      all += fmt::format("{} ({}) {}", i == 0 ? ":" : ",", i + 1, texts[i]);
    }
    return all;
  }

  static std::string call_text(const ConcurrentStep& step) {
    std::string text;
    for (const Event* event : step.actions) {
      text += (text.empty() ? "" : " while ") + action_text(*event);
    }
    return text;
  }

  void differ(const ConcurrentStep& step, std::string expected, const std::string& by,
              std::string actual, std::string before) {
    report_.differences.push_back({.where = where(step),
                                   .step = report_.steps,
                                   .task = acting_task(*step.actions.front()),
                                   .call = call_text(step),
                                   .expected = std::move(expected),
                                   .expected_by = by,
                                   .actual = std::move(actual),
                                   .actual_by = model_name_,
                                   .state_before = std::move(before)});
  }

  [[nodiscard]] std::string where(const ConcurrentStep& step) const {
    return fmt::format("{}:{}", trace_.name, step.actions.front()->line);
  }
  [[nodiscard]] MachineError located(const ConcurrentStep& step, MachineError error) const {
    error.message = fmt::format("{}: {}", where(step), error.message);
    return error;
  }

  const Trace& trace_;
  ConcurrentOptions options_;
  std::string model_name_;
  std::optional<OutcomeSet> recorded_;  // what the record leaves possible
  std::optional<OutcomeSet> machine_;   // what the machine's results leave possible
  bool records_handled_ = false;
  Report report_;
};

}  // namespace

std::expected<Report, MachineError> run_concurrent(const Trace& trace, const KernelProfile& profile,
                                                   const ConcurrentOptions& options) {
  return ConcurrentRun(trace, profile, options).run();
}

}  // namespace ipcsim
