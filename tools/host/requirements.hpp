// What this machine can be, and whether that is what a trace needs.
#pragma once

#include <expected>
#include <string>

#include "sim/kernel/environment.hpp"
#include "sim/replay/machine.hpp"
#include "tools/host/agent/protocol.hpp"

namespace ipcsim::host {

/// The first line of a file, without its newline; empty when it cannot be read.
[[nodiscard]] std::string first_line(const std::string& path);
/// The number in a file, or `fallback`.
[[nodiscard]] u64 number_in(const std::string& path, u64 fallback);

/// Effective capabilities of this thread, all of them.
[[nodiscard]] u64 effective_caps();
/// The capabilities that matter to calls under study. Tasks have no others.
[[nodiscard]] Caps studied_caps();
/// Those of them that a run's tasks could have.
[[nodiscard]] Caps caps_for_tasks(Isolation isolation);
/// True when this process may give other processes other uids, and still steer them.
[[nodiscard]] bool may_change_uids();
/// The files /proc/sys/fs/pipe-*.
[[nodiscard]] PipeLimits host_pipe_limits();
/// Gives the task this process's soft limits.
void set_to_own_limits(InitialTask& task);

/// True when no task's nice value differs from another's. Real-time priorities would hide a
/// difference.
[[nodiscard]] bool all_equally_nice(const Environment& environment);

/// True when tasks are to be given their nice values: they differ, or are not this process's own
/// and this process may set them.
[[nodiscard]] bool nice_is_set(const Environment& environment, Isolation isolation);

/// Checks what can be known before a run is started. Errors are `unsupported`, with the reason.
[[nodiscard]] std::expected<void, MachineError> check_requirements(const Environment& environment);
/// Checks what depends on the isolation.
[[nodiscard]] std::expected<void, MachineError> check_requirements(const Environment& environment,
                                                                   Isolation isolation);

}  // namespace ipcsim::host
