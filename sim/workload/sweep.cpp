#include "sim/workload/sweep.hpp"

#include <algorithm>
#include <array>

#include "model/base/check.hpp"

namespace ipcsim {
namespace {

constexpr double kMebibyte = 1048576.0;
constexpr double kMessages = 1000.0;

/// Where nothing is left to chance there is only one run; otherwise one for each of these.
struct Variant {
  SchedulePolicy policy = SchedulePolicy::kRunToBlock;
  CostLevel waking = CostLevel::kMedian;
  u32 writer_percent = 100;
  u32 reader_percent = 100;
};

constexpr std::array kOneProcessor{
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kMedian, 100, 100},
    Variant{SchedulePolicy::kWakePreempts, CostLevel::kMedian, 100, 100},
    Variant{SchedulePolicy::kFair, CostLevel::kMedian, 100, 100},
};
constexpr std::array kTwoProcessors{
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kMedian, 100, 100},
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kLow, 130, 80},
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kLow, 80, 130},
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kHigh, 130, 80},
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kHigh, 80, 130},
};
constexpr std::array kFirstInFirstOut{
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kMedian, 100, 100}};

std::span<const Variant> variants(Placement placement) {
  switch (placement) {
    case Placement::kOne:
      return kOneProcessor;
    case Placement::kOneFifo:
      return kFirstInFirstOut;
    case Placement::kTwo:
      return kTwoProcessors;
  }
  return kFirstInFirstOut;
}

RunOptions options_of(const Variant& variant, const SweepOptions& options, bool first) {
  return {.profile = options.profile,
          .page_size = options.page_size,
          .costs = costs_of(*options.calibration, CostLevel::kMedian, variant.waking),
          .processors = options.placement == Placement::kTwo ? 2U : 1U,
          .policy = variant.policy,
          .seed = options.seed,
          .writer_percent = variant.writer_percent,
          .reader_percent = variant.reader_percent,
          .most_sections = options.most_sections,
          .timeline = first};
}

double sleeps(const RunResult& run, bool queue) {
  return static_cast<double>(run.all.sleeps) / units(run.all, queue);
}

double speed(const RunResult& run) {
  return run.elapsed_ns == 0
             ? 0
             : static_cast<double>(run.all.bytes_in) * 1e9 / static_cast<double>(run.elapsed_ns);
}

void widen(Interval& interval, double value) {
  interval.low = std::min(interval.low, value);
  interval.high = std::max(interval.high, value);
}

}  // namespace

double units(const RunCounts& counts, bool queue) {
  const double all = queue ? static_cast<double>(counts.messages) / kMessages
                           : static_cast<double>(counts.bytes_in) / kMebibyte;
  return std::max(all, 1e-9);
}

SweepRow sweep_row(const SweepCase& at, const SweepOptions& options) {
  IPCSIM_CHECK(options.profile != nullptr && options.calibration != nullptr);
  const std::span<const Variant> all = variants(options.placement);
  SweepRow row{.size = at.size,
               .run = run_workload(at.workload, options_of(all.front(), options, true))};
  const double middle_sleeps = sleeps(row.run, at.queue);
  const double middle_speed = speed(row.run);
  row.sleeps_per_unit = {middle_sleeps, middle_sleeps, middle_sleeps};
  row.bytes_per_second = {middle_speed, middle_speed, middle_speed};
  if (options.bounds) {
    for (const Variant& variant : all.subspan(1)) {
      const RunResult run = run_workload(at.workload, options_of(variant, options, false));
      widen(row.sleeps_per_unit, sleeps(run, at.queue));
      widen(row.bytes_per_second, speed(run));
    }
  }
  return row;
}

SweepSummary summarise(const std::vector<SweepRow>& rows) {
  constexpr double kFlat = 0.95;
  SweepSummary summary;
  double best = 0;
  for (const SweepRow& row : rows) {
    best = row.run.stuck.empty() ? std::max(best, row.bytes_per_second.middle) : best;
  }
  for (int i = static_cast<int>(rows.size()) - 1; i >= 0; --i) {
    const SweepRow& row = rows[static_cast<std::size_t>(i)];
    if (!row.run.stuck.empty()) {
      continue;
    }
    summary.least_without_deadlock = i;
    if (row.run.write_sleeps == 0) {
      summary.least_without_sleeping_writers = i;
    }
    if (row.bytes_per_second.middle >= kFlat * best) {
      summary.flat_from = i;
    }
  }
  return summary;
}

}  // namespace ipcsim
