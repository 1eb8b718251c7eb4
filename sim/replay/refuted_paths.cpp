#include "sim/replay/refuted_paths.hpp"

#include <range/v3/algorithm/find_if.hpp>

#include "sim/replay/search_position.hpp"

namespace ipcsim {
namespace {

/// Different answers that are kept for the report, and those of them with their state.
constexpr std::size_t kMostAnswers = 16;
constexpr std::size_t kMostStates = 3;

/// The objects after a schedule that was run before in such a kernel.
std::string state_after(const Trace& trace, TwinKernel kernel,
                        const std::vector<ScheduleEntry>& schedule) {
  if (schedule.empty()) {
    return {};
  }
  for (const ScheduleEntry& entry : schedule) {
    if (!entry.is_event) {
      kernel.run_section(entry.task);
      static_cast<void>(kernel.take_completions());
      continue;
    }
    const Event& event = trace.events[entry.event];
    if (const auto* call = std::get_if<CallEvent>(&event.body)) {
      kernel.post(entry.task, call->call);
    } else {
      static_cast<void>(post_from_outside(kernel, event));
    }
  }
  return to_text(kernel.kernel().snapshot());
}

}  // namespace

void RefutedPaths::note(const Conflict& conflict, std::span<const ScheduleEntry> schedule) {
  if (furthest_ && conflict.event < *furthest_) {
    return;
  }
  if (!furthest_ || conflict.event > *furthest_) {
    furthest_ = conflict.event;
    answers_.clear();
  }
  const auto known = ranges::find_if(answers_, [&](const Answer& answer) {
    return answer.conflict.call == conflict.call && answer.conflict.actual == conflict.actual;
  });
  if (known != answers_.end()) {
    ++known->conflict.states;
    return;
  }
  if (answers_.size() < kMostAnswers) {
    answers_.push_back({conflict, {}});
    if (answers_.size() <= kMostStates) {
      answers_.back().schedule.assign(schedule.begin(), schedule.end());
    }
  }
}

std::vector<Conflict> RefutedPaths::conflicts(const Trace& trace, const TwinKernel& initial) const {
  std::vector<Conflict> conflicts;
  for (const Answer& answer : answers_) {
    conflicts.push_back(answer.conflict);
    conflicts.back().state_before = state_after(trace, initial, answer.schedule);
  }
  return conflicts;
}

}  // namespace ipcsim
