// Memory that a program gave to a pipe and may have stored to afterwards.
#pragma once

#include <optional>

#include "sim/trace/trace.hpp"

namespace ipcsim {

/// The trace without the bytes that vmsplice() gave to pipes: a recorder saw them when the call was
/// made, but the pages stay the program's, and what it stores there later shows in the pipe.
/// Nothing if no call gave any that are known.
[[nodiscard]] std::optional<Trace> without_given_bytes(const Trace& trace);

}  // namespace ipcsim
