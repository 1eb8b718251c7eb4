// A story as a trace-event file, which the Perfetto UI (ui.perfetto.dev) opens.
#pragma once

#include <string>

#include "sim/replay/story.hpp"

namespace ipcsim {

/// JSON: a track for each task with its calls and, within them, its sleeps; a counter track for the
/// bytes and the places of each pipe and queue; arrows from who woke to who was woken.
[[nodiscard]] std::string perfetto_json(const Story& story, const std::string& title);

}  // namespace ipcsim
