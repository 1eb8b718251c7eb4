#include "tools/ipcsim/sweep_report.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace ipcsim {
namespace {

using Table = std::vector<std::vector<std::string>>;

constexpr double kGigabyte = 1e9;

/// Three significant digits.
std::string number(double value) {
  if (value == 0) {
    return "0";
  }
  const int digits = static_cast<int>(std::floor(std::log10(std::abs(value))));
  return fmt::format("{:.{}f}", value, std::clamp(2 - digits, 0, 3));
}

std::string time_text(u64 ns) {
  constexpr double kMicrosecond = 1e3;
  constexpr double kMillisecond = 1e6;
  const auto value = static_cast<double>(ns);
  if (value < kMicrosecond) {
    return fmt::format("{} ns", ns);
  }
  return value < kMillisecond ? fmt::format("{} us", number(value / kMicrosecond))
                              : fmt::format("{} ms", number(value / kMillisecond));
}

std::string_view unit_of(const SweepReport& report) {
  return report.queue ? "1000 messages" : "MiB";
}

Interval scaled(const Interval& interval, double factor) {
  return {interval.low * factor, interval.middle * factor, interval.high * factor};
}

std::string percent(double part, double whole) {
  return whole == 0 ? "-" : fmt::format("{:.0f} %", 100 * part / whole);
}

std::string fits_text(u64 fits) { return fits == kNoLimit ? "no limit" : fmt::format("{}", fits); }

std::string what_fits(const SweepReport& report) {
  if (report.lines.empty() || !report.lines.front().probe) {
    return {};
  }
  Table table{{"size", "slots", "writes", "bytes", "of it", "then by bytes", "room after reading",
               "with left"}};
  bool differs = false;
  bool measured = false;
  for (const SweepLine& line : report.lines) {
    const PipeProbe& probe = *line.probe;
    table.push_back(
        {size_text(report, probe.size_bytes),
         fmt::format("{}", probe.size_bytes / report.page_size), fmt::format("{}", probe.writes),
         fmt::format("{}", probe.capacity_bytes),
         percent(static_cast<double>(probe.capacity_bytes), static_cast<double>(probe.size_bytes)),
         fmt::format("{}", probe.more_bytes), fmt::format("{}", probe.read_for_room),
         fmt::format("{}", probe.left_then)});
    measured = measured || line.real_probe;
    differs = differs || (line.real_probe && *line.real_probe != probe);
  }
  std::string text = "\nWhat fits while nobody reads\n" + table_text(table);
  if (measured) {
    text +=
        differs ? "this kernel's pipes DIFFER (see --json)\n" : "this kernel's pipes: the same\n";
  }
  return text;
}

u64 new_pages(const RunResult& run) {
  u64 pages = 0;
  for (const ObjectRun& object : run.objects) {
    pages += object.pages_allocated;
  }
  return pages;
}

std::string what_happens(const SweepReport& report) {
  Table table{{"size", "sleeps", "of writers", "wake-ups", "wasted", "calls"}};
  if (!report.queue) {
    table.front().insert(table.front().end(), {"new pages", "kept pages"});
  }
  table.front().insert(table.front().end(), {"mean fill", "most", "most bytes"});
  for (const SweepLine& line : report.lines) {
    const RunResult& run = line.row.run;
    const double unit = units(run.all, report.queue);
    const auto each = [&](u64 count) { return number(static_cast<double>(count) / unit); };
    u64 kept = 0;
    u64 most_bytes = 0;
    double fill = 0;
    u64 most = 0;
    for (const ObjectRun& object : run.objects) {
      kept += object.pages_reused;
      most_bytes = std::max(most_bytes, object.most_bytes);
      most = std::max(most, object.most_places);
      fill = std::max(fill, object.mean_places / static_cast<double>(object.places));
    }
    std::vector<std::string> cells{
        size_text(report, line.row.size),
        run.stuck.empty() ? interval_text(line.row.sleeps_per_unit) : "DEADLOCK",
        each(run.write_sleeps),
        each(run.all.wakeups),
        each(run.all.wasted),
        each(run.all.syscalls)};
    if (!report.queue) {
      cells.insert(cells.end(), {each(new_pages(run)), each(kept)});
    }
    cells.insert(cells.end(), {fmt::format("{:.0f} %", 100 * fill), fmt::format("{}", most),
                               fmt::format("{}", most_bytes)});
    table.push_back(std::move(cells));
  }
  return fmt::format("\nWhat happens, for a {}\n{}", unit_of(report), table_text(table));
}

std::string how_long(const SweepReport& report) {
  Table table{
      {"size", "GB/s", "write p50", "p99", "read p50", "p99", "transit p50", "p99", "most"}};
  for (const SweepLine& line : report.lines) {
    const RunResult& run = line.row.run;
    const auto at = [](const Histogram& histogram, u64 permille) {
      return histogram.count() == 0 ? std::string("-") : time_text(histogram.at_permille(permille));
    };
    table.push_back({size_text(report, line.row.size),
                     interval_text(scaled(line.row.bytes_per_second, 1 / kGigabyte)),
                     at(run.write_ns, 500), at(run.write_ns, 990), at(run.read_ns, 500),
                     at(run.read_ns, 990), at(run.transit_ns, 500), at(run.transit_ns, 990),
                     run.transit_ns.count() == 0 ? "-" : time_text(run.transit_ns.most())});
  }
  return "\nHow long it takes, by the calibration\n" + table_text(table);
}

std::string what_it_costs(const SweepReport& report) {
  Table table{{"size", report.queue ? "bytes charged" : "pages charged",
               report.queue ? "fit RLIMIT_MSGQUEUE" : "fit the soft limit"}};
  if (!report.queue) {
    table.front().insert(table.front().end(), {"the hard limit", "needs"});
  }
  for (const SweepLine& line : report.lines) {
    std::vector<std::string> cells{size_text(report, line.row.size),
                                   fmt::format("{}", line.budget.charged),
                                   fits_text(line.budget.fits_soft)};
    if (!report.queue) {
      cells.insert(cells.end(), {fits_text(line.budget.fits_hard),
                                 line.budget.privileged ? "CAP_SYS_RESOURCE" : "-"});
    }
    table.push_back(std::move(cells));
  }
  return "\nWhat one costs its user, and how many fit\n" + table_text(table);
}

/// How far a measured interval's middle is from what was predicted: 0 within it.
std::string error_text(const Interval& predicted, double measured) {
  if (measured == 0) {
    return predicted.low == 0 ? "in it" : "-";
  }
  constexpr double kExact = 0.01;
  if (predicted.high - predicted.low > kExact * predicted.high) {
    return measured >= predicted.low && measured <= predicted.high ? "in it" : "OUTSIDE";
  }
  return fmt::format("{:+.1f} %", 100 * (predicted.middle - measured) / measured);
}

std::string measured_part(const SweepReport& report) {
  Table table{{"size", "sleeps predicted", "measured", "error", "GB/s predicted", "measured",
               "error", "calls predicted", "measured"}};
  bool any = false;
  for (const SweepLine& line : report.lines) {
    if (!line.measured) {
      continue;
    }
    any = true;
    const MeasuredRow& real = *line.measured;
    const std::string size = size_text(report, line.row.size);
    if (!real.refused.empty()) {
      table.push_back({size, real.refused});
      continue;
    }
    const double speed = real.bytes_per_second.middle;
    table.push_back(
        {size, interval_text(line.row.sleeps_per_unit), interval_text(real.sleeps_per_unit),
         error_text(line.row.sleeps_per_unit, real.sleeps_per_unit.middle),
         interval_text(scaled(line.row.bytes_per_second, 1 / kGigabyte)),
         interval_text(scaled(real.bytes_per_second, 1 / kGigabyte)),
         report.placement == Placement::kTwo
             ? error_text(line.row.bytes_per_second, speed)
             : fmt::format("{:+.0f} %", 100 * (line.row.bytes_per_second.middle - speed) / speed),
         number(static_cast<double>(line.row.run.all.syscalls) /
                units(line.row.run.all, report.queue)),
         number(real.syscalls_per_unit)});
  }
  return any ? fmt::format("\nPrediction and measurement, for a {}\n{}", unit_of(report),
                           table_text(table))
             : std::string();
}

/// What the kernel's tracepoints counted, beside what was predicted.
std::string counted_part(const SweepReport& report) {
  Table table{{"size", "wake-ups predicted", "counted"}};
  if (!report.queue) {
    table.front().insert(table.front().end(), {"new pages predicted", "counted"});
  }
  for (const SweepLine& line : report.lines) {
    if (!line.measured || !line.measured->wakeups_per_unit) {
      continue;
    }
    const RunResult& run = line.row.run;
    const double unit = units(run.all, report.queue);
    std::vector<std::string> cells{size_text(report, line.row.size),
                                   number(static_cast<double>(run.all.wakeups) / unit),
                                   number(*line.measured->wakeups_per_unit)};
    if (!report.queue) {
      cells.insert(cells.end(), {number(static_cast<double>(new_pages(run)) / unit),
                                 number(line.measured->new_pages_per_unit.value_or(0))});
    }
    table.push_back(std::move(cells));
  }
  return table.size() == 1 ? std::string()
                           : fmt::format("\nCounted by the kernel's tracepoints, for a {}\n{}",
                                         unit_of(report), table_text(table));
}

std::string deadlocks(const SweepReport& report) {
  std::string text;
  for (const SweepLine& line : report.lines) {
    for (const StuckTask& stuck : line.row.run.stuck) {
      text += fmt::format("  {}: {} sleeps in {} on {}\n", size_text(report, line.row.size),
                          stuck.task, stuck.call, stuck.where);
    }
  }
  return text.empty() ? text : "\nNobody can wake\n" + text;
}

std::string conclusions(const SweepReport& report) {
  const auto at = [&](int index) {
    return size_text(report, report.lines[static_cast<std::size_t>(index)].row.size);
  };
  const SweepSummary& summary = report.summary;
  std::string text = "\n";
  if (summary.least_without_deadlock < 0) {
    return "\nevery size deadlocks\n";
  }
  if (summary.least_without_deadlock > 0) {
    text +=
        fmt::format("least size that does not deadlock: {}\n", at(summary.least_without_deadlock));
  }
  text += summary.least_without_sleeping_writers < 0
              ? "at every size a writer sleeps for room\n"
              : fmt::format("least size at which no writer sleeps for room: {}\n",
                            at(summary.least_without_sleeping_writers));
  if (summary.flat_from >= 0) {
    text += fmt::format("throughput is within 5 % of the best from {} on\n", at(summary.flat_from));
  }
  return text;
}

}  // namespace

