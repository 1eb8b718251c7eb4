// What holds for every text: the importer refuses it with a message, or makes a trace that can be
// read.
#pragma once

#include <string>
#include <string_view>

#include "sim/trace/trace.hpp"
#include "tools/import/import.hpp"

namespace ipcsim {

/// What is wrong with the import of `text`; empty when nothing is.
inline std::string broken_import(std::string_view text) {
  const auto imported = import_strace(text, "LOG", {});
  if (!imported) {
    return imported.error().message.empty() ? "an error without a message" : "";
  }
  if (const auto checked = check_trace(imported->first); !checked) {
    return checked.error().message;
  }
  const auto again = parse_trace(format_trace(imported->first), "TRACE");
  if (!again) {
    return again.error().text();
  }
  return again->events.size() == imported->first.events.size() ? "" : "events were lost";
}

}  // namespace ipcsim
