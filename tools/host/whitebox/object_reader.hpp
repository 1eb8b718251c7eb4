// Reads the objects of a run out of the kernel: those that another machine's objects stand for.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/replay/machine.hpp"
#include "tools/host/run_book.hpp"
#include "tools/host/task_table.hpp"
#include "tools/host/whitebox/kernel_names.hpp"
#include "tools/host/whitebox/kernel_reader.hpp"
#include "tools/host/whitebox/list_walk.hpp"
#include "tools/host/whitebox/pipe_walker.hpp"

namespace ipcsim::host {

/// What of a run's numbers means something.
struct RunNumbers {
  bool own_users = false;  ///< what users are charged is the run's alone
  /// The priority that every task has for the sake of order, on the kernel's scale, and the one
  /// that it stands for.
  std::optional<i32> realtime_prio;
  i32 ordinary_prio = 120;
  const IdMap* ids = nullptr;  ///< which user is which of the trace; null: this machine's
  u64 exec_id = 0;             ///< `self_exec_id` of who has not called execve() in the trace
};

/// The objects of one run. Everything sleeps while it reads.
class ObjectReader {
 public:
  ObjectReader(KernelReader& kernel, const TaskTable& tasks, const RunNumbers& numbers)
      : kernel_(kernel), tasks_(tasks), numbers_(numbers), names_(kernel.ops) {}

  /// What `wanted` (all objects there are) are in the kernel, in the same order. An object is the
  /// one behind all of its holders' descriptors; without holders, the one that has its name; else
  /// the one that it was when it was last found; else nothing is found, without a problem.
  /// Errors (by text): reading is refused, or something does not come to rest.
  [[nodiscard]] std::expected<std::vector<FoundObject>, std::string> find(
      std::span<const LiveObject> wanted);

 private:
  /// Where an object is.
  struct Place {
    u64 address = 0;  ///< of its structure; 0: not found
    bool pipe = false;
    std::string problem;
    bool operator==(const Place&) const = default;
  };
  struct Known {
    Place place;
    u32 slots_hint = 16;
  };
  /// One descriptor that leads to an object: where its pieces are after a call.
  struct AskedHolder {
    std::size_t object = 0;
    Holder holder;
    bool first = false;  ///< of its object's: the others only have to lead to the same
    Peeked max_fds, file, inode, mode, pipe, magic;
  };
  using Failure = std::expected<void, ReadError>;
  using Found = std::expected<std::vector<FoundObject>, ReadError>;

  Found find_once(std::span<const LiveObject> wanted);
  void find_tasks();
  void find_new_task(TaskId task, const Slot& slot);
  Failure find_by_holders(std::span<const LiveObject> wanted, std::vector<Place>& places);
  void ask_holder(AskedHolder& asked, std::map<TaskId, std::pair<Peeked, Peeked>>& tables);
  void place_holder(const AskedHolder& asked, std::vector<u64>& inodes,
                    std::vector<Place>& places) const;
  [[nodiscard]] Place place_of_inode(u64 inode, u32 mode, u64 magic, u64 pipe) const;
  std::expected<Place, ReadError> find_by_name(const LiveObject& wanted);
  std::expected<std::optional<Place>, ReadError> match_names(u64 head, u64 first,
                                                             const std::string& name);
  void remember(std::span<const LiveObject> wanted, std::vector<Place>& places);
  Found read(std::span<const LiveObject> wanted, const std::vector<Place>& places);
  Failure read_all_pipes(std::span<const LiveObject> wanted, const std::vector<Place>& places,
                         std::vector<FoundObject>& found);
  Failure read_one_queue(const Place& place, FoundObject& found);
  void adjust_priorities(std::vector<MqWaiterSnapshot>& waiters) const;
  void adjust(Surroundings& around) const;

  KernelReader& kernel_;
  const TaskTable& tasks_;
  RunNumbers numbers_;
  KernelNames names_;
  std::map<TaskId, u64> task_structs_;
  std::map<u32, u64> pids_;     // struct pid, by the number of the process in the table
  std::map<u32, Known> known_;  // by serial
};

}  // namespace ipcsim::host
