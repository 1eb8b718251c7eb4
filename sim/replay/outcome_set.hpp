// All that a system can come to when several of its tasks may run.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <vector>

#include "sim/kernel/kernel.hpp"
#include "sim/replay/machine.hpp"

namespace ipcsim {

/// How far the exploration of one step may go before it is given up.
struct OutcomeLimits {
  u64 sections = 2'000'000;  ///< lock-held sections run
  u64 kernels = 20'000;      ///< kernels kept at one time
};

/// One of the things that a step can come to.
struct Outcome {
  Kernel kernel;
  std::map<TaskId, Completion> completions;
  std::vector<HandledSignal> handled;

  /// "task 2 = 1 "x"; asleep: task 3 in poll": what a trace can see of it.
  [[nodiscard]] std::string text() const;
};

/// The kernels that a run may have come to so far. Each step is run from every one of them in every
/// order of the runnable tasks' lock-held sections; then those are dropped whose outcome was not
/// what happened.
class OutcomeSet {
 public:
  OutcomeSet(Kernel start, const OutcomeLimits& limits) : limits_(limits) {
    outcomes_.push_back({.kernel = std::move(start), .completions = {}, .handled = {}});
  }

  /// The kernels as they are, one for each outcome of the last step.
  [[nodiscard]] const std::vector<Outcome>& outcomes() const { return outcomes_; }
  /// Does `act` to every kernel; drops those that it is false for. False: none is left.
  bool act(auto&& act) {
    std::erase_if(outcomes_, [&](Outcome& outcome) { return !act(outcome.kernel); });
    return !outcomes_.empty();
  }
  /// Runs every kernel until everything sleeps or is idle, in every order. False: given up.
  [[nodiscard]] bool settle();
  /// Keeps the outcomes that `wanted` is true for, unless that is none of them. False: none is.
  bool keep(auto&& wanted) {
    std::vector<Outcome> kept;
    for (const Outcome& outcome : outcomes_) {
      if (wanted(outcome)) {
        kept.push_back(outcome);
      }
    }
    const bool any = !kept.empty();
    if (any) {
      outcomes_ = std::move(kept);
    }
    return any;
  }

 private:
  OutcomeLimits limits_;
  std::vector<Outcome> outcomes_;
};

}  // namespace ipcsim
