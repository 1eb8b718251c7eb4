// Where a process runs.
#pragma once

#include <sys/types.h>

#include <vector>

namespace ipcsim::host {

/// Processors that this process may use, by number.
[[nodiscard]] std::vector<int> usable_processors();
/// Binds the calling thread to one processor. False when that is refused.
bool bind_to(int processor);
/// Lets `pid` (0: the caller) run at a real-time priority, first in, first out. False when that is
/// refused.
bool run_first_in_first_out(pid_t pid);
/// Back to the ordinary policy.
void run_ordinarily(pid_t pid);

/// CLOCK_MONOTONIC in nanoseconds.
[[nodiscard]] double wall_ns();
/// The calling thread's processor time in nanoseconds.
[[nodiscard]] double thread_ns();

}  // namespace ipcsim::host
