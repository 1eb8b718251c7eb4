// What addresses in the kernel stand for in a trace.
#pragma once

#include <map>
#include <optional>

#include "sim/kernel/snapshot.hpp"

namespace ipcsim::host {

/// The names of one run. Tasks come and go; a page has the same identity each time.
class KernelNames {
 public:
  explicit KernelNames(const std::map<u64, PipeBufOps>& ops) : ops_(ops) {}

  /// A `task_struct`.
  void name_task(u64 address, TaskId task) { tasks_[address] = task; }
  void forget_tasks() { tasks_.clear(); }
  [[nodiscard]] std::optional<TaskId> task(u64 address) const {
    const auto found = tasks_.find(address);
    return found == tasks_.end() ? std::nullopt : std::optional{found->second};
  }
  /// The `struct pid` of a process, which outlives it as long as somebody refers to it.
  void name_process(u64 pid, TaskId leader) { processes_[pid] = leader; }
  [[nodiscard]] std::optional<TaskId> process(u64 pid) const {
    const auto found = processes_.find(pid);
    return found == processes_.end() ? std::nullopt : std::optional{found->second};
  }
  /// A `struct page`. When it was freed and taken again it has its old identity.
  [[nodiscard]] Identity page(u64 address) {
    return pages_.try_emplace(address, Identity{static_cast<u32>(pages_.size())}).first->second;
  }
  /// A `struct pipe_buf_operations`; nothing when it is not one of those that are known.
  [[nodiscard]] std::optional<PipeBufOps> ops(u64 address) const {
    const auto found = ops_.find(address);
    return found == ops_.end() ? std::nullopt : std::optional{found->second};
  }

 private:
  const std::map<u64, PipeBufOps>& ops_;
  std::map<u64, TaskId> tasks_;
  std::map<u64, TaskId> processes_;
  std::map<u64, Identity> pages_;
};

}  // namespace ipcsim::host
