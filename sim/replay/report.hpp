// What a replay or a comparison found.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/base/types.hpp"

namespace ipcsim {

/// One disagreement.
struct Difference {
  std::string where;  ///< "FILE:LINE", of the event
  u64 step = 0;       ///< from 1
  TaskId task;
  std::string call;         ///< the call or event, as text
  std::string expected;     ///< what the trace (or the first machine) has
  std::string expected_by;  ///< "recorded", or a machine's name
  std::string actual;
  std::string actual_by;     ///< a machine's name
  std::string state_before;  ///< the objects before the step, as text; empty when not known
  std::string side_by_side;  ///< an object that differs, as both machines have it; else empty
};

/// The outcome of running one or more traces.
struct Report {
  u64 steps = 0;         ///< events that were run: calls, signals, passing of time
  u64 compared = 0;      ///< results and sleepers compared
  u64 not_modelled = 0;  ///< calls that the model has no answer for
  u64 undecided = 0;     ///< traces whose search was given up
  u64 states = 0;        ///< objects that were compared whole, each after each step
  std::vector<Difference> differences;
  std::vector<std::string> remarks;  ///< what a reader should know: contents not compared, ...

  void add(Report other);
};

/// "12 steps, 10 compared, 0 differences, 0 not modelled"
[[nodiscard]] std::string summary_line(const Report& report);
/// The difference in several lines, for people.
[[nodiscard]] std::string to_text(const Difference& difference);

}  // namespace ipcsim
