#include "sim/replay/program_runner.hpp"

#include <deque>
#include <map>

#include <fmt/format.h>
#include <range/v3/algorithm/count.hpp>
#include <range/v3/algorithm/find.hpp>

#include "sim/replay/actions.hpp"
#include "sim/replay/compare.hpp"

namespace ipcsim {
namespace {

/// What `other` says of the task of the completion `at`: a call may return, and the task be killed
/// in the same step, and then the first is held against the first. Null: it says nothing.
const Completion* counterpart(const std::vector<Completion>& ours, std::size_t at,
                              const std::vector<Completion>& other) {
  const TaskId task = ours[at].task;
  auto earlier = ranges::count(ours.begin(), ours.begin() + static_cast<std::ptrdiff_t>(at), task,
                               &Completion::task);
  for (const Completion& completion : other) {
    if (completion.task == task && earlier-- == 0) {
      return &completion;
    }
  }
  return nullptr;
}

class ProgramRun {
 public:
  ProgramRun(const Trace& trace, std::span<Machine* const> machines, const StepObserver& observer)
      : trace_(trace), machines_(machines), observer_(observer) {}

  std::expected<Report, MachineError> run() {
    for (const Event& event : trace_.events) {
      if (!is_action(event)) {
        continue;
      }
      const TaskId task = acting_task(event);
      const bool waits = std::holds_alternative<CallEvent>(event.body) ||
                         std::holds_alternative<OtherFdEvent>(event.body);
      if (waits && (!waiting_[task].empty() || !machines_.front()->idle(task))) {
        waiting_[task].push_back(&event);
        continue;
      }
      if (auto done = run_step(event); !done) {
        return std::unexpected(done.error());
      }
      if (auto done = run_waiting(); !done || diverged_) {
        return done ? std::move(report_)
                    : std::expected<Report, MachineError>(std::unexpected(done.error()));
      }
    }
    count_left_over();
    return std::move(report_);
  }

 private:
  /// Events that waited for their task, as long as one can go.
  std::expected<void, MachineError> run_waiting() {
    for (bool progress = true; progress && !diverged_;) {
      progress = false;
      for (auto& [task, events] : waiting_) {
        if (!diverged_ && !events.empty() && machines_.front()->idle(task)) {
          const Event* event = events.front();
          events.pop_front();
          progress = true;
          if (auto done = run_step(*event); !done) {
            return done;
          }
        }
      }
    }
    return {};
  }

  std::expected<void, MachineError> run_step(const Event& event) {
    ++report_.steps;
    before_ = machines_.front()->snapshot();
    std::vector<Settled> settled;
    for (Machine* machine : machines_) {
      if (const auto why = cannot_post(*machine, event)) {
        differ(event, acting_task(event), "makes the call", *why, *machine);
        return {};
      }
      if (auto posted = post_event(*machine, event); !posted) {
        return std::unexpected(located(event, posted.error()));
      }
      auto outcome = machine->settle();
      if (!outcome) {
        return std::unexpected(located(event, outcome.error()));
      }
      settled.push_back(*std::move(outcome));
    }
    for (std::size_t m = 1; m < settled.size(); ++m) {
      compare(event, settled.front(), settled[m], *machines_[m]);
    }
    if (observer_) {
      observer_({report_.steps, &event, settled});
    }
    return {};
  }

  void compare(const Event& event, const Settled& model, const Settled& other,
               const Machine& machine) {
    for (std::size_t i = 0; i < model.completions.size(); ++i) {
      const Completion& expected = model.completions[i];
      if (expected.kind == Completion::Kind::kNotModelled) {
        ++report_.not_modelled;
        diverged_ = true;
        report_.remarks.push_back(
            fmt::format("{}: {}; the rest was not run", where(event), to_text(expected)));
        continue;
      }
      ++report_.compared;
      const Completion* actual = counterpart(model.completions, i, other.completions);
      if (actual == nullptr || !agrees(expected, *actual)) {
        differ(event, expected.task, to_text(expected),
               actual == nullptr ? "still in the call" : to_text(*actual), machine);
      }
    }
    for (const Sleeper& sleeper : model.sleepers) {
      if (ranges::find(other.sleepers, sleeper) == other.sleepers.end()) {
        differ(event, sleeper.task, fmt::format("asleep in {}", sleeper.call), "not asleep",
               machine);
      }
    }
  }

  void differ(const Event& event, TaskId task, std::string expected, std::string actual,
              const Machine& machine) {
    diverged_ = true;
    report_.differences.push_back({.where = where(event),
                                   .step = report_.steps,
                                   .task = task,
                                   .call = action_text_for(event, task),
                                   .expected = std::move(expected),
                                   .expected_by = machines_.front()->name(),
                                   .actual = std::move(actual),
                                   .actual_by = machine.name(),
                                   .state_before = before_ ? to_text(*before_) : std::string{}});
  }

  void count_left_over() {
    u64 left = 0;
    for (const auto& [task, events] : waiting_) {
      left += events.size();
    }
    if (left > 0) {
      report_.remarks.push_back(fmt::format(
          "{}: {} calls were not made: their task sleeps, or was never made", trace_.name, left));
    }
  }

  [[nodiscard]] std::string where(const Event& event) const {
    return fmt::format("{}:{}", trace_.name, event.line);
  }

  [[nodiscard]] MachineError located(const Event& event, MachineError error) const {
    error.message = fmt::format("{}: {}", where(event), error.message);
    return error;
  }

  const Trace& trace_;
  std::span<Machine* const> machines_;
  const StepObserver& observer_;
  Report report_;
  std::optional<Snapshot> before_;
  std::map<TaskId, std::deque<const Event*>> waiting_;  // calls whose task is busy or not there yet
  bool diverged_ = false;  // the machines went apart: what follows means nothing
};

}  // namespace

std::expected<Report, MachineError> run_program(const Trace& trace,
                                                std::span<Machine* const> machines,
                                                const StepObserver& observer) {
  return ProgramRun(trace, machines, observer).run();
}

}  // namespace ipcsim
