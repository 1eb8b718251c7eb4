// The tasks of a run: which number of the trace is which task of the host.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "sim/kernel/call.hpp"
#include "sim/kernel/environment.hpp"
#include "tools/host/agent/protocol.hpp"
#include "tools/host/window.hpp"

namespace ipcsim::host {

/// A call that a task is in.
struct CallInProgress {
  Call call;
  std::vector<Piece> buffers;     ///< where its buffers are
  u64 out_offset = 0;             ///< where the kernel puts what the call hands out
  bool cut = false;               ///< a buffer is shorter than the call says
  u64 window_bytes = 0;           ///< of the window that were used
  std::optional<u32> child_slot;  ///< fork(), vfork(), clone()
};

/// A living task.
struct HostTask {
  u32 slot = 0;
  u32 process = 0;        ///< index for TaskTable::process()
  u32 user_ns_level = 0;  ///< user namespaces that it, or who made it, has made around it
  std::optional<CallInProgress> call;
};

/// A process, also while only some of its threads live.
struct HostProcess {
  u32 leader_slot = 0;         ///< it is reaped under this one
  TaskId leader;               ///< who leads it, also when that thread has ended
  std::vector<TaskId> living;  ///< its threads, by number
};

/// Living tasks by number, and processes.
class TaskTable {
 public:
  TaskTable(const Shared& shared, const Environment& environment);

  [[nodiscard]] bool exists(TaskId task) const { return tasks_.contains(task); }
  /// REQUIRES: exists(task).
  [[nodiscard]] HostTask& task(TaskId task) { return tasks_.at(task); }
  [[nodiscard]] const HostTask& task(TaskId task) const { return tasks_.at(task); }
  [[nodiscard]] std::map<TaskId, HostTask>& tasks() { return tasks_; }
  [[nodiscard]] const std::map<TaskId, HostTask>& tasks() const { return tasks_; }
  [[nodiscard]] Slot& slot(TaskId task) const { return shared_.slot(tasks_.at(task).slot); }
  [[nodiscard]] Slot& slot_at(u32 index) const { return shared_.slot(index); }
  [[nodiscard]] const HostProcess& process_of(TaskId task) const {
    return processes_.at(tasks_.at(task).process);
  }
  [[nodiscard]] const std::map<u32, HostProcess>& processes() const { return processes_; }

  /// A slot for a task that is about to be made, or nothing when all are taken.
  [[nodiscard]] std::optional<u32> take_slot(TaskId task);
  /// The slot is nobody's again. REQUIRES: its task is gone, or was never made.
  void free_slot(u32 slot);

  /// A task was made: a thread of `parent`'s process, or a process.
  void add_child(TaskId parent, TaskId child, u32 slot, bool thread);
  /// A task is gone. Its slot stays taken while its process is to be reaped under it.
  void remove(TaskId task);
  /// The task leads its process from now on: the others ended when it called execve().
  void take_lead(TaskId task);
  /// Every thread of the process is gone and it was reaped. REQUIRES: its tasks were removed.
  void remove_process(u32 process);

  /// The number of a task, or of a first thread that has ended before its process; kNobodysPid when
  /// there is none.
  [[nodiscard]] i32 pid_of(TaskId leader) const;
  /// The task that leads the process with this number, or led one that has ended; kNoTask when
  /// there never was one.
  [[nodiscard]] TaskId leader_of(i32 pid) const;
  /// The thread with this number, else as leader_of().
  [[nodiscard]] TaskId task_by_number(i32 tid) const;
  /// The number of a thread, kNobodysPid when there is none.
  [[nodiscard]] i32 tid_of(TaskId task) const;

 private:
  void add(TaskId task, u32 slot, u32 process);

  Shared shared_;
  std::map<TaskId, HostTask> tasks_;
  std::map<u32, HostProcess> processes_;
  std::map<i32, TaskId> ended_;  ///< leaders of processes that are gone, by pid
  u32 next_process_ = 0;
  u32 next_slot_ = 0;
  std::vector<u32> free_slots_;
};

}  // namespace ipcsim::host
