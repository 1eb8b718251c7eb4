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

Difference difference_of(const Trace& trace, const CallIndex& index, const KernelProfile& profile,
                         const SearchEnd& end) {
  const Conflict& conflict = *end.conflict;
  u32 acted = conflict.event;
  u32 told = conflict.event;
  const u32 call = conflict.call == kNoCall ? index.of_event[conflict.event] : conflict.call;
  if (call != kNoCall) {
    acted = index.calls[call].begin;
    told = conflict.call == kNoCall ? told : index.calls[call].end_event;
  }
  return {.where = where_text(trace, told),
          .task = conflict.task,
          .call = action_text(trace.events[acted]),
          .expected = conflict.expected,
          .expected_by = "recorded",
          .actual = conflict.actual + ", in every interleaving tried",
          .actual_by = fmt::format("model {}", profile.name),
          .state_before = end.state_before};
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
                             ": some bytes that were written are not in the trace, so only lengths "
                             "were compared");
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
