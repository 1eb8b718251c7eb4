#include "sim/replay/settled_runner.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>
#include <range/v3/algorithm/any_of.hpp>
#include <range/v3/algorithm/find.hpp>
#include <range/v3/algorithm/find_if.hpp>

#include "sim/replay/actions.hpp"
#include "sim/replay/compare.hpp"
#include "sim/replay/object_states.hpp"
#include "sim/replay/settled_steps.hpp"

namespace ipcsim {
namespace {

/// The `nth` end of `task` in a step, from 0: a call that returned, and then perhaps its death.
const Completion* find_completion(const Settled& settled, TaskId task, u32 nth = 0) {
  for (const Completion& completion : settled.completions) {
    if (completion.task == task && nth-- == 0) {
      return &completion;
    }
  }
  return nullptr;
}

/// What there is in place of the `nth` end of a task.
std::string no_end(u32 nth) { return nth == 0 ? "still in the call" : "goes on"; }

/// Counts the ends of each task in a step.
using EndCounts = std::map<TaskId, u32>;

std::vector<TaskId> order_of(const Settled& settled) {
  std::vector<TaskId> order;
  for (const Completion& completion : settled.completions) {
    order.push_back(completion.task);
  }
  return order;
}

std::string order_text(const std::vector<TaskId>& order) {
  std::string text;
  for (const TaskId task : order) {
    text += fmt::format("{}task {}", text.empty() ? "" : ", then ", task.v);
  }
  return text;
}

/// What the handlers of one task saw, in order, as text.
std::string handled_text(const std::vector<HandledSignal>& handled, TaskId task) {
  std::string text;
  for (const HandledSignal& one : handled) {
    if (one.task == task) {
      text += (text.empty() ? "handles " : ", ") + to_text(one.info);
    }
  }
  return text.empty() ? "handles no signal" : text;
}

/// The handlers of one task that `a` and `b` have, in order, agree.
bool same_handled(const std::vector<HandledSignal>& a, const std::vector<HandledSignal>& b,
                  TaskId task) {
  const auto mine = [task](const HandledSignal& one) { return one.task == task; };
  auto at_a = ranges::find_if(a, mine);
  auto at_b = ranges::find_if(b, mine);
  while (at_a != a.end() && at_b != b.end() && agrees(at_a->info, at_b->info)) {
    at_a = std::find_if(std::next(at_a), a.end(), mine);
    at_b = std::find_if(std::next(at_b), b.end(), mine);
  }
  return at_a == a.end() && at_b == b.end();
}

/// True when the trace says which handlers ran.
bool records_handled(const Trace& trace) {
  return ranges::any_of(trace.events, [](const Event& event) {
    return std::holds_alternative<HandledEvent>(event.body);
  });
}

/// Runs one trace and keeps the account.
class SettledRun {
 public:
  SettledRun(const Trace& trace, std::span<Machine* const> machines, const StepObserver& observer)
      : trace_(trace),
        machines_(machines),
        observer_(observer),
        pages_(machines.size()),
        records_handled_(records_handled(trace)) {}

  std::expected<Report, MachineError> run() {
    for (const SettledStep& step : cut_into_steps(trace_)) {
      ++report_.steps;
      blamed_.clear();
      const bool on = can_go_on(step);
      if (!on) {
        break;
      }
      if (auto done = run_step(step); !done) {
        return std::unexpected(done.error());
      }
    }
    return std::move(report_);
  }

 private:
  /// False, with a difference, when a machine cannot take the step: the trace went another way.
  bool can_go_on(const SettledStep& step) {
    for (Machine* machine : machines_) {
      if (const auto why = cannot_post(*machine, *step.event)) {
        differ(step, acting_task(*step.event), "the call is made", "recorded", *why,
               machine->name());
        return false;
      }
    }
    return true;
  }

  std::expected<void, MachineError> run_step(const SettledStep& step) {
    before_ = machines_.front()->snapshot();
    std::vector<Settled> settled;
    for (Machine* machine : machines_) {
      if (auto posted = post_event(*machine, *step.event); !posted) {
        return std::unexpected(located(step, posted.error()));
      }
      auto outcome = machine->settle();
      if (!outcome) {
        return std::unexpected(located(step, outcome.error()));
      }
      settled.push_back(*std::move(outcome));
    }
    compare_step(step, settled);
    for (std::size_t m = 0; m < machines_.size(); ++m) {
      for (const Event* event : step.states) {
        compare_object(step, *event, m);
      }
    }
    if (observer_) {
      observer_({report_.steps, step.event, settled});
    }
    return {};
  }

