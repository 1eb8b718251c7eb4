// One run on the host: its supervisor, and the memory shared with its tasks.
#pragma once

#include <sched.h>

#include <chrono>
#include <expected>
#include <memory>
#include <string>

#include "sim/kernel/environment.hpp"
#include "sim/replay/machine.hpp"
#include "tools/host/agent/protocol.hpp"
#include "tools/host/run_book.hpp"

namespace ipcsim::host {

/// How a run is to be started.
struct RunPlan {
  Isolation isolation = Isolation::kNamespaces;
  bool own_uid = false;    ///< every uid of the trace becomes a real uid that nobody else has
  bool keep_root = false;  ///< but 0
  bool realtime = false;   ///< SCHED_FIFO
  int noting_priority = 0;
  int task_priority = 0;
  int reaping_priority = 0;
  int cpu = 0;             ///< where all tasks run
  cpu_set_t spare_cpus{};  ///< where the supervisor of a run that is killed may run
  std::chrono::milliseconds timeout{};
};

/// The processes of a run. Destroying it ends all of them and removes what they had.
class Run {
 public:
  /// Starts the supervisor and the tasks of `environment`; task i has slot i. Errors are
  /// `unsupported`: this machine cannot be as `environment` and `plan` say, with the reason.
  [[nodiscard]] static std::expected<std::unique_ptr<Run>, MachineError> start(
      const Environment& environment, const RunPlan& plan);

  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run();

  [[nodiscard]] const Shared& shared() const { return shared_; }
  [[nodiscard]] Isolation isolation() const { return plan_.isolation; }
  /// What has other numbers on the host than in the trace.
  [[nodiscard]] RunBook& book() { return book_; }
  /// The supervisor's number in /proc.
  [[nodiscard]] int supervisor_pid() const { return pid_; }
  /// False when the supervisor, and so every task, is gone.
  [[nodiscard]] bool alive() const;
  /// Kills every task. May be called by any thread.
  void kill() const;
  /// Prefix of this run's queue names where it has no namespace of its own.
  [[nodiscard]] const std::string& queue_prefix() const { return queue_prefix_; }

 private:
  explicit Run(const RunPlan& plan) : plan_(plan) {}

  std::expected<void, MachineError> connect(const Environment& environment);
  std::expected<void, MachineError> receive_memory(const Environment& environment);
  std::expected<void, MachineError> schedule_supervisor() const;
  void unschedule_supervisor() const;
  void unschedule_first_processes() const;
  std::expected<void, MachineError> fill_slots(const Environment& environment);
  std::expected<Ready, MachineError> receive_ready(int* descriptor) const;
  void remove_leftovers() const;

  RunPlan plan_;
  int pid_ = -1;
  int pidfd_ = -1;
  int socket_ = -1;
  Shared shared_;
  RunBook book_;
  std::string folder_;  ///< kFolder: the run's own
  std::string queue_prefix_;
};

}  // namespace ipcsim::host