std::string calibration_line(const Calibration& calibration) {
  return fmt::format("{}: kernel {}, {}, {}", calibration.name, calibration.kernel, calibration.cpu,
                     calibration.date);
}

std::string_view placement_text(Placement placement) {
  switch (placement) {
    case Placement::kOne:
      return "one processor";
    case Placement::kOneFifo:
      return "one processor, real-time first in, first out";
    case Placement::kTwo:
      return "two processors";
  }
  return "";
}

std::string interval_text(const Interval& interval) {
  constexpr double kSame = 0.01;
  if (interval.high - interval.low <= kSame * interval.high) {
    return number(interval.middle);
  }
  return fmt::format("{} .. {}", number(interval.low), number(interval.high));
}

std::string size_text(const SweepReport& report, u64 size) {
  return report.queue ? fmt::format("{} messages", size) : bytes_text(size);
}

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size() && row.size() > 2; ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += fmt::format("{}{:>{}}", i == 0 ? "" : "  ", row[i], widths[i]);
    }
    text += '\n';
  }
  return text;
}

std::string sweep_text(const SweepReport& report) {
  std::string text =
      fmt::format("{}\n{}, {}; calibration {}\n", report.title, placement_text(report.placement),
                  report.profile, calibration_line(report.calibration));
  for (const std::string& note : report.notes) {
    text += note + "\n";
  }
  return text + what_fits(report) + what_happens(report) + how_long(report) +
         what_it_costs(report) + measured_part(report) + counted_part(report) + deadlocks(report) +
         conclusions(report);
}

}  // namespace ipcsim
