// What a search for an explanation tells its reader.
#pragma once

#include <string>
#include <vector>

#include "model/base/types.hpp"
#include "sim/replay/call_index.hpp"
#include "sim/replay/explain.hpp"
#include "sim/replay/report.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// Why paths through the interleavings cannot be right.
struct Conflict {
  u32 event = 0;       ///< the event that was waited for
  u32 call = kNoCall;  ///< the call that ended otherwise than recorded, if one did
  TaskId task;
  std::string expected;
  std::string actual;
  u64 states = 1;            ///< in how many states it came to this
  std::string state_before;  ///< the objects in the first of them; empty: not kept
};

/// A search at its end.
struct SearchEnd {
  Explanation::Verdict verdict = Explanation::Verdict::kExplained;
  u32 reached = 0;  ///< events explained
  u64 sections = 0;
  u64 not_modelled = 0;
  std::vector<Conflict> answers;  ///< what the states before the event `reached` would have given
};

/// "FILE:LINE" of an event, with its origin if it has one.
[[nodiscard]] std::string where_text(const Trace& trace, u32 event);

[[nodiscard]] Report report_of(const Trace& trace, const CallIndex& index,
                               const KernelProfile& profile, const SearchEnd& end);

}  // namespace ipcsim
