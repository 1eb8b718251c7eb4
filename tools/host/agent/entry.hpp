// What cannot be written in C++: the first instruction of the program, of a thread, and the last.
#pragma once

#include "model/base/types.hpp"

namespace ipcsim::host {

extern "C" {

/// clone() of a task that begins with `entry(argument)` on a stack of its own. `entry` must not
/// return. Returns the child's number or a negated error number.
i64 ipcsim_clone_on_stack(u64 flags, u64 stack_top, i32* parent_tid, void (*entry)(u64),
                          u64 argument);

/// Unmaps the stack it runs on and ends the thread. REQUIRES: all signals are blocked.
[[noreturn]] void ipcsim_exit_without_stack(u64 stack, u64 bytes, i32 status);

/// Where a signal handler returns to (`sa_restorer`).
void ipcsim_signal_return();

/// The program, called with its stack as the kernel left it: argc, then argv.
[[noreturn]] void ipcsim_agent_main(const u64* stack);

}  // extern "C"

}  // namespace ipcsim::host
