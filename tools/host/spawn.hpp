// Starting the supervisor, which is a new program in new namespaces from its first instruction.
#pragma once

#include <expected>

#include "sim/replay/machine.hpp"
#include "tools/host/agent/protocol.hpp"

namespace ipcsim::host {

/// A child process. The parent must wait for it by `pidfd`: it sends no SIGCHLD.
struct Spawned {
  int pid = -1;
  int pidfd = -1;
};

/// Executes the agent program as supervisor, with `socket` as its way to be talked to. Costs the
/// same whatever the size of the calling process: nothing of it is copied.
[[nodiscard]] std::expected<Spawned, MachineError> spawn_supervisor(Isolation isolation,
                                                                    int socket);

}  // namespace ipcsim::host
