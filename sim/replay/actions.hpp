// Carrying out an event of a trace on a machine.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "sim/replay/machine.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// True when the event does something (a call, a signal, time, another file), not only records.
[[nodiscard]] bool is_action(const Event& event);
/// The task that acts or is acted on; kNoTask for time.
[[nodiscard]] TaskId acting_task(const Event& event);
/// The event as text for people: "task 2: read(3, 100)".
[[nodiscard]] std::string action_text(const Event& event);
/// The same from the side of `task`: "read(3, 100)", or "after task 1: write(4, 5)" for another's.
[[nodiscard]] std::string action_text_for(const Event& event, TaskId task);
/// Why `machine` cannot take the event now ("task 2 is still in a call"), or nothing.
[[nodiscard]] std::optional<std::string> cannot_post(const Machine& machine, const Event& event);
/// Posts the event. REQUIRES: is_action(event), !cannot_post(machine, event).
[[nodiscard]] std::expected<void, MachineError> post_event(Machine& machine, const Event& event);

}  // namespace ipcsim
