#include "sim/replay/report.hpp"

#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace ipcsim {

void Report::add(Report other) {
  steps += other.steps;
  compared += other.compared;
  not_modelled += other.not_modelled;
  undecided += other.undecided;
  states += other.states;
  std::move(other.differences.begin(), other.differences.end(), std::back_inserter(differences));
  std::move(other.remarks.begin(), other.remarks.end(), std::back_inserter(remarks));
}

std::string summary_line(const Report& report) {
  return fmt::format("{} steps, {} compared, {} differences, {} not modelled", report.steps,
                     report.compared, report.differences.size(), report.not_modelled);
}

std::string to_text(const Difference& difference) {
  std::string text = fmt::format(
      "{}: step {}, task {}: {}\n  expected ({}): {}\n  actual ({}): {}\n", difference.where,
      difference.step, difference.task.v, difference.call, difference.expected_by,
      difference.expected, difference.actual_by, difference.actual);
  text += difference.side_by_side;
  if (!difference.state_before.empty()) {
    text += "  before the step:\n" + difference.state_before;
  }
  return text;
}

}  // namespace ipcsim
