// Whether the descriptors that a trace uses were ever opened.
#pragma once

#include <optional>

#include "sim/trace/trace.hpp"

namespace ipcsim {

/// The first call of a settled trace that is said to succeed on a descriptor number that nothing
/// opened before, in whichever task; nothing when all is well. A trace that leaves out what an
/// opening call gave cannot be judged from there on, and an observed one, whose calls overlap, not
/// at all.
[[nodiscard]] std::optional<TraceError> check_descriptors(const Trace& trace);

}  // namespace ipcsim
