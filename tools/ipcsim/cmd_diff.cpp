// ipcsim diff: the model against a real kernel, step by step.
#include <memory>

#include "sim/replay/concurrent_runner.hpp"
#include "sim/replay/explain.hpp"
#include "sim/replay/model_machine.hpp"
#include "sim/replay/program_runner.hpp"
#include "sim/replay/settled_runner.hpp"
#include "tools/host/host_machine.hpp"
#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/host_choice.hpp"

namespace ipcsim {
namespace {

struct DiffOptions {
  CommonOptions common;
  std::vector<std::string> traces;
  std::string kernel = "host";
  std::string state = "auto";
  bool rewrite = false;
};

std::expected<Report, MachineError> diff(const Trace& trace, const KernelProfile& profile) {
  auto host = make_host_machine(trace.header.environment, host_options(trace));
  if (!host) {
    return std::unexpected(host.error());
  }
  if (trace.header.order == TraceOrder::kConcurrent) {
    return run_concurrent(trace, profile, {.machine = host->get()});
  }
  ModelMachine model(trace.header.environment, profile, Contents::kKept);
  if (trace.header.order == TraceOrder::kSettled && !(*host)->ordered()) {
    // Without strict priorities the host's tasks run in an order of their own: the record is held
    // against the model's one order, the host against all that are possible.
    Machine* const alone[] = {&model};
    auto report = run_settled(trace, alone, {});
    auto host_report = run_concurrent(trace, profile, {.record = false, .machine = host->get()});
    if (report && host_report) {
      report->differences.insert(report->differences.end(), host_report->differences.begin(),
                                 host_report->differences.end());
      report->remarks.insert(report->remarks.end(), host_report->remarks.begin(),
                             host_report->remarks.end());
      return report;
    }
    return report ? std::move(host_report) : std::move(report);
  }
  Machine* const machines[] = {&model, host->get()};
  if (trace.header.order == TraceOrder::kSettled) {
    return run_settled(trace, machines, {});
  }
  // What was recorded is held against the model alone: another run has another order.
  auto explanation = explain(trace, profile, {});
  if (!explanation) {
    return std::unexpected(explanation.error());
  }
  auto report = run_program(trace, machines, {});
  if (report) {
    report->add(std::move(explanation->report));
  }
  return report;
}

/// Writes the host's results into the trace file.
int rewrite(const Trace& trace) {
  if (trace.header.order == TraceOrder::kObserved) {
    print_error(trace.name + ": only settled traces can be rewritten; this one is observed");
    return kExitUnusable;
  }
  auto host = make_host_machine(trace.header.environment, host_options(trace));
  if (!host) {
    return report_failure(host.error());
  }
  const auto recorded = rerecord_settled(trace, **host);
  if (!recorded) {
    return report_failure(recorded.error());
  }
  if (const auto written = write_file(trace.name, format_trace(*recorded)); !written) {
    print_error(written.error());
    return kExitUnusable;
  }
  return kExitAgrees;
}

int run(const DiffOptions& options) {
  if (options.state == "require") {
    print_error("--state require: this version cannot read the kernel's structures yet");
    return kExitLacking;
  }
  const auto traces = load_traces(options.traces);
  if (!traces) {
    return kExitUnusable;
  }
  ReportPrinter printer(options.common, "ipcsim diff");
  for (const Trace& trace : *traces) {
    const KernelProfile* profile = choose_profile(options.common, trace);
    if (profile == nullptr) {
      return kExitUnusable;
    }
    if (options.rewrite) {
      if (const int status = rewrite(trace); status != kExitAgrees) {
        return status;
      }
      continue;
    }
    const auto report = diff(trace, *profile);
    if (!report) {
      return report_failure(report.error());
    }
    printer.add(trace, *report);
  }
  return options.rewrite ? kExitAgrees : printer.finish();
}

}  // namespace

void add_diff_command(CLI::App& app, int& status) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App* command = app.add_subcommand(
      "diff", "Run traces in the model and on a real kernel and compare the two at every step");
  command->footer(
      "The calls are made for real, by tasks in namespaces of their own that touch nothing else.\n"
      "Where a settled trace has recorded results, both sides are compared with those as well.\n"
      "Of an observed trace the record is held against the model, as by replay, and the program "
      "(each\n"
      "task's calls, started one at a time) is run on both.");
  command->add_option("TRACE", options->traces, "Trace files (JSON Lines); - is standard input")
      ->required();
  command->add_option("--kernel", options->kernel, "Which real kernel")
      ->check(CLI::IsMember({"host"}))
      ->capture_default_str();
  command->add_option("--state", options->state, "Compare the kernel's structures too, if readable")
      ->check(CLI::IsMember({"auto", "off", "require"}))
      ->capture_default_str();
  command->add_flag("--rewrite", options->rewrite,
                    "Instead of comparing, write what the real kernel gave into the trace files");
  add_common_options(*command, options->common);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
