#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/state_watch.hpp"

namespace ipcsim {
namespace {

nlohmann::ordered_json to_json(const Difference& difference) {
  return {{"where", difference.where},
          {"step", difference.step},
          {"task", difference.task.v},
          {"call", difference.call},
          {"expected", difference.expected},
          {"expected_by", difference.expected_by},
          {"actual", difference.actual},
          {"actual_by", difference.actual_by},
          {"state_before", difference.state_before},
          {"side_by_side", difference.side_by_side}};
}

nlohmann::ordered_json counts(const Report& report) {
  return {{"steps", report.steps},
          {"compared", report.compared},
          {"differences", report.differences.size()},
          {"not_modelled", report.not_modelled},
          {"undecided", report.undecided},
          {"states_compared", report.states}};
}

}  // namespace

ReportPrinter::ReportPrinter(const CommonOptions& options, std::string command)
    : options_(options), command_(std::move(command)) {}

void ReportPrinter::add(const Trace& trace, const Report& report) {
  if (!options_.json) {
    for (const Difference& difference : report.differences) {
      fmt::print("{}  reproduce: {} {}\n", to_text(difference), command_, trace.name);
    }
    for (const std::string& remark : report.remarks) {
      if (!options_.quiet || report.undecided > 0) {
        fmt::print("{}\n", remark);
      }
    }
    if (!options_.quiet) {
      fmt::print("{}: {}\n", trace.name, summary_line(report));
    }
  }
  traces_.push_back({trace.name, report});
  total_.add(report);
}

void ReportPrinter::print_json() const {
  nlohmann::ordered_json all = counts(total_);
  if (state_) {
    all["state"] = {{"unread", state_->unread},
                    {"steps", state_->steps},
                    {"median_step_us", state_->step_us},
                    {"median_state_us", state_->state_us}};
  }
  all["traces"] = nlohmann::ordered_json::array();
  for (const OfTrace& trace : traces_) {
    nlohmann::ordered_json one = {{"trace", trace.name}};
    one.update(counts(trace.report));
    one["details"] = nlohmann::ordered_json::array();
    for (const Difference& difference : trace.report.differences) {
      one["details"].push_back(to_json(difference));
    }
    one["remarks"] = trace.report.remarks;
    all["traces"].push_back(std::move(one));
  }
  fmt::print("{}\n", all.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

int ReportPrinter::finish() {
  if (options_.json) {
    print_json();
  } else {
    if (state_ && !options_.quiet) {
      fmt::print("{}\n", to_text(*state_, total_));
    }
    fmt::print("{}\n", summary_line(total_));
  }
  return total_.differences.empty() && total_.undecided == 0 ? kExitAgrees : kExitDifference;
}

}  // namespace ipcsim
