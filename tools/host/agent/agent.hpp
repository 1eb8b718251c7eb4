// The agent: what every task of a run executes.
#pragma once

#include "tools/host/agent/protocol.hpp"

namespace ipcsim::host {

/// The shared memory, which is at the same place in every agent.
[[nodiscard]] inline Shared shared() { return Shared(kSharedAddress); }

/// The number for the next completion or death.
[[nodiscard]] inline u64 next_order() { return shared().header().order.fetch_add(1) + 1; }

/// Executes calls, for ever. REQUIRES: be_born(index) was called.
[[noreturn]] void agent_run(u32 index);

/// Handlers of this process run in tasks of this PID namespace from now on.
void note_own_pid_space(u32 space);

/// The call `cmd` of a slot is over.
void finish_call(Slot& slot, u32 cmd, i64 result);

/// Maps the shared memory from `fd`. Returns 0 or a negated error number.
[[nodiscard]] i64 map_shared(i64 fd);

[[noreturn]] void exit_group(i32 status);

}  // namespace ipcsim::host
