// Which events of a trace begin, end and await which call.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "sim/trace/trace.hpp"

namespace ipcsim {

/// A call of a trace, from its event to its end.
struct RecordedCall {
  u32 begin = 0;                  ///< index of its CallEvent
  u32 end_event = 0;              ///< index of the event that says how it ended, if one does
  std::optional<Completion> end;  ///< how it ended, if the trace says so
};

inline constexpr u32 kNoCall = std::numeric_limits<u32>::max();

/// The calls of a trace, found by event.
struct CallIndex {
  std::vector<RecordedCall> calls;
  std::vector<u32> of_event;         ///< call that event i begins or ends, or kNoCall
  std::map<TaskId, TaskId> parents;  ///< who forks whom
  bool cut_contents = false;         ///< some bytes that were written are not known
};

[[nodiscard]] CallIndex index_calls(const Trace& trace);

}  // namespace ipcsim
