#include "tools/ipcsim/fuzz_report.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ipcsim {
namespace {

std::vector<Coverage::Outcome> never_reached(const FuzzOptions& options, const Coverage& coverage) {
  std::vector<Coverage::Outcome> list =
      expected_outcomes(options.program.pipes, options.program.queues);
  std::erase_if(list, [&](const Coverage::Outcome& outcome) {
    return coverage.outcomes().contains(outcome);
  });
  return list;
}

std::vector<Situation> situations_of(const FuzzOptions& options) {
  std::vector<Situation> list;
  for (u8 i = 0; i < static_cast<u8>(Situation::kCount); ++i) {
    if (concerns(static_cast<Situation>(i), options.program.pipes, options.program.queues)) {
      list.push_back(static_cast<Situation>(i));
    }
  }
  return list;
}

void print_calls(const Coverage& coverage) {
  fmt::print("calls, and how they went:\n");
  std::map<std::string_view, std::string> text;
  for (const auto& [outcome, times] : coverage.outcomes()) {
    std::string& line = text[outcome.first];
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", outcome.second, times);
  }
  for (const auto& [call, times] : coverage.calls()) {
    fmt::print("  {:<16}{:>8}  {}\n", call, times, text[call]);
  }
  fmt::print("{} sleeps, {} wake-ups, {} deaths in calls, {} signals from outside\n",
             coverage.sleeps(), coverage.wake_ups(), coverage.deaths(), coverage.signals());
}

void print_situations(const FuzzOptions& options, const Coverage& coverage) {
  fmt::print("rules at work:\n");
  std::string missed;
  for (const Situation situation : situations_of(options)) {
    if (const u64 times = coverage.count(situation); times > 0) {
      fmt::print("  {:>8}  {}\n", times, situation_name(situation));
    } else {
      missed += fmt::format("\n  {}", situation_name(situation));
    }
  }
  for (const auto& [call, outcome] : never_reached(options, coverage)) {
    missed += fmt::format("\n  {}: {}", call, outcome);
  }
  fmt::print("never reached:{}\n", missed.empty() ? " nothing" : missed);
}

void print_finding(const FuzzFinding& finding) {
  fmt::print(
      "program {}, after {} steps: {} steps, shrunk to {}{}\n{}  reproduce: ipcsim diff {}\n",
      finding.program, finding.at_step, finding.steps_before, finding.steps_after,
      finding.reproduced ? "" : "; it did not happen again, and was not shrunk",
      to_text(finding.difference), finding.path);
}

void print_json(const FuzzOptions& options, const FuzzResult& result, const StateFigures& figures,
                double seconds) {
  const Coverage& coverage = result.coverage;
  nlohmann::ordered_json all{{"steps", result.report.steps},
                             {"compared", result.report.compared},
                             {"differences", result.report.differences.size()},
                             {"not_modelled", result.report.not_modelled},
                             {"states_compared", result.report.states},
                             {"states_unread", figures.unread},
                             {"median_step_us", figures.step_us},
                             {"median_state_us", figures.state_us},
                             {"seed", options.seed},
                             {"programs", result.programs},
                             {"interrupted", result.interrupted},
                             {"seconds", seconds},
                             {"sleeps", coverage.sleeps()},
                             {"wake_ups", coverage.wake_ups()},
                             {"deaths", coverage.deaths()},
                             {"signals", coverage.signals()}};
  all["calls"] = nlohmann::ordered_json::object();
  for (const auto& [outcome, times] : coverage.outcomes()) {
    all["calls"][std::string(outcome.first)][outcome.second] = times;
  }
  all["situations"] = nlohmann::ordered_json::object();
  for (const Situation situation : situations_of(options)) {
    all["situations"][std::string(situation_name(situation))] = coverage.count(situation);
  }
  all["never_reached"] = nlohmann::ordered_json::array();
  for (const auto& [call, outcome] : never_reached(options, coverage)) {
    all["never_reached"].push_back(fmt::format("{} {}", call, outcome));
  }
  all["given_up"] = result.given_up;
  all["findings"] = nlohmann::ordered_json::array();
  for (const FuzzFinding& finding : result.findings) {
    all["findings"].push_back({{"trace", finding.path},
                               {"program", finding.program},
                               {"at_step", finding.at_step},
                               {"steps_before", finding.steps_before},
                               {"steps_after", finding.steps_after},
                               {"reproduced", finding.reproduced},
                               {"call", finding.difference.call},
                               {"expected", finding.difference.expected},
                               {"actual", finding.difference.actual}});
  }
  fmt::print("{}\n", all.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

void print_fuzz_report(const FuzzOptions& options, const FuzzResult& result,
                       const CommonOptions& common, double seconds) {
  const StateFigures figures =
      options.unread ? StateFigures{.unread = *options.unread} : figures_of(result.times);
  if (common.json) {
    print_json(options, result, figures, seconds);
    return;
  }
  if (!common.quiet) {
    print_calls(result.coverage);
    print_situations(options, result.coverage);
    for (const auto& [why, times] : result.given_up) {
      fmt::print("{} programs were given up: {}\n", times, why);
    }
    fmt::print("{}\n", to_text(figures, result.report));
    fmt::print("{} programs in {:.1f} s, {:.0f} steps/s{}\n", result.programs, seconds,
               static_cast<double>(result.report.steps) / std::max(seconds, 1e-3),
               result.interrupted ? ", interrupted" : "");
  }
  for (const FuzzFinding& finding : result.findings) {
    print_finding(finding);
  }
  fmt::print("{}\n", summary_line(result.report));
}

}  // namespace ipcsim
