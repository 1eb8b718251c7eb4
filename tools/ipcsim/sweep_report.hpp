// What a sweep found, as text and as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/workload/sweep.hpp"
#include "tools/ipcsim/sweep_plan.hpp"

namespace ipcsim {

/// The same workload on the real kernel, several times.
struct MeasuredRow {
  Interval sleeps_per_unit;  ///< least, median and greatest of the runs
  Interval bytes_per_second;
  double syscalls_per_unit = 0;
  /// Of one more run, by the kernel's tracepoints, where this user may count them.
  std::optional<double> wakeups_per_unit;
  std::optional<double> new_pages_per_unit;
  std::string refused;  ///< why there is no measurement, or empty
};

struct SweepLine {
  SweepRow row;
  std::optional<PipeProbe> probe;
  std::optional<PipeProbe> real_probe;
  Budget budget;
  std::optional<MeasuredRow> measured;
};

struct SweepReport {
  std::string title;
  std::string profile;
  Calibration calibration;
  Placement placement = Placement::kTwo;
  bool queue = false;
  u32 page_size = 4096;
  std::vector<std::string> notes;
  std::vector<SweepLine> lines;
  SweepSummary summary;
};

[[nodiscard]] std::string sweep_text(const SweepReport& report);
[[nodiscard]] std::string sweep_json(const SweepReport& report);

/// "reference (built in): kernel 6.18.44, AMD EPYC, 2026-11-25"
[[nodiscard]] std::string calibration_line(const Calibration& calibration);
/// "two processors"
[[nodiscard]] std::string_view placement_text(Placement placement);
/// "31.8", or "12 .. 45" where low and high are apart.
[[nodiscard]] std::string interval_text(const Interval& interval);
/// The size of a row: "64 KiB", "10 messages".
[[nodiscard]] std::string size_text(const SweepReport& report, u64 size);
/// Rows of cells as lines, each column as wide as it needs to be; numbers to the right.
[[nodiscard]] std::string table_text(const std::vector<std::vector<std::string>>& rows);

}  // namespace ipcsim
