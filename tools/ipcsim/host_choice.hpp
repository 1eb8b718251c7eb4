// How a trace is run on the real kernel.
#pragma once

#include "sim/trace/trace.hpp"
#include "tools/host/host_machine.hpp"

namespace ipcsim {

/// Where a trace sets priorities they cannot also order the tasks of the host; where it opens
/// limits of an IPC namespace, has root's files signal others, or asks for O_NOATIME, its root must
/// be the host's. Time for the times of files is only taken where a trace asks for them.
[[nodiscard]] HostOptions host_options(const Trace& trace);

}  // namespace ipcsim
