// A few lines of log in, what a search says of them out.
#pragma once

#include <string>
#include <string_view>

#include "model/base/kernel_profile.hpp"
#include "sim/replay/explain.hpp"
#include "tests/import/imported_events.hpp"

namespace ipcsim {

/// "explained", "undecided", "not modelled", or how the log is refuted.
inline std::string verdict_on(const Trace& trace) {
  EXPECT_TRUE(check_trace(trace).has_value()) << check_trace(trace).error().message;
  const auto explanation = explain(trace, newest_profile(), {});
  if (!explanation) {
    return explanation.error().message;
  }
  if (explanation->report.not_modelled > 0) {
    return "not modelled";
  }
  switch (explanation->verdict) {
    case Explanation::Verdict::kExplained:
      return "explained";
    case Explanation::Verdict::kUndecided:
      return "undecided";
    case Explanation::Verdict::kRefuted:
      break;
  }
  const auto& differences = explanation->report.differences;
  return differences.empty()
             ? "refuted"
             : "refuted: " + differences.front().where + " " + differences.front().expected +
                   ", not " + differences.front().actual;
}

inline std::string verdict_of(std::string_view log) { return verdict_on(imported(log).first); }

}  // namespace ipcsim
