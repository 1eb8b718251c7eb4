// Runs a concurrent trace: each step may have had any outcome that some order of sections gives.
#pragma once

#include <expected>

#include "model/base/kernel_profile.hpp"
#include "sim/replay/machine.hpp"
#include "sim/replay/outcome_set.hpp"
#include "sim/replay/report.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// What a concurrent run is compared with.
struct ConcurrentOptions {
  bool record = true;          ///< the trace's results are compared with the model's set
  Machine* machine = nullptr;  ///< another machine, whose results are too
  bool states = false;         ///< and its objects, where it can see them
  OutcomeLimits limits;
};

/// Runs the steps of `trace` in the model, in every order of the lock-held sections of the tasks
/// that are runnable at the same time, and accepts a step's recorded results (and those of
/// `machine`) if they are among the outcomes. What was accepted decides what is possible later.
/// Actions that follow one another with nothing between them happen at the same time.
[[nodiscard]] std::expected<Report, MachineError> run_concurrent(const Trace& trace,
                                                                 const KernelProfile& profile,
                                                                 const ConcurrentOptions& options);

}  // namespace ipcsim
