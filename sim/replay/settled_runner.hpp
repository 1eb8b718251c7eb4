// Runs a settled trace on one or more machines, step by step, and compares everything.
#pragma once

#include <expected>
#include <functional>
#include <span>

#include "sim/replay/machine.hpp"
#include "sim/replay/report.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// What one step did, for those who watch.
struct StepView {
  u64 step = 0;  ///< from 1
  const Event* event = nullptr;
  std::span<const Settled> settled;  ///< one a machine
};

/// Called after each step.
using StepObserver = std::function<void(const StepView&)>;

/// Runs every event of `trace` on each of `machines` (the first is the model, or the only one) and
/// compares each machine with what the trace records, and the machines with each other. REQUIRES:
/// the trace's order is settled, and the machines are fresh. Fails when a machine fails.
[[nodiscard]] std::expected<Report, MachineError> run_settled(const Trace& trace,
                                                              std::span<Machine* const> machines,
                                                              const StepObserver& observer);

/// The trace (settled or concurrent) with the results, sleepers and deaths that `machine` gives in
/// place of those it had. Actions that a concurrent trace has at the same time are posted together.
/// REQUIRES: the machine is fresh.
[[nodiscard]] std::expected<Trace, MachineError> rerecord_settled(const Trace& trace,
                                                                  Machine& machine);

}  // namespace ipcsim
