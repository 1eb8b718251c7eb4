#include "tools/host/task_table.hpp"

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"

namespace ipcsim::host {

TaskTable::TaskTable(const Shared& shared, const Environment& environment) : shared_(shared) {
  for (const InitialTask& task : environment.tasks) {
    const u32 slot = next_slot_++;
    const u32 process = next_process_++;
    processes_[process] = {.leader_slot = slot, .leader = task.task, .living = {}};
    add(task.task, slot, process);
  }
}

void TaskTable::add(TaskId task, u32 slot, u32 process) {
  tasks_[task] = {.slot = slot, .process = process, .call = {}};
  std::vector<TaskId>& living = processes_.at(process).living;
  living.insert(std::ranges::upper_bound(living, task), task);
}

std::optional<u32> TaskTable::take_slot(TaskId task) {
  u32 index = next_slot_;
  if (!free_slots_.empty()) {
    index = free_slots_.back();
    free_slots_.pop_back();
  } else if (next_slot_ < kMostSlots) {
    ++next_slot_;
    shared_.header().slots = next_slot_;
  } else {
    return std::nullopt;
  }
  Slot& slot = shared_.slot(index);
  slot.tid = 0;
  slot.tgid = 0;
  slot.host_tid = 0;
  slot.host_tgid = 0;
  slot.leader = 0;
  slot.stack = 0;
  slot.task = task.v;
  slot.call = 0;
  slot.done = slot.cmd.load();
  slot.life = Life::kStarting;
  return index;
}

void TaskTable::free_slot(u32 slot) {
  shared_.slot(slot).life = Life::kFree;
  free_slots_.push_back(slot);
}

void TaskTable::add_child(TaskId parent, TaskId child, u32 slot, bool thread) {
  u32 process = tasks_.at(parent).process;
  if (!thread) {
    process = next_process_++;
    processes_[process] = {.leader_slot = slot, .leader = child, .living = {}};
  }
  add(child, slot, process);
}

void TaskTable::remove(TaskId task) {
  const HostTask gone = tasks_.at(task);
  tasks_.erase(task);
  HostProcess& process = processes_.at(gone.process);
  std::erase(process.living, task);
  if (gone.slot != process.leader_slot) {
    free_slot(gone.slot);
  }
}

void TaskTable::take_lead(TaskId task) {
  const HostTask& leader = tasks_.at(task);
  HostProcess& process = processes_.at(leader.process);
  const u32 before = std::exchange(process.leader_slot, leader.slot);
  if (before != leader.slot) {
    process.leader = task;
    free_slot(before);
  }
}

void TaskTable::remove_process(u32 process) {
  IPCSIM_CHECK(processes_.at(process).living.empty());
  const HostProcess& ended = processes_.at(process);
  ended_[shared_.slot(ended.leader_slot).tgid] = ended.leader;
  free_slot(ended.leader_slot);
  processes_.erase(process);
}

i32 TaskTable::pid_of(TaskId leader) const {
  if (exists(leader)) {
    return shared_.slot(task(leader).slot).tid;
  }
  for (const auto& [number, process] : processes_) {
    if (process.leader == leader) {
      return shared_.slot(process.leader_slot).tid;
    }
  }
  return kNobodysPid;
}

TaskId TaskTable::task_by_number(i32 tid) const {
  for (const auto& [id, task] : tasks_) {
    if (shared_.slot(task.slot).tid == tid) {
      return id;
    }
  }
  return leader_of(tid);
}

TaskId TaskTable::leader_of(i32 pid) const {
  for (const auto& [number, process] : processes_) {
    if (shared_.slot(process.leader_slot).tgid == pid) {
      return process.leader;
    }
  }
  const auto ended = ended_.find(pid);
  return ended == ended_.end() ? kNoTask : ended->second;
}

i32 TaskTable::tid_of(TaskId task) const {
  return exists(task) ? shared_.slot(tasks_.at(task).slot).tid.load() : kNobodysPid;
}

}  // namespace ipcsim::host
