// How tasks begin, become another program, and end.
#pragma once

#include "tools/host/agent/protocol.hpp"

namespace ipcsim::host {

/// Makes the calling task the one of slot `index`: it says who it is, and is alive.
void be_born(u32 index);

/// clone() as the slot says. In a child that goes on with this stack `index` becomes the child's,
/// and the result is 0; one with a stack of its own runs its agent there and never returns.
i64 clone_task(u32& index);

/// execve() of this program, which goes on with agent_after_exec(). Returns only the error.
i64 execute_again(u32 index);

/// Finds the shared memory again after execve(), reports the call's success, and goes on.
[[noreturn]] void agent_after_exec(u32 index, const char* shared_path);

/// exit() of the thread, with the status that the slot says.
[[noreturn]] void exit_thread(Slot& slot);

}  // namespace ipcsim::host
