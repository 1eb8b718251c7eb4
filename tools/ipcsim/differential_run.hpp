// One program on the model and on a real kernel.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <string>

#include "model/base/kernel_profile.hpp"
#include "sim/replay/report.hpp"
#include "sim/trace/trace.hpp"
#include "tools/host/host_machine.hpp"
#include "tools/ipcsim/state_watch.hpp"

namespace ipcsim {

/// Runs settled programs on both and compares, as `ipcsim diff` does.
class DifferentialRun {
 public:
  /// `states`: the kernel's structures are compared after every step too.
  /// REQUIRES: why_no_state() has no answer then.
  DifferentialRun(const KernelProfile& profile, bool states) : profile_(profile), states_(states) {}

  /// What the comparison found. A rule that the model broke by itself is a difference too. An error
  /// is about this machine: `unsupported` ones will not go away. `times` get what the steps took
  /// whose states were compared.
  [[nodiscard]] std::expected<Report, MachineError> run(const Trace& program,
                                                        StepTimes& times) const;
  /// The program with the kernel's results, or nothing when the kernel cannot be asked.
  [[nodiscard]] std::expected<Trace, MachineError> record(const Trace& program) const;

  [[nodiscard]] const KernelProfile& profile() const { return profile_; }

 private:
  const KernelProfile& profile_;
  bool states_;
};

}  // namespace ipcsim
