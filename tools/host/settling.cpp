#include "tools/host/settling.hpp"

#include <algorithm>
#include <csignal>
#include <tuple>

#include <fmt/format.h>

#include "tools/host/proc_view.hpp"

namespace ipcsim::host {

std::vector<Completion> in_order(std::vector<Ended> ended) {
  std::ranges::sort(
      ended, {}, [](const Ended& e) { return std::tuple(e.order, !e.death, e.completion.task); });
  std::vector<Completion> completions;
  completions.reserve(ended.size());
  for (Ended& e : ended) {
    completions.push_back(std::move(e.completion));
  }
  return completions;
}

bool finished(const TaskTable& tasks, const HostProcess& process, const Slot& slot) {
  if (tasks.slot_at(process.leader_slot).life == Life::kReaped) {
    return true;
  }
  return slot.cmd == slot.done || slot.life == Life::kReplaced;
}

void note_unreaped_ends(const TaskTable& tasks, Header& header) {
  constexpr int kSignalMask = 0x7f;
  constexpr int kStatusShift = 8;
  if (tasks.spaces().only_the_runs()) {
    return;
  }
  for (const auto& [number, process] : tasks.processes()) {
    Slot& slot = tasks.slot_at(process.leader_slot);
    if (slot.unreaped == 0 || slot.life == Life::kReaped || slot.life == Life::kStarting) {
      continue;
    }
    if (const auto end = end_of_process(slot.host_tgid)) {
      const int signal = *end & kSignalMask;
      slot.reap_order = header.order.fetch_add(1) + 1;
      slot.exit_code = signal != 0 ? CLD_KILLED : CLD_EXITED;
      slot.exit_status = signal != 0 ? signal : *end >> kStatusShift;
      slot.life = Life::kReaped;
      header.deaths.fetch_add(1);
    }
  }
}

bool Stillness::add_task(const Slot& slot, const HostProcess& process) {
  const Life life = slot.life;
  if (tasks_.slot_at(process.leader_slot).life == Life::kReaped || life == Life::kReplaced) {
    return true;
  }
  if (life == Life::kStarting) {
    return slot.tid == 0;
  }
  if (life == Life::kExiting && slot.leader != 0) {
    // A leader that is gone is seen as long as other threads live.
    return process.living.size() > 1;
  }
  const TaskView view = view_task(slot.host_tgid, slot.host_tid);
  if (life == Life::kExiting) {
    return view.state == TaskView::State::kGone;
  }
  hidden_ = hidden_ || view.state == TaskView::State::kHidden;
  switches_.push_back(view.switches);
  return view.state == TaskView::State::kAsleep;
}

std::optional<TaskId> Stillness::find_moving() {
  std::swap(switches_, switches_before_);
  switches_.clear();
  for (const auto& [id, task] : tasks_.tasks()) {
    const HostProcess& process = tasks_.processes().at(task.process);
    if (!add_task(tasks_.slot_at(task.slot), process)) {
      return id;
    }
    if (task.call && task.call->child_slot) {
      const Slot& child = tasks_.slot_at(*task.call->child_slot);
      // Until it is born nobody but its parent knows it.
      const bool born = child.life == Life::kAlive;
      const bool thread = child.leader == 0;
      if (born ? !add_task(child, thread ? process : HostProcess{*task.call->child_slot, {}, {}})
               : child.life == Life::kStarting && child.tid != 0) {
        return id;
      }
    }
  }
  return std::nullopt;
}

bool Stillness::look() {
  const bool still = !find_moving();
  const bool unchanged = was_still_ && switches_ == switches_before_;
  was_still_ = still;
  return still && unchanged;
}

}  // namespace ipcsim::host
