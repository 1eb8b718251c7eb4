// Filling a real pipe, as probe_pipe() fills the model's.
#pragma once

#include <expected>

#include "sim/replay/machine.hpp"
#include "sim/workload/size_probe.hpp"

namespace ipcsim {

/// The same writes, reads and polls as probe_pipe() on a real pipe. Fails when this user may have
/// no pipe of that size.
[[nodiscard]] std::expected<PipeProbe, MachineError> probe_real_pipe(u64 asked_bytes,
                                                                     u64 write_bytes, bool packets);

}  // namespace ipcsim
