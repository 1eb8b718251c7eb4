// Runs the calls of an observed trace on several machines in one fixed order, and compares them.
#pragma once

#include <expected>
#include <span>

#include "sim/replay/machine.hpp"
#include "sim/replay/report.hpp"
#include "sim/replay/settled_runner.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// The order in which an observed trace's calls happened is not known, so its results cannot be
/// asked of another machine. Its program can: each task makes its calls in order, one call at a
/// time is started, as early as the trace has it and the task is idle. Every machine then does the
/// same, and each is compared with the first: results, and who sleeps. Signals and time come where
/// the trace has them.
[[nodiscard]] std::expected<Report, MachineError> run_program(const Trace& trace,
                                                              std::span<Machine* const> machines,
                                                              const StepObserver& observer);

}  // namespace ipcsim
