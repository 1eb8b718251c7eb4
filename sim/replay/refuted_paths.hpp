// What the paths of a search came to that got furthest and were wrong.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/replay/explain.hpp"
#include "sim/replay/explain_report.hpp"
#include "sim/replay/twin_kernel.hpp"

namespace ipcsim {

/// Collects the conflicts of the longest paths, for the report.
class RefutedPaths {
 public:
  /// Keeps the conflict if no path got further. `schedule`: what led to it.
  void note(const Conflict& conflict, std::span<const ScheduleEntry> schedule);
  /// The event that the longest paths ended at, if one ended.
  [[nodiscard]] const std::optional<u32>& furthest() const { return furthest_; }
  /// The different conflicts there, the first ones with the objects before them. `initial`: the
  /// kernel that the trace begins with.
  [[nodiscard]] std::vector<Conflict> conflicts(const Trace& trace,
                                                const TwinKernel& initial) const;

 private:
  /// The same conflict in one or more states.
  struct Answer {
    Conflict conflict;
    std::vector<ScheduleEntry> schedule;  // that led to the first of them; empty: not kept
  };

  std::optional<u32> furthest_;
  std::vector<Answer> answers_;
};

}  // namespace ipcsim
