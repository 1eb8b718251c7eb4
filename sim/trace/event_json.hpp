// One event of a trace as a JSON object.
#pragma once

#include "sim/trace/json_value.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

class Problem;

/// Reads one event. What it gives after a problem is no event.
[[nodiscard]] Event read_event(const JsonValue& value, Problem& problem);

}  // namespace ipcsim
