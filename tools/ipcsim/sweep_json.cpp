#include <nlohmann/json.hpp>

#include "tools/ipcsim/sweep_report.hpp"

namespace ipcsim {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const Interval& interval) {
  return {{"low", interval.low}, {"middle", interval.middle}, {"high", interval.high}};
}

ordered_json to_json(const PipeProbe& probe) {
  return {{"size_bytes", probe.size_bytes},
          {"writes", probe.writes},
          {"capacity_bytes", probe.capacity_bytes},
          {"more_bytes", probe.more_bytes},
          {"read_for_room_bytes", probe.read_for_room},
          {"left_bytes", probe.left_then}};
}

ordered_json to_json(const Histogram& histogram) {
  return {{"count", histogram.count()},
          {"p50", histogram.at_permille(500)},
          {"p90", histogram.at_permille(900)},
          {"p99", histogram.at_permille(990)},
          {"most", histogram.most()}};
}

ordered_json to_json(const RunCounts& counts) {
  return {{"syscalls", counts.syscalls},
          {"sleeps", counts.sleeps},
          {"preemptions", counts.preemptions},
          {"wakeups", counts.wakeups},
          {"wasted", counts.wasted},
          {"bytes_in", counts.bytes_in},
          {"bytes_out", counts.bytes_out},
          {"messages", counts.messages},
          {"errors", counts.errors}};
}

ordered_json fits(u64 count) { return count == kNoLimit ? ordered_json() : ordered_json(count); }

ordered_json run_json(const RunResult& run) {
  ordered_json objects = ordered_json::array();
  for (const ObjectRun& object : run.objects) {
    objects.push_back({{"places", object.places},
                       {"pages_allocated", object.pages_allocated},
                       {"pages_reused", object.pages_reused},
                       {"mean_places", object.mean_places},
                       {"mean_bytes", object.mean_bytes},
                       {"most_places", object.most_places},
                       {"most_bytes", object.most_bytes},
                       {"occupancy",
                        {{"stretch_ns", object.timeline.stretch_ns},
                         {"mean_bytes", object.timeline.mean_bytes}}}});
  }
  ordered_json tasks = ordered_json::array();
  for (const RunCounts& counts : run.tasks) {
    tasks.push_back(to_json(counts));
  }
  ordered_json stuck = ordered_json::array();
  for (const StuckTask& task : run.stuck) {
    stuck.push_back({{"task", task.task}, {"call", task.call}, {"on", task.where}});
  }
  return {{"elapsed_ns", run.elapsed_ns},
          {"counts", to_json(run.all)},
          {"write_sleeps", run.write_sleeps},
          {"given_up", run.given_up},
          {"write_ns", to_json(run.write_ns)},
          {"read_ns", to_json(run.read_ns)},
          {"transit_ns", to_json(run.transit_ns)},
          {"objects", std::move(objects)},
          {"tasks", std::move(tasks)},
          {"deadlock", std::move(stuck)}};
}

ordered_json line_json(const SweepLine& line, bool queue) {
  ordered_json one = {{queue ? "mq_maxmsg" : "size_bytes", line.row.size},
                      {"sleeps_per_unit", to_json(line.row.sleeps_per_unit)},
                      {"bytes_per_second", to_json(line.row.bytes_per_second)},
                      {"run", run_json(line.row.run)},
                      {"budget",
                       {{queue ? "bytes" : "pages", line.budget.charged},
                        {"fit_soft", fits(line.budget.fits_soft)},
                        {"fit_hard", fits(line.budget.fits_hard)},
                        {"needs_cap_sys_resource", line.budget.privileged}}}};
  if (line.probe) {
    one["fits"] = to_json(*line.probe);
  }
  if (line.real_probe) {
    one["fits_here"] = to_json(*line.real_probe);
  }
  if (line.measured && line.measured->refused.empty()) {
    one["measured"] = {{"sleeps_per_unit", to_json(line.measured->sleeps_per_unit)},
                       {"bytes_per_second", to_json(line.measured->bytes_per_second)},
                       {"syscalls_per_unit", line.measured->syscalls_per_unit}};
    if (line.measured->wakeups_per_unit) {
      one["measured"]["wakeups_per_unit"] = *line.measured->wakeups_per_unit;
      one["measured"]["new_pages_per_unit"] = line.measured->new_pages_per_unit.value_or(0);
    }
  } else if (line.measured) {
    one["not_measured"] = line.measured->refused;
  }
  return one;
}

}  // namespace

std::string sweep_json(const SweepReport& report) {
  ordered_json rows = ordered_json::array();
  for (const SweepLine& line : report.lines) {
    rows.push_back(line_json(line, report.queue));
  }
  const auto size_at = [&](int index) {
    return index < 0 ? ordered_json()
                     : ordered_json(report.lines[static_cast<std::size_t>(index)].row.size);
  };
  const ordered_json all = {
      {"title", report.title},
      {"profile", report.profile},
      {"placement", placement_text(report.placement)},
      {"unit", report.queue ? "1000 messages" : "MiB"},
      {"calibration", calibration_line(report.calibration)},
      {"notes", report.notes},
      {"rows", std::move(rows)},
      {"least_without_deadlock", size_at(report.summary.least_without_deadlock)},
      {"least_without_sleeping_writers", size_at(report.summary.least_without_sleeping_writers)},
      {"flat_from", size_at(report.summary.flat_from)}};
  return all.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace ipcsim
