#include "tools/ipcsim/host_choice.hpp"

#include <variant>

#include "sim/kernel/ipc_namespace.hpp"

namespace ipcsim {

HostOptions host_options(const Trace& trace) {
  HostOptions options;
  for (const Event& event : trace.events) {
    const auto* call = std::get_if<CallEvent>(&event.body);
    if (call != nullptr && (std::holds_alternative<SetpriorityCall>(call->call) ||
                            std::holds_alternative<SchedSetschedulerCall>(call->call))) {
      options.ordering = HostOrdering::kPolling;
    }
    const auto* open = call == nullptr ? nullptr : std::get_if<OpenCall>(&call->call);
    options.keep_root |= open != nullptr && mq_limit_of_path(open->pathname).has_value();
  }
  return options;
}

}  // namespace ipcsim
