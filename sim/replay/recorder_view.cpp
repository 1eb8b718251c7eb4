#include "sim/replay/recorder_view.hpp"

#include <variant>

namespace ipcsim {

bool returns_before_releasing(const Kernel& kernel, TaskId id) {
  if (!kernel.exists(id) || kernel.idle(id)) {
    return false;
  }
  const Task& task = kernel.state().task(id);
  if (task.state == TaskState::kStopped) {
    const auto& returning = task.rare().returning;
    return returning != nullptr && returning->completion &&
           returning->completion->result.error != Errno::kERESTARTSYS &&
           returning->completion->result.error != Errno::kERESTARTNOHAND;
  }
  if (!task.in_call() || task.state != TaskState::kRunnable ||
      kernel.state().fd_tables[task.files].users() > 1) {
    return false;
  }
  return task.in_any<Dup2Call, Dup3Call, CloseRangeCall, ExecveCall>();
}

bool may_signal_what_has_ended(const KernelState& k, const Call& call, const SysResult& result) {
  if (result.error != Errno::kESRCH && result != SysResult::success(0)) {
    return false;
  }
  const auto gone = [&](TaskId target) { return target.v != 0 && !k.exists(target); };
  if (const auto* kill = get_if<KillCall>(&call)) {
    return gone(kill->pid);
  }
  const auto* tgkill = get_if<TgkillCall>(&call);
  return tgkill != nullptr && gone(tgkill->tid);
}

}  // namespace ipcsim
