// A settled trace cut into steps: one action, and what is recorded to follow it.
#pragma once

#include <string>
#include <vector>

#include "sim/kernel/signal_info.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// The end of a call, recorded as following a step.
struct ExpectedCompletion {
  const Event* event = nullptr;
  Completion completion;
};

/// A sleeper recorded after a step.
struct ExpectedSleeper {
  const Event* event = nullptr;
  Sleeper sleeper;
};

/// One action of a trace.
struct SettledStep {
  const Event* event = nullptr;  ///< a call, a signal, time, or another file's descriptor
  std::vector<ExpectedCompletion> completions;  ///< in order
  std::vector<ExpectedSleeper> sleepers;
  std::vector<const Event*> states;  ///< StateEvents: what is so when everything has settled
  std::vector<HandledSignal> handled;
};

/// Actions of a concurrent trace that happened at the same time, and what they led to.
struct ConcurrentStep {
  std::vector<const Event*> actions;  ///< at least one
  std::vector<ExpectedCompletion> completions;
  std::vector<ExpectedSleeper> sleepers;
  std::vector<HandledSignal> handled;
};

/// The steps of a concurrent trace, which must outlive them.
[[nodiscard]] std::vector<ConcurrentStep> cut_into_concurrent_steps(const Trace& trace);
/// The steps of `trace`, which must outlive them.
[[nodiscard]] std::vector<SettledStep> cut_into_steps(const Trace& trace);

}  // namespace ipcsim
