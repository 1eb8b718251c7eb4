// Which isolation this process can give.
#pragma once

#include "tools/host/agent/protocol.hpp"

namespace ipcsim::host {

/// True when a supervisor can be started in these namespaces. Starts one, which ends at once.
[[nodiscard]] bool isolation_works(Isolation isolation);

/// The best of those that work.
[[nodiscard]] Isolation best_isolation();

}  // namespace ipcsim::host
