// What a real system call returned, as a trace says it.
#pragma once

#include <expected>

#include "sim/kernel/call.hpp"
#include "sim/replay/machine.hpp"
#include "tools/host/run_book.hpp"
#include "tools/host/task_table.hpp"

namespace ipcsim::host {

/// The result of the call that the slot's agent has finished. The error is a result that cannot be
/// told: an error number that errno.hpp does not have, a buffer that was cut and did matter.
[[nodiscard]] std::expected<SysResult, MachineError> decode_result(const Slot& slot,
                                                                   const std::byte* window,
                                                                   const CallInProgress& progress,
                                                                   RunBook& book,
                                                                   const TaskTable& tasks);

}  // namespace ipcsim::host
