// What has to be known of a call besides its parameters.
#pragma once

#include "sim/kernel/call.hpp"

namespace ipcsim::host {

/// True for a clone() that makes a thread.
[[nodiscard]] bool makes_thread(const Call& call);
/// True for an unshare() or a clone() into a user namespace.
[[nodiscard]] bool makes_user_namespace(const Call& call);
/// The same for a PID namespace.
[[nodiscard]] bool makes_pid_namespace(const Call& call);
/// True for calls that can sleep for as long as they want.
[[nodiscard]] bool can_sleep(const Call& call);
/// True for calls that wait for a time from their beginning on, and return 0 when it is over.
[[nodiscard]] bool waits_for_events(const Call& call);
/// True for those that start again after a stop with what was left of their time before it.
[[nodiscard]] bool waits_for_the_rest(const Call& call);

}  // namespace ipcsim::host
