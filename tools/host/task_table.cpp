#include "tools/host/task_table.hpp"

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "tools/host/proc_view.hpp"

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
  slot.pid_space = 0;
  slot.first_there = 0;
  slot.unreaped = 0;
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
  if (const u32 space = shared_.slot(slot).pid_space; space != 0) {
    spaces_.settle(space);
    learn_numbers(child);
    if (!thread) {
      processes_.at(process).numbers = tasks_.at(child).numbers;
    }
  }
}

/// Its number in the run's own namespace is only known from outside.
void TaskTable::learn_numbers(TaskId task) {
  Slot& slot = shared_.slot(tasks_.at(task).slot);
  const u64 levels = spaces_.level(slot.pid_space) + 1;
  std::vector<i32> numbers = numbers_of(slot.host_tgid, slot.host_tid);
  if (numbers.size() < levels) {
    numbers.assign(levels, kNobodysPid);  // it has ended, and is nobody any more
  }
  numbers.erase(numbers.begin(), numbers.end() - static_cast<std::ptrdiff_t>(levels));
  slot.tid = numbers.front();
  tasks_.at(task).numbers = std::move(numbers);
}

void TaskTable::place_child(TaskId parent, u32 slot, bool thread, bool new_space) {
  const HostTask& maker = tasks_.at(parent);
  const Slot& from = shared_.slot(maker.slot);
  Slot& child = shared_.slot(slot);
  child.pid_space = from.pid_space;
  if (new_space) {
    child.pid_space = spaces_.make(from.pid_space);
  } else if (!thread) {
    child.pid_space = maker.pid_space_for_children.value_or(from.pid_space);
  }
  child.first_there = thread ? from.first_there : (spaces_.empty(child.pid_space) ? 1 : 0);
  child.unreaped = thread ? from.unreaped : from.unreaped | from.first_there;
}

void TaskTable::leave_pid_space(TaskId task) {
  HostTask& leaves = tasks_.at(task);
  leaves.pid_space_for_children = spaces_.make(shared_.slot(leaves.slot).pid_space);
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
    tasks_.at(task).numbers = process.numbers;
    free_slot(before);
  }
}

void TaskTable::remove_process(u32 process) {
  IPCSIM_CHECK(processes_.at(process).living.empty());
  const HostProcess& ended = processes_.at(process);
  for (u32 space = shared_.slot(ended.leader_slot).pid_space;; space = spaces_.parent(space)) {
    ended_[{space, number_of_process(process, space)}] = ended.leader;
    if (space == 0) {
      break;
    }
  }
  free_slot(ended.leader_slot);
  processes_.erase(process);
}

i32 TaskTable::number_at(const std::vector<i32>& numbers, i32 otherwise, u32 space,
                         u32 viewer) const {
  if (!spaces_.sees(viewer, space)) {
    return kNobodysPid;
  }
  return numbers.empty() ? otherwise : numbers[spaces_.level(viewer)];
}

i32 TaskTable::tid_of(TaskId task, u32 viewer) const {
  if (!exists(task)) {
    return kNobodysPid;
  }
  const HostTask& wanted = tasks_.at(task);
  const Slot& slot = shared_.slot(wanted.slot);
  return number_at(wanted.numbers, slot.tid, slot.pid_space, viewer);
}

i32 TaskTable::number_of_process(u32 process, u32 viewer) const {
  const HostProcess& wanted = processes_.at(process);
  const Slot& slot = shared_.slot(wanted.leader_slot);
  return number_at(wanted.numbers, slot.tgid, slot.pid_space, viewer);
}

i32 TaskTable::pid_of(TaskId leader, u32 viewer) const {
  if (exists(leader)) {
    return tid_of(leader, viewer);
  }
  for (const auto& [number, process] : processes_) {
    if (process.leader == leader) {
      return number_of_process(number, viewer);
    }
  }
  return kNobodysPid;
}

TaskId TaskTable::task_by_number(i32 tid, u32 viewer) const {
  for (const auto& [id, task] : tasks_) {
    if (tid_of(id, viewer) == tid) {
      return id;
    }
  }
  return leader_of(tid, viewer);
}

TaskId TaskTable::leader_of(i32 pid, u32 viewer) const {
  for (const auto& [number, process] : processes_) {
    if (number_of_process(number, viewer) == pid) {
      return process.leader;
    }
  }
  const auto ended = ended_.find({viewer, pid});
  return ended == ended_.end() ? kNoTask : ended->second;
}

u32 PidSpaces::make(u32 parent) {
  spaces_.push_back({.parent = parent, .level = spaces_[parent].level + 1});
  return static_cast<u32>(spaces_.size() - 1);
}

bool PidSpaces::sees(u32 viewer, u32 space) const {
  while (space != viewer && space != 0) {
    space = spaces_[space].parent;
  }
  return space == viewer;
}

}  // namespace ipcsim::host
