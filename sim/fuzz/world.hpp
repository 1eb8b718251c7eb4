// The system that a program is written for, as the model has it after each step so far.
#pragma once

#include <vector>

#include "sim/fuzz/coverage.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// Runs the steps of a program in the model while the program is being written. Contents are not
/// kept: what a kernel does never depends on the bytes that go through it.
class World {
 public:
  World(const Environment& environment, const KernelProfile& profile)
      : kernel_(environment, profile, Contents::kLengthsOnly) {}

  [[nodiscard]] const KernelState& state() const { return kernel_.state(); }
  /// Tasks in no call, by number.
  [[nodiscard]] std::vector<TaskId> idle() const;
  /// Tasks in a call, by number.
  [[nodiscard]] std::vector<TaskId> asleep() const;
  /// Runs the step until all tasks sleep or are idle, and counts what it led to. False when the
  /// model has no answer for it: then nothing has changed. REQUIRES: the step can be posted.
  [[nodiscard]] bool take(const Event& event, Coverage& coverage);
  /// Calls that ended in the last step, in order.
  [[nodiscard]] const std::vector<Completion>& ends() const { return ends_; }

 private:
  Kernel kernel_;
  std::vector<Completion> ends_;
};

}  // namespace ipcsim
