// Why a run could not be set up, in words.
#pragma once

#include <string>

#include "tools/host/agent/protocol.hpp"

namespace ipcsim::host {

/// "mounting the run's own file system: Operation not permitted". `detail` as in Ready.
[[nodiscard]] std::string setup_error_text(const SetupError& error, u64 detail);

}  // namespace ipcsim::host
