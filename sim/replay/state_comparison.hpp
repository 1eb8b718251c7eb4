// All objects of a machine against the model's after every step.
#pragma once

#include <optional>
#include <vector>

#include "sim/kernel/live_object.hpp"
#include "sim/replay/machine.hpp"
#include "sim/replay/object_comparison.hpp"
#include "sim/replay/report.hpp"
#include "sim/replay/settled_runner.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// Compares after each step; after the first difference the two have gone apart, and nothing more
/// is compared.
class StateComparison {
 public:
  /// `model` tells which objects there are, and `other` is asked for them. All three outlive this.
  StateComparison(const Trace& trace, Machine& model, Machine& other)
      : trace_(trace), model_(model), other_(other), objects_(model.name(), other.name()) {}

  /// Compares what is now. To be called after every step, as a StepObserver.
  void observe(const StepView& view);
  /// Compares what is now: the difference in the words of a report, without where it was, or
  /// nothing. Errors: `other` cannot be asked.
  [[nodiscard]] std::expected<std::optional<Difference>, MachineError> compare();

  /// The differences found, and how much was compared.
  [[nodiscard]] Report report() const;
  /// Why comparing came to an end before the trace did, if `other` could not be asked.
  [[nodiscard]] const std::optional<MachineError>& failure() const { return failure_; }
  /// Objects that nothing leads to from outside, each after each step: they were not compared.
  [[nodiscard]] u64 unseen() const { return objects_.unseen(); }

 private:
  const Trace& trace_;
  Machine& model_;
  Machine& other_;
  ObjectComparison objects_;
  std::vector<LiveObject> before_;  // the model's objects at the last comparison
  std::vector<Difference> differences_;
  std::optional<MachineError> failure_;
  bool over_ = false;
};

}  // namespace ipcsim
