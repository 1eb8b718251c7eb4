#include "sim/workload/sweep.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/base/check.hpp"

namespace ipcsim {
namespace {

constexpr double kMebibyte = 1048576.0;
constexpr double kMessages = 1000.0;
constexpr u32 kFewSleeps = 2;  ///< of a whole run, at its begin and end

/// Where nothing is left to chance there is only one run; otherwise one for each of these.
struct Variant {
  SchedulePolicy policy = SchedulePolicy::kRunToBlock;
  CostLevel waking = CostLevel::kMedian;
  u32 writer_percent = 100;
  u32 reader_percent = 100;
  u32 jitter_percent = 0;
  bool latency_by_chance = false;
  bool awake = false;  ///< the processors never sleep: another one is woken as quickly as one's own
};

/// Under the fair scheduler it is the difference of what writers and readers take that decides how
/// long an order of turns lasts.
constexpr std::array kOneProcessor{
    Variant{SchedulePolicy::kFair, CostLevel::kMedian, 100, 100, 5},
    Variant{SchedulePolicy::kFair, CostLevel::kMedian, 95, 105, 5},
    Variant{SchedulePolicy::kFair, CostLevel::kMedian, 105, 95, 5},
    Variant{SchedulePolicy::kFair, CostLevel::kMedian, 92, 108, 5},
    Variant{SchedulePolicy::kFair, CostLevel::kMedian, 108, 92, 5},
};
/// Once both ends run beside each other they do so until something disturbs them, and wake-ups of
/// chance length get them there sooner or later: so that is the likely run, not the one in which
/// each wake-up takes the same.
constexpr std::array kTwoProcessors{
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kMedian, 100, 100, 40, true},
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kMedian, 100, 100},
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kLow, 130, 80},
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kLow, 80, 130},
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kHigh, 130, 80},
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kHigh, 80, 130},
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kMedian, 110, 90, 40, true},
    Variant{SchedulePolicy::kRunToBlock, CostLevel::kMedian, 100, 100, 0, false, true},
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
  Costs costs = costs_of(*options.calibration, CostLevel::kMedian, variant.waking);
  if (variant.awake) {
    costs.wake_other = costs.wake_same;
    costs.latency_other = costs.switch_task;
  }
  return {.profile = options.profile,
          .page_size = options.page_size,
          .costs = costs,
          .processors = options.placement == Placement::kTwo ? 2U : 1U,
          .policy = variant.policy,
          .seed = options.seed,
          .jitter_percent = variant.jitter_percent,
          .latency_by_chance = variant.latency_by_chance,
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

/// Beyond its runs the interval on two processors has the sleeps after other programs' turns, where
/// the two ends do not wait for each other at each ring anyway. `longest_ns`: of the slowest run.
void allow_for_others(Interval& sleeps, double longest_ns, double unit) {
  constexpr double kAgree = 1.01;
  constexpr double kDisturbedEveryNs = 125'000;
  if (sleeps.high > kAgree * sleeps.low || sleeps.high * unit <= kFewSleeps) {
    sleeps.low = std::max(0.0, sleeps.low - kFewSleeps / unit);
    sleeps.high += (kFewSleeps + longest_ns / kDisturbedEveryNs) / unit;
  }
}

/// A calibration copies on one processor. On two the bytes come out of the other one's cache.
void allow_for_caches(Interval& speed) {
  constexpr double kFactor = 1.25;
  speed.low /= kFactor;
}

/// What the interval of sleeps on one processor has beyond its runs: interrupts, other programs,
/// and the costs that a calibration does not tell apart. No more than threefold in all: where the
/// runs are further apart than that, each end is as likely as the other.
void allow_for_disturbance(Interval& sleeps, double unit) {
  constexpr double kFactor = 1.25;
  constexpr double kMostRatio = 3;
  sleeps.low = std::max(0.0, sleeps.low / kFactor - kFewSleeps / unit);
  sleeps.high = sleeps.high * kFactor + kFewSleeps / unit;
  if (sleeps.low > 0 && sleeps.high > kMostRatio * sleeps.low) {
    const double centre = std::sqrt(sleeps.low * sleeps.high);
    sleeps.low = centre / std::sqrt(kMostRatio);
    sleeps.high = centre * std::sqrt(kMostRatio);
    sleeps.middle = std::clamp(sleeps.middle, sleeps.low, sleeps.high);
  }
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
    i64 longest_ns = row.run.elapsed_ns;
    for (const Variant& variant : all.subspan(1)) {
      const RunResult run = run_workload(at.workload, options_of(variant, options, false));
      widen(row.sleeps_per_unit, sleeps(run, at.queue));
      widen(row.bytes_per_second, speed(run));
      longest_ns = std::max(longest_ns, run.elapsed_ns);
    }
    if (options.placement == Placement::kOne) {
      allow_for_disturbance(row.sleeps_per_unit, units(row.run.all, at.queue));
    } else if (options.placement == Placement::kTwo) {
      allow_for_others(row.sleeps_per_unit, static_cast<double>(longest_ns),
                       units(row.run.all, at.queue));
      allow_for_caches(row.bytes_per_second);
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
