#include "sim/replay/explain_report.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "model/base/kernel_profile.hpp"
#include "sim/replay/actions.hpp"

namespace ipcsim {
namespace {

/// True when the event says how its call ended.
bool ends_a_call(const CallIndex& index, u32 event) {
  const u32 call = index.of_event[event];
  return call != kNoCall && index.calls[call].end && index.calls[call].end_event == event;
}

/// The conflict to tell of: the awaited call's own wrong end rather than another's.
const Conflict& main_conflict(const CallIndex& index, const SearchEnd& end) {
  const u32 awaited = index.of_event[end.reached];
  for (const Conflict& answer : end.answers) {
    if (answer.call != kNoCall && answer.call == awaited) {
      return answer;
    }
  }
  return end.answers.front();
}

/// "the call of task 2 gives 5" for an answer of another call than the one that is told of.
std::string answer_text(const Trace& trace, const CallIndex& index, const Conflict& answer,
                        const Conflict& main) {
  if (answer.call == main.call || answer.call == kNoCall) {
    return answer.actual;
  }
  return fmt::format("{} in {} of task {} ({})", answer.actual,
                     action_text(trace.events[index.calls[answer.call].begin]), answer.task.v,
                     where_text(trace, index.calls[answer.call].begin));
}

Difference difference_of(const Trace& trace, const CallIndex& index, const KernelProfile& profile,
                         const SearchEnd& end) {
  const Conflict& main = main_conflict(index, end);
  u32 acted = main.event;
  u32 told = main.event;
  const u32 call = main.call == kNoCall ? index.of_event[main.event] : main.call;
  if (call != kNoCall) {
    acted = index.calls[call].begin;
    told = main.call == kNoCall ? told : index.calls[call].end_event;
  }
  Difference difference{.where = where_text(trace, told),
                        .task = main.task,
                        .call = action_text(trace.events[acted]),
                        .expected = main.expected,
                        .expected_by = "recorded",
                        .actual = main.actual,
                        .actual_by = fmt::format("model {}", profile.name),
                        .state_before = main.state_before};
  for (const Conflict& answer : end.answers) {
    if (&answer == &main) {
      continue;
    }
    const std::string text = answer_text(trace, index, answer, main);
    difference.actual += "; or " + text;
    if (!answer.state_before.empty() && answer.state_before != main.state_before) {
      difference.state_before +=
          fmt::format("  or, where it is {}:\n{}", text, answer.state_before);
    }
  }
  difference.actual += ", in every interleaving tried";
  return difference;
}

}  // namespace

std::string where_text(const Trace& trace, u32 event) {
  const Event& e = trace.events[event];
  return e.origin.empty() ? fmt::format("{}:{}", trace.name, e.line)
                          : fmt::format("{}:{} ({})", trace.name, e.line, e.origin);
}

Report report_of(const Trace& trace, const CallIndex& index, const KernelProfile& profile,
                 const SearchEnd& end) {
  Report report;
  for (u32 event = 0; event < end.reached; ++event) {
    report.steps += is_action(trace.events[event]) ? 1 : 0;
    report.compared += ends_a_call(index, event) ? 1 : 0;
  }
  report.not_modelled = end.not_modelled;
  report.compared -= std::min(report.compared, end.not_modelled);
  if (index.cut_contents) {
    report.remarks.push_back(trace.name +
                             ": some bytes that were written are not in the trace; where they come "
                             "only lengths were compared");
  }
  if (end.verdict == Explanation::Verdict::kUndecided) {
    ++report.undecided;
    report.remarks.push_back(
        fmt::format("{}: undecided: the search was given up after {} sections; it got to {}",
                    trace.name, end.sections, where_text(trace, end.reached)));
  } else if (end.verdict == Explanation::Verdict::kRefuted) {
    ++report.compared;
    report.differences.push_back(difference_of(trace, index, profile, end));
    report.differences.back().step = report.steps;
  }
  return report;
}

}  // namespace ipcsim
