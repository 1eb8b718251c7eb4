#include "sim/replay/actions.hpp"

#include <fmt/format.h>

namespace ipcsim {

bool is_action(const Event& event) {
  return std::holds_alternative<CallEvent>(event.body) ||
         std::holds_alternative<SignalEvent>(event.body) ||
         std::holds_alternative<AdvanceEvent>(event.body) ||
         std::holds_alternative<OtherFdEvent>(event.body);
}

TaskId acting_task(const Event& event) {
  return std::visit(
      [](const auto& body) {
        if constexpr (requires { body.task; }) {
          return body.task;
        } else {
          return kNoTask;
        }
      },
      event.body);
}

std::string action_text(const Event& event) {
  if (const auto* call = std::get_if<CallEvent>(&event.body)) {
    return to_text(call->call);
  }
  if (const auto* signal = std::get_if<SignalEvent>(&event.body)) {
    return signal_name(signal->signal) + " arrives";
  }
  if (const auto* advance = std::get_if<AdvanceEvent>(&event.body)) {
    return fmt::format("{} ns pass", advance->ns.v);
  }
  if (const auto* other = std::get_if<OtherFdEvent>(&event.body)) {
    return fmt::format("descriptor {} becomes another file", other->fd.v);
  }
  return {};
}

std::string action_text_for(const Event& event, TaskId task) {
  const TaskId actor = acting_task(event);
  if (actor == task) {
    return action_text(event);
  }
  return actor == kNoTask ? "after " + action_text(event)
                          : fmt::format("after task {}: {}", actor.v, action_text(event));
}

std::optional<std::string> cannot_post(const Machine& machine, const Event& event) {
  const TaskId task = acting_task(event);
  if (std::holds_alternative<AdvanceEvent>(event.body) ||
      std::holds_alternative<SignalEvent>(event.body) || machine.idle(task)) {
    return std::nullopt;
  }
  return machine.exists(task) ? "the task is still in its call" : "the task is gone";
}

std::expected<void, MachineError> post_event(Machine& machine, const Event& event) {
  if (const auto* call = std::get_if<CallEvent>(&event.body)) {
    return machine.post(call->task, call->call);
  }
  if (const auto* signal = std::get_if<SignalEvent>(&event.body)) {
    return machine.post_signal(signal->task, signal->signal);
  }
  if (const auto* advance = std::get_if<AdvanceEvent>(&event.body)) {
    return machine.advance(advance->ns);
  }
  const auto& other = std::get<OtherFdEvent>(event.body);
  return machine.post_other_fd(other.task, other.fd, other.cloexec);
}

}  // namespace ipcsim
