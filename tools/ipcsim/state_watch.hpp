// Compares the kernel's structures after each step of a run, and says what it costs.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <vector>

#include "sim/replay/state_comparison.hpp"
#include "tools/ipcsim/command.hpp"

namespace ipcsim {

/// What steps took, over several runs.
struct StepTimes {
  std::vector<std::chrono::nanoseconds> steps;  ///< from the end of one step to that of the next
  std::vector<std::chrono::nanoseconds> states;

  void add(const StepTimes& others);
};

/// `times` in the words of a report.
[[nodiscard]] StateFigures figures_of(StepTimes times);
/// The line that says it.
[[nodiscard]] std::string to_text(const StateFigures& figures, const Report& report);

/// One run.
class StateWatch {
 public:
  /// `times` get what this run's steps take. All four outlive this.
  StateWatch(const Trace& trace, Machine& model, Machine& kernel, StepTimes& times)
      : comparison_(trace, model, kernel), times_(times) {}

  /// To be called after each step. It refers to this.
  [[nodiscard]] StepObserver observer();
  /// Adds what was found to the report of the run. Errors: the kernel could not be read.
  [[nodiscard]] std::expected<void, MachineError> add_to(Report& report) const;

 private:
  using Clock = std::chrono::steady_clock;
  StateComparison comparison_;
  StepTimes& times_;
  Clock::time_point last_end_;
  bool first_ = true;
};

/// `run` with an observer that compares states, whose findings are added to the report. Without
/// `times` states are not compared.
template <class F>
std::expected<Report, MachineError> with_states(const Trace& trace, Machine& model, Machine& host,
                                                StepTimes* times, F&& run) {
  if (times == nullptr) {
    return run(StepObserver{});
  }
  StateWatch watch(trace, model, host, *times);
  std::expected<Report, MachineError> report = run(watch.observer());
  if (report) {
    if (auto added = watch.add_to(*report); !added) {
      return std::unexpected(added.error());
    }
  }
  return report;
}

}  // namespace ipcsim
