// The tasks, descriptors and transfers of a workload, as calls bring them one after the other.
#pragma once

#include <map>
#include <vector>

#include "model/base/types.hpp"
#include "sim/workload/workload.hpp"

namespace ipcsim {

/// Makes a workload of what tasks did: descriptor tables are followed, so that a transfer finds its
/// object, and an object's end the last descriptor.
class WorkloadBuilder {
 public:
  /// A descriptor of a table.
  struct Descriptor {
    u32 file = 0;  ///< in the workload
    bool cloexec = false;
  };
  static constexpr u32 kOtherFile = 0xffffffffU;  ///< a descriptor of something else

  [[nodiscard]] Workload& workload() { return workload_; }

  /// A task with a descriptor table of its own, there from the start.
  void add_first_task(TaskId id);
  /// A child; one that is there already is not made again. `shares`: the parent's table.
  void fork(TaskId parent, TaskId child, bool shares);
  /// The task has its table to itself, without what closes on exec.
  void exec(TaskId id);
  /// The task ends: with the last user of its table its descriptors go.
  void leave(TaskId id);
  /// The task has begun and not ended.
  [[nodiscard]] bool present(TaskId id) const;

  u32 add_object(WorkloadObject object);
  u32 add_file(u32 object, PipeMode mode);
  [[nodiscard]] WorkloadObject& object_of(u32 file);

  /// The file behind a descriptor, or kOtherFile.
  [[nodiscard]] u32 file_of(TaskId id, Fd fd);
  /// A descriptor appears; each one is a hold of its file.
  void put_fd(TaskId id, i32 fd, Descriptor descriptor, bool opens_fifo = false);
  void close_fd(TaskId id, i32 fd);
  /// `to` becomes what `from` is.
  void duplicate(TaskId id, Fd from, i32 to, bool cloexec);
  /// REQUIRES: file_of() knows it.
  void set_cloexec(TaskId id, Fd fd, bool cloexec);

  /// A call that asked for `asked` bytes and gave `done`, or moved one message. Calls of a kind in
  /// a row become one step.
  void transfer(TaskId id, Step::Kind kind, Fd fd, u64 asked, i64 done, u32 prio = 0);
  /// Where one task alone reads, its calls may return more than the recorded ones did.
  void allow_reading_ahead();

 private:
  /// A descriptor table, shared by the tasks that name it.
  struct Table {
    std::map<i32, Descriptor> fds;
    u32 users = 1;
  };
  struct TaskInfo {
    u32 number = 0;  ///< in the workload
    u32 table = 0;
    bool gone = false;
  };

  void add_task(TaskId id, u32 table, bool starts);
  std::vector<Step>& steps(TaskId id) { return workload_.tasks[tasks_.at(id).number].steps; }
  Table& table(TaskId id) { return tables_[tasks_.at(id).table]; }

  Workload workload_;
  std::vector<Table> tables_;
  std::map<TaskId, TaskInfo> tasks_;
};

}  // namespace ipcsim
