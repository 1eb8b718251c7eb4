// ipcsim replay: a trace's results against the model's.
#include <memory>

#include "sim/replay/explain.hpp"
#include "sim/replay/model_machine.hpp"
#include "sim/replay/settled_runner.hpp"
#include "tools/ipcsim/command.hpp"

namespace ipcsim {
namespace {

struct ReplayOptions {
  CommonOptions common;
  std::vector<std::string> traces;
  u64 limit = ExplainLimits{}.sections;
};

std::expected<Report, MachineError> replay(const Trace& trace, const KernelProfile& profile,
                                           const ReplayOptions& options) {
  if (trace.header.order == TraceOrder::kObserved) {
    auto explanation = explain(trace, profile, {.sections = options.limit});
    if (!explanation) {
      return std::unexpected(explanation.error());
    }
    return std::move(explanation->report);
  }
  ModelMachine model(trace.header.environment, profile, Contents::kKept);
  Machine* const machines[] = {&model};
  return run_settled(trace, machines, {});
}

int run(const ReplayOptions& options) {
  const auto traces = load_traces(options.traces);
  if (!traces) {
    return kExitUnusable;
  }
  ReportPrinter printer(options.common, "ipcsim replay");
  for (const Trace& trace : *traces) {
    const KernelProfile* profile = choose_profile(options.common, trace);
    if (profile == nullptr) {
      return kExitUnusable;
    }
    const auto report = replay(trace, *profile, options);
    if (!report) {
      return report_failure(report.error());
    }
    printer.add(trace, *report);
  }
  return printer.finish();
}

}  // namespace

void add_replay_command(CLI::App& app, int& status) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand(
      "replay", "Run traces in the model and compare with the results recorded in them");
  command->footer(
      "A settled trace is run step by step. An observed trace, whose calls overlapped, is "
      "accepted\n"
      "if some interleaving of the kernel's lock-held sections gives every recorded result.");
  command->add_option("TRACE", options->traces, "Trace files (JSON Lines); - is standard input")
      ->required();
  command
      ->add_option("--limit", options->limit,
                   "Sections to run before the search for an interleaving is given up")
      ->capture_default_str();
  add_common_options(*command, options->common);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
