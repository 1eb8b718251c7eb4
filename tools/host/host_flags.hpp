// Traces have the O_ numbers of x86-64; other processors have some of their own.
#pragma once

#include "model/base/types.hpp"

namespace ipcsim::host {

/// O_ flags as this host's kernel numbers them.
[[nodiscard]] u32 open_flags_to_host(u32 flags);
/// O_ flags as a trace numbers them.
[[nodiscard]] u32 open_flags_from_host(u32 flags);

}  // namespace ipcsim::host
