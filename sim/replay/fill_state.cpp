#include "sim/replay/fill_state.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sim/replay/actions.hpp"
#include "sim/replay/object_states.hpp"

namespace ipcsim {
namespace {

/// One above the greatest page number that the trace has already.
PageNumber first_fresh(const Trace& trace) {
  PageNumber fresh = 0;
  for (const Event& event : trace.events) {
    const auto* state = std::get_if<StateEvent>(&event.body);
    const auto* pipe = state == nullptr ? nullptr : std::get_if<PipeState>(&state->object);
    if (pipe == nullptr) {
      continue;
    }
    for (const SlotRunState& slot : pipe->slots.value_or(std::vector<SlotRunState>{})) {
      fresh = slot.page ? std::max(fresh, *slot.page + (slot.last - slot.first) + 1) : fresh;
    }
    for (const auto& page : pipe->tmp_page.value_or(std::vector<std::optional<PageNumber>>{})) {
      fresh = page ? std::max(fresh, *page + 1) : fresh;
    }
  }
  return fresh;
}

}  // namespace

std::expected<Trace, MachineError> fill_states(const Trace& trace, Machine& machine) {
  Trace filled = trace;
  PageNumbers pages(first_fresh(trace));
  for (Event& event : filled.events) {
    const auto failed = [&](MachineError error) {
      error.message = fmt::format("{}:{}: {}", trace.name, event.line, error.message);
      return std::unexpected(std::move(error));
    };
    if (is_action(event)) {
      if (const auto why = cannot_post(machine, event)) {
        return failed({.unsupported = false, .message = *why});
      }
      if (auto posted = post_event(machine, event); !posted) {
        return failed(posted.error());
      }
      if (auto outcome = machine.settle(); !outcome) {
        return failed(outcome.error());
      }
      continue;
    }
    auto* state = std::get_if<StateEvent>(&event.body);
    if (state == nullptr) {
      continue;
    }
    const auto object = machine.exists(state->holder) ? machine.object_of(state->holder, state->fd)
                                                      : std::optional<ObjectSnapshot>{};
    if (!object) {
      return failed({.unsupported = false, .message = "the state of this descriptor is not known"});
    }
    if (!std::holds_alternative<std::monostate>(state->object)) {
      static_cast<void>(compare_object_state(state->object, *object, pages));  // for its numbers
      continue;
    }
    state->object = state_of(*object, pages);
    if (std::holds_alternative<std::monostate>(state->object)) {
      return failed(
          {.unsupported = false,
           .message = fmt::format("descriptor {} is no pipe, FIFO or message queue", state->fd.v)});
    }
  }
  return filled;
}

}  // namespace ipcsim
