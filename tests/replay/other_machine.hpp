// A machine that answers as the model does, for tests that change one of its answers.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "sim/replay/model_machine.hpp"
#include "tests/replay/traces.hpp"

namespace ipcsim {

/// Another machine under a name of its own. Without structures that can be read.
class OtherMachine : public Machine {
 public:
  OtherMachine(std::string name, const Trace& trace)
      : name_(std::move(name)), model_(model_for(trace)) {}

  [[nodiscard]] std::string name() const final { return name_; }
  [[nodiscard]] bool ordered() const final { return true; }
  [[nodiscard]] bool idle(TaskId task) const final { return model_.idle(task); }
  [[nodiscard]] bool exists(TaskId task) const final { return model_.exists(task); }
  std::expected<void, MachineError> post(TaskId task, const Call& call) final {
    return model_.post(task, call);
  }
  std::expected<void, MachineError> post_signal(TaskId task, Signal signal) final {
    return model_.post_signal(task, signal);
  }
  std::expected<void, MachineError> post_other_fd(TaskId task, Fd fd, bool cloexec) final {
    return model_.post_other_fd(task, fd, cloexec);
  }
  std::expected<void, MachineError> advance(Nanoseconds by) final { return model_.advance(by); }
  [[nodiscard]] std::expected<Settled, MachineError> settle() override { return model_.settle(); }
  [[nodiscard]] std::optional<Snapshot> snapshot() final { return std::nullopt; }

 protected:
  ModelMachine& model() { return model_; }

 private:
  std::string name_;
  ModelMachine model_;
};

}  // namespace ipcsim