  void compare_step(const SettledStep& step, const std::vector<Settled>& settled) {
    for (std::size_t m = 0; m < settled.size(); ++m) {
      compare_with_record(step, settled[m], *machines_[m], m == 0);
    }
    for (std::size_t m = 1; m < settled.size(); ++m) {
      compare_machines(step, settled.front(), settled[m], *machines_[m]);
    }
  }

  void compare_with_record(const SettledStep& step, const Settled& settled, const Machine& machine,
                           bool counts) {
    std::vector<TaskId> order;
    EndCounts ends;
    for (const ExpectedCompletion& expected : step.completions) {
      const TaskId task = expected.completion.task;
      const u32 nth = ends[task]++;
      const Completion* actual = find_completion(settled, task, nth);
      asserted_asleep_.erase(task);
      if (actual != nullptr && actual->kind == Completion::Kind::kNotModelled) {
        report_.not_modelled += counts ? 1 : 0;
        continue;
      }
      report_.compared += counts ? 1 : 0;
      if (actual == nullptr) {
        differ(step, task, to_text(expected.completion), "recorded", no_end(nth), machine.name());
      } else if (!agrees(expected.completion, *actual)) {
        differ(step, task, to_text(expected.completion), "recorded", to_text(*actual),
               machine.name());
      } else {
        order.push_back(task);
      }
    }
    compare_order(step, settled, machine, order);
    compare_sleepers(step, settled, machine, counts);
    find_unexpected(step, settled, machine, counts);
    if (records_handled_) {
      report_.compared += counts ? step.handled.size() : 0;
      compare_handled(step, step.handled, "recorded", settled.handled, machine);
    }
  }

  /// The handlers that ran, task by task.
  void compare_handled(const SettledStep& step, const std::vector<HandledSignal>& expected,
                       const std::string& expected_by, const std::vector<HandledSignal>& actual,
                       const Machine& machine) {
    for (const auto* list : {&expected, &actual}) {
      for (const HandledSignal& one : *list) {
        if (!same_handled(expected, actual, one.task)) {
          differ(step, one.task, handled_text(expected, one.task), expected_by,
                 handled_text(actual, one.task), machine.name());
        }
      }
    }
  }

  /// The recorded order of the calls that ended as recorded.
  void compare_order(const SettledStep& step, const Settled& settled, const Machine& machine,
                     const std::vector<TaskId>& recorded) {
    if (!machine.ordered()) {
      return;
    }
    std::vector<TaskId> actual;
    for (const Completion& completion : settled.completions) {
      if (ranges::find(recorded, completion.task) != recorded.end()) {
        actual.push_back(completion.task);
      }
    }
    if (actual != recorded) {
      differ(step, acting_task(*step.event), "calls end in the order " + order_text(recorded),
             "recorded", order_text(actual), machine.name());
    }
  }

  void compare_sleepers(const SettledStep& step, const Settled& settled, const Machine& machine,
                        bool counts) {
    for (const ExpectedSleeper& expected : step.sleepers) {
      report_.compared += counts ? 1 : 0;
      asserted_asleep_.insert(expected.sleeper.task);
      if (ranges::find(settled.sleepers, expected.sleeper) == settled.sleepers.end()) {
        const Completion* completion = find_completion(settled, expected.sleeper.task);
        differ(step, expected.sleeper.task, fmt::format("asleep in {}", expected.sleeper.call),
               "recorded", completion != nullptr ? to_text(*completion) : "in no call",
               machine.name());
      }
    }
  }

  /// Calls that ended although the trace has them asleep, or returning later.
  void find_unexpected(const SettledStep& step, const Settled& settled, const Machine& machine,
                       bool counts) {
    for (const Completion& completion : settled.completions) {
      const bool expected =
          ranges::find(step.completions, completion.task, [](const ExpectedCompletion& e) {
            return e.completion.task;
          }) != step.completions.end();
      if (expected) {
        continue;
      }
      if (completion.kind == Completion::Kind::kNotModelled) {
        report_.not_modelled += counts ? 1 : 0;
      } else if (asserted_asleep_.contains(completion.task) ||
                 returns_later(step, completion.task)) {
        differ(step, completion.task, "still in the call", "recorded", to_text(completion),
               machine.name());
      }
    }
  }

  /// True when a later event says how the call that `task` is in ended.
  [[nodiscard]] bool returns_later(const SettledStep& step, TaskId task) const {
    const auto index = static_cast<std::size_t>(step.event - trace_.events.data()) + 1;
    for (std::size_t i = index; i < trace_.events.size(); ++i) {
      const Event& event = trace_.events[i];
      const bool of_its_call = !std::holds_alternative<SignalEvent>(event.body) &&
                               !std::holds_alternative<HandledEvent>(event.body);
      if (acting_task(event) == task && of_its_call) {
        return std::holds_alternative<ReturnEvent>(event.body) ||
               std::holds_alternative<DiedEvent>(event.body);
      }
    }
    return false;
  }

