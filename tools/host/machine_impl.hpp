// HostMachine itself; users of it need host_machine.hpp only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tools/host/encode_call.hpp"
#include "tools/host/host_machine.hpp"
#include "tools/host/priorities.hpp"
#include "tools/host/run.hpp"
#include "tools/host/settling.hpp"
#include "tools/host/task_table.hpp"
#include "tools/host/virtual_clock.hpp"
#include "tools/host/watchdog.hpp"
#include "tools/host/whitebox/object_reader.hpp"

namespace ipcsim::host {

/// Real tasks, steered by strict priority or by watching them. See README.md for how a step runs.
class HostMachine final : public Machine {
 public:
  /// Takes over a run that was started with `realtime` as here. `priorities` are the calling
  /// thread's.
  HostMachine(const Environment& environment, const HostOptions& options, bool realtime,
              std::unique_ptr<Priorities> priorities, std::unique_ptr<Run> run);
  ~HostMachine() override;

  /// Opens the descriptors that the environment's tasks begin with.
  std::expected<void, MachineError> open_other_fds(const Environment& environment);
  /// From now on find_objects() has answers. `nice`: of the first tasks.
  std::expected<void, MachineError> read_state(i32 nice);

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] bool ordered() const override { return realtime_; }
  [[nodiscard]] bool idle(TaskId task) const override;
  [[nodiscard]] bool exists(TaskId task) const override { return tasks_.exists(task); }
  std::expected<void, MachineError> post(TaskId task, const Call& call) override;
  std::expected<void, MachineError> post_signal(TaskId task, Signal signal) override;
  std::expected<void, MachineError> post_other_fd(TaskId task, Fd fd, bool cloexec) override;
  std::expected<void, MachineError> advance(Nanoseconds by) override;
  [[nodiscard]] std::expected<Settled, MachineError> settle() override;
  [[nodiscard]] std::optional<Snapshot> snapshot() override { return std::nullopt; }
  [[nodiscard]] std::expected<std::vector<FoundObject>, MachineError> find_objects(
      std::span<const LiveObject> wanted) override;

  /// The run's processes, for what looks at them from outside.
  [[nodiscard]] const Run& run() const { return *run_; }
  /// The task's number in /proc. REQUIRES: exists(task).
  [[nodiscard]] int host_pid(TaskId task) const { return tasks_.slot(task).host_tid; }
  /// How often a task was late: not where strict priority should have had it. Then it was waited
  /// for.
  [[nodiscard]] u64 late() const { return late_; }
  /// See was_too_slow().
  [[nodiscard]] bool too_slow() const { return too_slow_ || clock_.overrun(host_now_ns()); }
  /// Makes a task run for ever, for the test of the watchdog. REQUIRES: idle(task).
  void post_spin(TaskId task);

 private:
  using Done = std::expected<void, MachineError>;

  /// Something that was posted and waits for settle().
  struct Posted {
    u32 slot = 0;
    Signal signal;  ///< 0: the slot's call
  };

  /// False when the kernel does not let it happen.
  [[nodiscard]] bool fire(const Posted& posted) const;
  /// Lets everything that was posted go, and waits until every task sleeps or is parked.
  Done release();
  Done wait_until_settled();
  Done lose_moving(TaskId moving);
  Done check_settled();
  [[nodiscard]] bool all_where_expected() const;
  Done run_internal(TaskId task);
  Done wait_for_timers(i64 host_ns);
  [[nodiscard]] bool all_timers_fired() const;
  Done wait_until_timers_fired();
  [[nodiscard]] bool stopped(TaskId task) const;

  Done collect(Settled& settled);
  Done collect_returns(std::vector<Ended>& ended);
  Done collect_handled(Settled& settled);
  [[nodiscard]] TaskId sender_of(const HandledNote& note) const;
  void collect_stops();
  void collect_births();
  void collect_exits();
  void collect_deaths(std::vector<Ended>& ended);
  void collect_replaced(TaskId task, u64 order, std::vector<Ended>& ended);
  [[nodiscard]] u64 last_death(const std::vector<TaskId>& tasks, u64 otherwise) const;
  Done collect_return(TaskId task, std::vector<Ended>& ended);
  void clean_window(const HostTask& task) const;

  Done lose(std::string why);
  [[nodiscard]] std::unexpected<MachineError> lost() const;
  void check_thread() const;

  HostOptions options_;
  bool realtime_;
  std::string name_;
  std::thread::id owner_ = std::this_thread::get_id();
  std::unique_ptr<Priorities> priorities_;
  std::unique_ptr<Run> run_;
  TaskTable tasks_;
  VirtualClock clock_;
  std::optional<QueueNames> queue_names_;
  UserPages user_pages_;
  bool has_queues_ = false;  ///< times of whole seconds may matter
  std::vector<Posted> posted_;
  u32 deaths_seen_ = 0;
  u32 handled_seen_ = 0;
  u64 late_ = 0;
  std::optional<std::string> lost_;
  bool too_slow_ = false;  ///< that is why
  std::optional<ObjectReader> objects_;
  std::optional<Watchdog> watchdog_;
};

}  // namespace ipcsim::host
