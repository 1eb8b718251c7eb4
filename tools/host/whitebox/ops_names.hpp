// Which of the kernel's operation tables is which.
#pragma once

#include <map>

#include "model/pipe/pipe_inode.hpp"
#include "tools/host/whitebox/layout.hpp"
#include "tools/host/whitebox/peek.hpp"

namespace ipcsim::host {

/// The tables (`struct pipe_buf_operations`) by their addresses. They have no symbols, so this
/// makes a slot of each kind in a pipe of its own and looks at it. A kind that this process may
/// not make, or the kernel does not have, is left out.
[[nodiscard]] std::map<u64, PipeBufOps> learn_ops(Peek& peek, const KernelLayout& layout);

}  // namespace ipcsim::host
