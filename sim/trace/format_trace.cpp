#include "sim/trace/header_json.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

std::string format_trace(const Trace& trace) {
  std::string text = header_json(trace.header) + '\n';
  for (const Event& event : trace.events) {
    text += format_event(event) + '\n';
  }
  return text;
}

}  // namespace ipcsim
