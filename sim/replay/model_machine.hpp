// The model as a machine: a simulated kernel under the run-to-block scheduler.
#pragma once

#include <memory>

#include "sim/kernel/environment.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/replay/machine.hpp"

namespace ipcsim {

/// Runs steps in a `Kernel`. A task runs until its call returns or sleeps; woken tasks queue behind
/// the ones that were runnable before: what one processor does with equal real-time priorities.
class ModelMachine final : public Machine {
 public:
  ModelMachine(const Environment& environment, const KernelProfile& profile, Contents contents)
      : kernel_(environment, profile, contents) {}

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] bool ordered() const override { return true; }
  [[nodiscard]] bool idle(TaskId task) const override { return kernel_.idle(task); }
  [[nodiscard]] bool exists(TaskId task) const override { return kernel_.exists(task); }

  std::expected<void, MachineError> post(TaskId task, const Call& call) override;
  std::expected<void, MachineError> post_signal(TaskId task, Signal signal) override;
  std::expected<void, MachineError> post_other_fd(TaskId task, Fd fd, bool cloexec) override;
  std::expected<void, MachineError> advance(Nanoseconds by) override;
  /// Fails when a structure breaks one of its rules, which is checked after every settling.
  [[nodiscard]] std::expected<Settled, MachineError> settle() override;
  [[nodiscard]] std::optional<Snapshot> snapshot() override { return kernel_.snapshot(); }

  [[nodiscard]] std::optional<ObjectSnapshot> object_of(TaskId task, Fd fd) override {
    return kernel_.object_of(task, fd);
  }

  [[nodiscard]] std::vector<LiveObject> live_objects() override {
    return ipcsim::live_objects(kernel_.state());
  }

  [[nodiscard]] const Kernel& kernel() const { return kernel_; }

 private:
  Kernel kernel_;
};

}  // namespace ipcsim
