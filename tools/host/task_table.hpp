// The tasks of a run: which number of the trace is which task of the host.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/kernel/call.hpp"
#include "sim/kernel/environment.hpp"
#include "tools/host/agent/protocol.hpp"
#include "tools/host/window.hpp"

namespace ipcsim::host {

/// Most PID namespaces inside each other that a run has, with its own.
inline constexpr u32 kMostPidLevels = 8;

/// A PID namespace of a run.
struct PidSpace {
  u32 parent = 0;
  u32 level = 0;
  bool settled = false;  ///< somebody was born there
};

/// The PID namespaces of a run: its own is number 0.
class PidSpaces {
 public:
  /// One inside `parent`.
  u32 make(u32 parent);
  [[nodiscard]] u32 level(u32 space) const { return spaces_[space].level; }
  [[nodiscard]] u32 parent(u32 space) const { return spaces_[space].parent; }
  /// Nobody was born there yet: who is the first has not the rights of others.
  [[nodiscard]] bool empty(u32 space) const { return !spaces_[space].settled; }
  void settle(u32 space) { spaces_[space].settled = true; }
  /// Tasks of `viewer` have numbers for those of `space`.
  [[nodiscard]] bool sees(u32 viewer, u32 space) const;
  [[nodiscard]] bool only_the_runs() const { return spaces_.size() == 1; }

 private:
  std::vector<PidSpace> spaces_{PidSpace{.settled = true}};
};

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
  /// Where its children are to be born, if not where it is.
  std::optional<u32> pid_space_for_children{};
  /// Of a task in a PID namespace of the trace's: its numbers by level, the run's first.
  std::vector<i32> numbers{};
  std::optional<CallInProgress> call;
};

/// A process, also while only some of its threads live.
struct HostProcess {
  u32 leader_slot = 0;         ///< it is reaped under this one
  TaskId leader;               ///< who leads it, also when that thread has ended
  std::vector<TaskId> living;  ///< its threads, by number
  std::vector<i32> numbers{};  ///< as those of a task
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

  [[nodiscard]] const PidSpaces& spaces() const { return spaces_; }
  /// Says in a slot that was taken in which PID namespace its task will be, and as what.
  void place_child(TaskId parent, u32 slot, bool thread, bool new_space);
  /// The task's children are born in a new PID namespace from now on.
  void leave_pid_space(TaskId task);

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

  // Numbers are those that tasks of the PID namespace `viewer` have.

  /// The number of a task, or of a first thread that has ended before its process; kNobodysPid when
  /// there is none.
  [[nodiscard]] i32 pid_of(TaskId leader, u32 viewer) const;
  /// The task that leads the process with this number, or led one that has ended; kNoTask when
  /// there never was one.
  [[nodiscard]] TaskId leader_of(i32 pid, u32 viewer) const;
  /// The thread with this number, else as leader_of().
  [[nodiscard]] TaskId task_by_number(i32 tid, u32 viewer) const;
  /// The number of a thread, kNobodysPid when there is none.
  [[nodiscard]] i32 tid_of(TaskId task, u32 viewer) const;
  /// The number of a process, kNobodysPid when there is none.
  [[nodiscard]] i32 number_of_process(u32 process, u32 viewer) const;

 private:
  void add(TaskId task, u32 slot, u32 process);
  void learn_numbers(TaskId task);
  [[nodiscard]] i32 number_at(const std::vector<i32>& numbers, i32 otherwise, u32 space,
                              u32 viewer) const;

  Shared shared_;
  std::map<TaskId, HostTask> tasks_;
  std::map<u32, HostProcess> processes_;
  PidSpaces spaces_;
  /// Leaders of processes that are gone, by PID namespace and number there.
  std::map<std::pair<u32, i32>, TaskId> ended_;
  u32 next_process_ = 0;
  u32 next_slot_ = 0;
  std::vector<u32> free_slots_;
};

}  // namespace ipcsim::host
