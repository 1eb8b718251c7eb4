// A call of a trace as the real system call.
#pragma once

#include <expected>

#include "sim/kernel/call.hpp"
#include "sim/replay/machine.hpp"
#include "tools/host/names.hpp"
#include "tools/host/run_book.hpp"
#include "tools/host/task_table.hpp"
#include "tools/host/user_pages.hpp"
#include "tools/host/virtual_clock.hpp"

namespace ipcsim::host {

/// What a call can refer to.
struct EncodeContext {
  Shared shared;
  const TaskTable& tasks;
  VirtualClock& clock;
  UserPages& user_pages;
  RunBook& book;
  bool realtime = false;              ///< the tasks' priorities are this machine's own
  bool in_machines_pids = false;      ///< the run has no PID namespace of its own
  QueueNames* queue_names = nullptr;  ///< null: the run has an IPC namespace of its own
};

/// Fills the task's slot and window with the call. `child_slot`: for a call that makes a task.
/// Only what call.hpp knows gets through, and only to objects of the run.
/// Errors, `unsupported`, nothing is changed then:
///   buffers that do not fit the window or have more than kMostGuards ends in unmapped memory
///   commands of fcntl() and ioctl() and flags of clone() beyond those under study
///   new ids where tasks cannot have ids of their own, or more of them than there are
///   writing a limit of the whole machine
[[nodiscard]] std::expected<CallInProgress, MachineError> encode_call(
    EncodeContext& context, TaskId task, const Call& call, std::optional<u32> child_slot);

}  // namespace ipcsim::host
