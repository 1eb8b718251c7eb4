// How a run's objects look in the kernel.
#include "tools/host/machine_impl.hpp"
#include "tools/host/whitebox/task_finder.hpp"

namespace ipcsim::host {
namespace {

/// `task_struct.prio` of an ordinary task that is not nice.
constexpr i32 kDefaultPrio = 120;
/// The same of a task with the real-time priority 0, which is one less for each above it.
constexpr i32 kLowestRealtimePrio = 99;

}  // namespace

std::expected<void, MachineError> HostMachine::read_state(i32 nice) {
  auto kernel = KernelReader::of_this_thread();
  if (!kernel) {
    return std::unexpected(MachineError{.unsupported = true, .message = kernel.error()});
  }
  RunNumbers numbers{.own_users = run_->book().ids.own() && !options_.keep_root,
                     .realtime_prio = {},
                     .ordinary_prio = kDefaultPrio + nice};
  if (realtime_) {
    numbers.realtime_prio = kLowestRealtimePrio - kTaskPriority;
  }
  if (run_->book().ids.own()) {
    numbers.ids = &run_->book().ids;
  }
  // Tasks begin with what the supervisor has.
  const int supervisor = run_->supervisor_pid();
  const auto task =
      find_task(*(*kernel)->peek, (*kernel)->layout, (*kernel)->pid_level, supervisor, supervisor);
  if (task) {
    Peek& peek = *(*kernel)->peek;
    peek.begin();
    const Peeked exec_id = peek.ask(*task + (*kernel)->layout.task.self_exec_id, sizeof(u32));
    if (peek.run() && peek.ok(exec_id)) {
      numbers.exec_id = peek.get<u32>(exec_id);
    }
  }
  objects_.emplace(**kernel, tasks_, numbers);
  return {};
}

std::expected<std::vector<FoundObject>, MachineError> HostMachine::find_objects(
    std::span<const LiveObject> wanted) {
  check_thread();
  if (lost_) {
    return lost();
  }
  if (!objects_) {
    return std::vector<FoundObject>{};
  }
  auto found = objects_->find(wanted);
  if (!found) {
    return std::unexpected(MachineError{.unsupported = false, .message = found.error()});
  }
  return *std::move(found);
}

}  // namespace ipcsim::host
