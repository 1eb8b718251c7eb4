// Settled traces in which nothing ever sleeps, run fast.
#pragma once

#include <optional>

#include "model/base/kernel_profile.hpp"
#include "model/base/page_pool.hpp"
#include "sim/replay/report.hpp"
#include "sim/trace/trace.hpp"
#include "sim/trace/trace_reader.hpp"

namespace ipcsim {

/// Runs a settled trace whose events are all calls that return at once, as run_settled() does on
/// the model alone, without looking at states between calls. Returns nothing when the trace is
/// another one, when anything differs or is not modelled: run_settled() then tells what.
[[nodiscard]] std::optional<Report> run_sequential(const Trace& trace,
                                                   const KernelProfile& profile);

/// The same for the rest of a text, whose header was read, without keeping its events. Also nothing
/// when a line is wrong, or with Contents::kLengthsOnly when a line has bytes that are known.
[[nodiscard]] std::optional<Report> run_sequential(const TraceHeader& header, TraceReader& events,
                                                   const KernelProfile& profile, Contents contents);

}  // namespace ipcsim