  void compare_machines(const SettledStep& step, const Settled& model, const Settled& other,
                        const Machine& machine) {
    EndCounts ends;
    for (const Completion& expected : model.completions) {
      const u32 nth = ends[expected.task]++;
      if (expected.kind == Completion::Kind::kNotModelled) {
        continue;
      }
      const Completion* actual = find_completion(other, expected.task, nth);
      if (actual == nullptr || !agrees(expected, *actual)) {
        differ(step, expected.task, to_text(expected), machines_.front()->name(),
               actual == nullptr ? no_end(nth) : to_text(*actual), machine.name());
      }
    }
    EndCounts other_ends;
    for (const Completion& actual : other.completions) {
      const u32 nth = other_ends[actual.task]++;
      if (find_completion(model, actual.task, nth) == nullptr) {
        differ(step, actual.task, no_end(nth), machines_.front()->name(), to_text(actual),
               machine.name());
      }
    }
    if (machine.ordered() && blamed_.empty() && order_of(model) != order_of(other)) {
      differ(step, acting_task(*step.event),
             "calls end in the order " + order_text(order_of(model)), machines_.front()->name(),
             order_text(order_of(other)), machine.name());
    }
    compare_handled(step, model.handled, machines_.front()->name(), other.handled, machine);
    for (const Sleeper& sleeper : other.sleepers) {
      if (ranges::find(model.sleepers, sleeper) == model.sleepers.end()) {
        differ(step, sleeper.task, fmt::format("not asleep in {}", sleeper.call),
               machines_.front()->name(), "asleep", machine.name());
      }
    }
  }

  /// A recorded state against a machine's object, where the machine can see it.
  void compare_object(const SettledStep& step, const Event& event, std::size_t m) {
    const auto& state = std::get<StateEvent>(event.body);
    if (std::holds_alternative<std::monostate>(state.object)) {
      return;
    }
    Machine& machine = *machines_[m];
    std::optional<ObjectSnapshot> object;
    if (machine.exists(state.holder)) {
      object = machine.object_of(state.holder, state.fd);
      if (!object) {
        return;
      }
    }
    report_.compared += m == 0 ? 1 : 0;
    std::optional<StateMismatch> mismatch =
        object ? compare_object_state(state.object, *object, pages_[m])
               : StateMismatch{fmt::format("task {} is there", state.holder.v), "the task is gone"};
    if (mismatch) {
      report_.differences.push_back({.where = fmt::format("{}:{}", trace_.name, event.line),
                                     .step = report_.steps,
                                     .task = state.holder,
                                     .call = fmt::format("descriptor {} {}", state.fd.v,
                                                         action_text_for(*step.event, kNoTask)),
                                     .expected = std::move(mismatch->expected),
                                     .expected_by = "recorded",
                                     .actual = std::move(mismatch->actual),
                                     .actual_by = machine.name(),
                                     .state_before = before_ ? to_text(*before_) : std::string{}});
    }
  }

  /// Records a difference, one a task and step.
  void differ(const SettledStep& step, TaskId task, std::string expected, std::string expected_by,
              std::string actual, std::string actual_by) {
    if (!blamed_.insert(task).second) {
      return;
    }
    report_.differences.push_back({.where = where(step),
                                   .step = report_.steps,
                                   .task = task,
                                   .call = action_text_for(*step.event, task),
                                   .expected = std::move(expected),
                                   .expected_by = std::move(expected_by),
                                   .actual = std::move(actual),
                                   .actual_by = std::move(actual_by),
                                   .state_before = before_ ? to_text(*before_) : std::string{}});
  }

  [[nodiscard]] std::string where(const SettledStep& step) const {
    return fmt::format("{}:{}", trace_.name, step.event->line);
  }

  [[nodiscard]] MachineError located(const SettledStep& step, MachineError error) const {
    error.message = fmt::format("{}: {}", where(step), error.message);
    return error;
  }

  const Trace& trace_;
  std::span<Machine* const> machines_;
  const StepObserver& observer_;
  std::vector<PageNumbers> pages_;  // by machine
  bool records_handled_;
  Report report_;
  std::optional<Snapshot> before_;    // the first machine's objects before the step
  std::set<TaskId> blamed_;           // tasks with a difference in this step
  std::set<TaskId> asserted_asleep_;  // tasks that the trace has asleep
};

}  // namespace

std::expected<Report, MachineError> run_settled(const Trace& trace,
                                                std::span<Machine* const> machines,
                                                const StepObserver& observer) {
  return SettledRun(trace, machines, observer).run();
}

}  // namespace ipcsim
