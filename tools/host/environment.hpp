// This machine as the environment of a trace.
#pragma once

#include "sim/kernel/environment.hpp"

namespace ipcsim {

/// What a run on this machine would find when it asked for nothing special: the kernel's release,
/// the page size, capabilities, limits of pipes, those of queues in a fresh IPC namespace (or in
/// this one where there can be no fresh one), and one task with this process's uid, nice value and
/// limits.
[[nodiscard]] Environment host_environment();

}  // namespace ipcsim
