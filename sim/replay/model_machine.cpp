#include "sim/replay/model_machine.hpp"

#include <fmt/format.h>

namespace ipcsim {

std::string ModelMachine::name() const {
  return fmt::format("model {}", kernel_.state().profile->name);
}

std::expected<void, MachineError> ModelMachine::post(TaskId task, const Call& call) {
  kernel_.post(task, call);
  return {};
}

std::expected<void, MachineError> ModelMachine::post_signal(TaskId task, Signal signal) {
  if (auto why = kernel_.post_signal(task, signal)) {
    return std::unexpected(MachineError{.unsupported = true, .message = *std::move(why)});
  }
  return {};
}

std::expected<void, MachineError> ModelMachine::post_other_fd(TaskId task, Fd fd, bool cloexec) {
  if (auto why = kernel_.post_other_fd(task, fd, cloexec)) {
    return std::unexpected(MachineError{.unsupported = false, .message = *std::move(why)});
  }
  return {};
}

std::expected<void, MachineError> ModelMachine::advance(Nanoseconds by) {
  kernel_.advance(by);
  return {};
}

std::expected<Settled, MachineError> ModelMachine::settle() {
  while (kernel_.first_runnable() != kNoTask) {
    kernel_.run_section(kernel_.first_runnable());
  }
  if (auto broken = kernel_.broken_invariant()) {
    return std::unexpected(MachineError{
        .unsupported = false, .message = "the model broke its own rule: " + *std::move(broken)});
  }
  return Settled{kernel_.take_completions(), kernel_.sleepers(), kernel_.take_handled()};
}

}  // namespace ipcsim
