// The first line of a trace.
#pragma once

#include <string>

#include "sim/trace/json_value.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

class Problem;

/// What the first line of a file may look like, for messages.
inline constexpr std::string_view kHeaderExample =
    R"({"ipcsim_trace":1,"title":"...","order":"settled"})";

/// Reads the header. A version other than kTraceVersion is reported before anything else.
[[nodiscard]] TraceHeader read_header(const JsonValue& value, Problem& problem);
/// The line, without the newline. Leaves out what equals a default.
[[nodiscard]] std::string header_json(const TraceHeader& header);

}  // namespace ipcsim
