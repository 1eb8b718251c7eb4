// Steps on a host machine, written shortly.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/kernel/call.hpp"
#include "tools/host/environment.hpp"
#include "tools/host/host_machine.hpp"
#include "tools/host/machine_impl.hpp"

namespace ipcsim {

inline constexpr TaskId kT1{1};
inline constexpr TaskId kT2{2};
inline constexpr TaskId kT3{3};
inline constexpr TaskId kT4{4};
inline constexpr TaskId kT5{5};
inline constexpr TaskId kT6{6};
inline constexpr TaskId kT7{7};

/// What a C library passes for a new thread.
inline constexpr u64 kThreadFlags =
    kCloneVm | kCloneFs | kCloneFiles | kCloneSighand | kCloneThread | kCloneSysvsem;

/// This machine's limits, and a task without capabilities: an environment that any user can have.
[[nodiscard]] Environment plain_environment();

// Calls, shortly.
[[nodiscard]] Call pipe_call(u32 flags = 0);
[[nodiscard]] Call read_call(i32 fd, u64 count);
[[nodiscard]] Call write_call(i32 fd, std::string bytes);
[[nodiscard]] Call fill_call(i32 fd, u64 count);
[[nodiscard]] Call open_call(std::string path, u32 flags);
[[nodiscard]] Call mq_call(std::string name, u32 flags, i64 maxmsg = 4, i64 msgsize = 32);
[[nodiscard]] Call send_call(i32 mqdes, std::string bytes, u32 prio = 0);
[[nodiscard]] Call receive_call(i32 mqdes, u64 len = 32);
[[nodiscard]] Call thread_call(TaskId child);

/// A machine and what its steps gave, as text: "t1=5 t2='hello' ~t3" is: task 1's call returned 5,
/// then task 2's the bytes "hello", and task 3 sleeps. Failures are "t1=-EAGAIN", deaths
/// "t1+SIGPIPE".
class HostRun {
 public:
  /// The machine is not there when it cannot be made: see error().
  explicit HostRun(const Environment& environment = plain_environment(),
                   const HostOptions& options = {});

  [[nodiscard]] bool made() const { return machine_ != nullptr; }
  [[nodiscard]] const MachineError& error() const { return error_; }
  [[nodiscard]] Machine& machine() { return *machine_; }
  [[nodiscard]] host::HostMachine& host() { return *host_; }
  [[nodiscard]] bool realtime() const { return machine_->ordered(); }

  /// One call until everything sleeps.
  std::string step(TaskId task, const Call& call);
  /// One signal until everything sleeps.
  std::string signal(TaskId task, Signal signal);
  /// Several calls that are posted together.
  std::string batch(const std::vector<std::pair<TaskId, Call>>& calls);
  void post(TaskId task, const Call& call);
  std::string settle();
  /// Lets time pass, then settles.
  std::string advance_ms(i64 ms);
  /// Ends the run.
  void destroy();

 private:
  std::unique_ptr<Machine> machine_;
  host::HostMachine* host_ = nullptr;
  MachineError error_;
};

/// Runs a test's body on every kind of run that this machine can make.
struct Mode {
  std::string_view name;
  HostOrdering ordering = HostOrdering::kBest;
  HostIsolation isolation = HostIsolation::kBest;
};

/// The fixture of tests that hold in every mode; completions may come in any order.
class EveryMode : public testing::TestWithParam<Mode> {
 protected:
  /// Skips the test where this machine cannot have the mode.
  void SetUp() override;
  [[nodiscard]] HostOptions options() const;

  std::unique_ptr<HostRun> run_;
};

[[nodiscard]] std::vector<Mode> every_mode();
[[nodiscard]] std::string mode_name(const testing::TestParamInfo<Mode>& info);

/// The fixture of tests about order: skipped where there are no real-time priorities.
class Ordered : public testing::Test {
 protected:
  void SetUp() override;
  HostRun run_;
};

/// The words of a settled text in alphabetic order, for runs without order.
[[nodiscard]] std::string sorted(const std::string& text);

}  // namespace ipcsim
