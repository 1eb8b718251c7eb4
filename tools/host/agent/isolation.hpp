// Where a run lives: namespaces, its folder, the shared memory.
#pragma once

#include "tools/host/agent/protocol.hpp"

namespace ipcsim::host {

/// An open descriptor, or why there is none.
struct MadeShared {
  i64 fd = -1;
  SetupError failure;
};

/// Prepares the place that `setup` asks for and makes it the current folder, makes the shared
/// memory and maps it. The caller is in its namespaces already (those of clone()).
[[nodiscard]] MadeShared prepare_place(const Setup& setup);

/// Gives the run's IPC namespace the limits of `setup`, or, where it has none of its own, compares.
/// `*which` is the limit that failed; error 0 at Step::kReadLimit: it differs and cannot be
/// changed.
[[nodiscard]] SetupError set_mq_limits(const Setup& setup, u64* which);

/// kFolder: ends every task that is left, removes the queues and the folder.
void remove_place();

}  // namespace ipcsim::host
