#include "sim/replay/settled_steps.hpp"

#include "sim/replay/actions.hpp"

namespace ipcsim {
namespace {

/// Adds what the event records to the step it belongs to.
template <class Step>
struct Record {
  Step& step;
  const Event& event;

  void operator()(const CallEvent& call) const {
    if (call.result) {
      step.completions.push_back({&event, {.task = call.task, .result = *call.result}});
    }
  }
  void operator()(const ReturnEvent& ret) const {
    step.completions.push_back({&event, {.task = ret.task, .result = ret.result}});
  }
  void operator()(const DiedEvent& died) const {
    step.completions.push_back(
        {&event, {.task = died.task, .kind = Completion::Kind::kDied, .signal = died.signal}});
  }
  void operator()(const SleepEvent& sleep) const {
    step.sleepers.push_back({&event, {sleep.task, sleep.call}});
  }
  void operator()(const StateEvent& /*state*/) const {
    if constexpr (requires { step.states; }) {
      step.states.push_back(&event);
    }
  }
  void operator()(const HandledEvent& handled) const {
    step.handled.push_back({handled.task, handled.info});
  }
  void operator()(const auto& /*other*/) const {}
};

}  // namespace

std::vector<SettledStep> cut_into_steps(const Trace& trace) {
  std::vector<SettledStep> steps;
  for (const Event& event : trace.events) {
    if (is_action(event)) {
      steps.push_back({.event = &event});
    }
    if (!steps.empty()) {
      std::visit(Record<SettledStep>{steps.back(), event}, event.body);
    }
  }
  return steps;
}

std::vector<ConcurrentStep> cut_into_concurrent_steps(const Trace& trace) {
  std::vector<ConcurrentStep> steps;
  bool together = false;  // the next action is part of the last step
  for (const Event& event : trace.events) {
    if (is_action(event)) {
      if (!together) {
        steps.emplace_back();
      }
      steps.back().actions.push_back(&event);
      const auto* call = std::get_if<CallEvent>(&event.body);
      together = call == nullptr || !call->result;
    } else {
      together = false;
    }
    if (!steps.empty()) {
      std::visit(Record<ConcurrentStep>{steps.back(), event}, event.body);
    }
  }
  return steps;
}

}  // namespace ipcsim
