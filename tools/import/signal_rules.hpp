// What the kernel does with signals that no handler catches.
#pragma once

#include "sim/kernel/constants.hpp"

namespace ipcsim::strace {

/// Linux include/linux/signal.h: SIG_KERNEL_IGNORE_MASK.
[[nodiscard]] constexpr bool ignored_by_default(Signal signal) {
  return signal == kSigchld || signal == kSigcont || signal == kSigurg || signal == kSigwinch;
}

}  // namespace ipcsim::strace
