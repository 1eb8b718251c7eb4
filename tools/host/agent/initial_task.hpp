// The processes that exist when a run begins.
#pragma once

#include "tools/host/agent/protocol.hpp"

namespace ipcsim::host {

/// Leaves the calling process with exactly the capabilities `caps`, also after execve().
[[nodiscard]] SetupError keep_only_caps(u64 caps);

/// Leaves a task in a user namespace of its own with all capabilities, also when its ids change
/// and after execve(). Nothing can fail: it has them there.
void keep_caps_of_namespace();

/// Makes the process group that all tasks are in. Its leader is none of them and ends at once, so
/// that the number of a task that is gone is no group's either.
[[nodiscard]] SetupError make_task_group();

/// Makes the process of slot `index`, in the group, and waits until it lives.
[[nodiscard]] SetupError start_task(const Setup& setup, u32 index);

}  // namespace ipcsim::host
