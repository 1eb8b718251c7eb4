// What has to be known of a call besides its parameters.
#pragma once

#include "sim/kernel/call.hpp"

namespace ipcsim::host {

/// True for a clone() that makes a thread.
[[nodiscard]] bool makes_thread(const Call& call);
/// True for calls that can sleep for as long as they want.
[[nodiscard]] bool can_sleep(const Call& call);

}  // namespace ipcsim::host
