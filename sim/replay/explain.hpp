// Is a recorded run possible? Searches for an interleaving that gives every recorded result.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "sim/kernel/kernel.hpp"
#include "sim/replay/machine.hpp"
#include "sim/replay/report.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// How far a search may go before it gives up.
struct ExplainLimits {
  u64 sections = 50'000'000;  ///< lock-held sections run in all
  u64 choices_kept = 5'000;   ///< choice points that can still be taken back; each has a state
};

/// One thing that happens in an explanation: the next event of the trace takes effect, or a task
/// runs a section.
struct ScheduleEntry {
  bool is_event = false;
  u32 event = 0;  ///< index into Trace::events
  TaskId task;    ///< otherwise: whose section
};

/// What a search came to.
struct Explanation {
  enum class Verdict : u8 {
    kExplained,  ///< `schedule` gives every recorded result
    kRefuted,    ///< no interleaving does; `furthest` is the first event that none explains
    kUndecided,  ///< the search was given up
  };
  Verdict verdict = Verdict::kExplained;
  std::vector<ScheduleEntry> schedule;
  Report report;
};

/// Searches the interleavings of lock-held sections of an observed trace. A call takes effect
/// between its event and its return's; a section runs when an event needs it, the awaited task's
/// first, then the others' in their order on the run queue; a section whose call ends otherwise
/// than recorded is taken back. Fails when the model has no answer for a signal.
[[nodiscard]] std::expected<Explanation, MachineError> explain(const Trace& trace,
                                                               const KernelProfile& profile,
                                                               const ExplainLimits& limits);

}  // namespace ipcsim
