// Writes the model's word on states into a trace.
#pragma once

#include <expected>

#include "sim/replay/machine.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// The trace with every state that says nothing (`{"state":{"task":1,"fd":3}}`) replaced by all
/// fields that `machine` has then. Results are not compared. REQUIRES: the trace's order is
/// settled, the machine is fresh. Fails when the machine cannot take a step, or cannot see the
/// object.
[[nodiscard]] std::expected<Trace, MachineError> fill_states(const Trace& trace, Machine& machine);

}  // namespace ipcsim
