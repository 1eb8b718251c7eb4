// The supervisor: the process between the coordinator and the tasks, pid 1 of their namespace.
#pragma once

#include "model/base/types.hpp"

namespace ipcsim::host {

/// Sets the run up as the coordinator says through `socket`, starts the first tasks, then reaps.
[[noreturn]] void supervise(i64 socket);

}  // namespace ipcsim::host
