// A few lines of log in, the events out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "sim/trace/trace.hpp"
#include "tools/import/import.hpp"

namespace ipcsim {

/// The trace that a log becomes, and what the importer says of it.
inline std::pair<Trace, ImportReport> imported(std::string_view log) {
  auto result = import_strace(log, "LOG", {});
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().text());
  return result ? *std::move(result) : std::pair<Trace, ImportReport>{};
}

/// The events as lines of a trace, without where and when they come from.
inline std::vector<std::string> event_lines(Trace trace) {
  EXPECT_TRUE(check_trace(trace).has_value()) << check_trace(trace).error().message;
  std::vector<std::string> lines;
  for (Event& event : trace.events) {
    event.origin.clear();
    event.time_ns.reset();
    lines.push_back(format_event(event));
  }
  return lines;
}

inline std::vector<std::string> events_of(std::string_view log) {
  return event_lines(imported(log).first);
}

}  // namespace ipcsim
