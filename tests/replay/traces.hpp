// Traces written down in a test, and what running them came to, as text.
#pragma once

#include <string>
#include <string_view>

#include "sim/replay/explain.hpp"
#include "sim/replay/model_machine.hpp"
#include "sim/replay/report.hpp"
#include "sim/replay/settled_runner.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// A settled trace called "t" of one process, task 1, whose descriptors 0, 1, 2 are other files.
/// The header is line 1, so the first of `lines` is line 2.
Trace settled(std::string_view lines);
/// The same, concurrent.
Trace concurrent(std::string_view lines);
/// The same, observed.
Trace observed(std::string_view lines);
/// A file of the repository, by its path from the top.
Trace trace_from_file(const std::string& path);

/// The model for the trace.
ModelMachine model_for(const Trace& trace, Contents contents = Contents::kKept);
/// Runs a settled trace in the model.
Report replay(const Trace& trace);
/// Runs a concurrent trace in the model.
Report accept(const Trace& trace);
/// The summary, then a line for each difference: "t:5 step 3 task 2: EXPECTED | ACTUAL".
std::string told(const Report& report);
/// Searches an observed trace; REQUIRES: the search does not fail.
Explanation search(const Trace& trace, const ExplainLimits& limits = {});

}  // namespace ipcsim
