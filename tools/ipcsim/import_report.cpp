#include "tools/ipcsim/import_report.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ipcsim {
namespace {

nlohmann::ordered_json counts(const CallCounts& by_call) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const auto& [call, count] : by_call) {
    all[call] = count;
  }
  return all;
}

}  // namespace

void print_import_report(const ImportReport& report, const Trace& trace, const std::string& output,
                         const CommonOptions& options) {
  std::FILE* to = output == "-" ? stderr : stdout;
  if (options.json) {
    nlohmann::ordered_json all = {{"trace", output},
                                  {"events", trace.events.size()},
                                  {"lines", report.lines},
                                  {"tasks", report.tasks},
                                  {"tasks_dropped", report.tasks_dropped},
                                  {"calls_kept", report.calls_kept},
                                  {"calls_dropped", report.calls_dropped},
                                  {"dropped_by_call", counts(report.dropped_by_call)},
                                  {"no_effect_by_call", counts(report.no_effect_by_call)},
                                  {"inherited_pipe_by_call", counts(report.inherited_pipe_by_call)},
                                  {"cut_strings", report.cut_strings},
                                  {"inherited_pipes", report.inherited_pipes},
                                  {"passed_descriptors", report.passed_descriptors},
                                  {"supposed_calls", report.supposed_calls},
                                  {"unseen_descriptors", report.unseen_descriptors},
                                  {"not_understood_total", report.not_understood_total},
                                  {"not_understood", report.not_understood}};
    fmt::print(to, "{}\n",
               all.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return;
  }
  if (!options.quiet || report.not_understood_total > 0) {
    fmt::print(to, "{}", to_text(report));
  }
  fmt::print(to, "wrote {}: {} events{}\n", output, trace.events.size(),
             report.not_understood_total == 0
                 ? std::string{}
                 : fmt::format(", without {} lines that were not understood",
                               report.not_understood_total));
}

}  // namespace ipcsim
