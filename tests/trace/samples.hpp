// Traces made from a seed: every call, every event, every form that a value can take.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "model/base/random.hpp"
#include "sim/kernel/call.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// Small, large, a power of two, and the ends of the type's range.
template <class T>
T random_number(Random& random) {
  switch (random.below(6)) {
    case 0:
      return std::numeric_limits<T>::min();
    case 1:
      return std::numeric_limits<T>::max();
    case 2:
      return static_cast<T>(T{1} << random.below(std::numeric_limits<T>::digits));
    case 3:
      return static_cast<T>(random.next());
    default:
      return static_cast<T>(random.below(100));
  }
}

/// Text with quotes, escapes and characters of several bytes.
std::string random_text(Random& random);
MqAttr random_attr(Random& random);
PollEvents random_poll_events(Random& random);

/// A call of the kind that stands at `index` in `Call`, with parameters that a trace can hold.
Call random_call(Random& random, std::size_t index);
/// A result that the call may have, right or wrong.
SysResult random_result(Random& random, const Call& call);
Payload random_payload(Random& random);
/// One event of each kind but calls, and calls of each kind with and without a result.
std::vector<Event> random_events(Random& random);
TraceHeader random_header(Random& random);
/// What is said of a pipe, of a queue, or of neither.
StateEvent random_state(Random& random, TaskId task);
/// A trace that passes check_trace().
Trace random_trace(Random& random, std::size_t events);

}  // namespace ipcsim
