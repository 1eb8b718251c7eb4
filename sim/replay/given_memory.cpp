#include "sim/replay/given_memory.hpp"

#include <utility>
#include <variant>

namespace ipcsim {
namespace {

/// Memory with a name is stored to by the trace's own events: it is known.
bool is_given(const PageSegment& segment) {
  return segment.page.empty() && segment.memory.data.len() > 0 && segment.memory.data.known();
}

}  // namespace

std::optional<Trace> without_given_bytes(const Trace& trace) {
  std::optional<Trace> changed;
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    const auto* event = std::get_if<CallEvent>(&trace.events[i].body);
    const auto* call = event == nullptr ? nullptr : get_if<VmspliceCall>(&event->call);
    if (call == nullptr) {
      continue;
    }
    VmspliceCall unknown = *call;
    bool given = false;
    for (PageSegment& segment : unknown.iov) {
      if (is_given(segment)) {
        segment.memory.data = Payload::of_unknown(segment.memory.data.len());
        given = true;
      }
    }
    if (given) {
      if (!changed) {
        changed = trace;
      }
      std::get<CallEvent>(changed->events[i].body).call = std::move(unknown);
    }
  }
  return changed;
}

}  // namespace ipcsim
