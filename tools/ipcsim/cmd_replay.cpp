// ipcsim replay: a trace's results against the model's.
#include <memory>

#include <fmt/format.h>

#include "sim/replay/concurrent_runner.hpp"
#include "sim/replay/explain.hpp"
#include "sim/replay/fill_state.hpp"
#include "sim/replay/model_machine.hpp"
#include "sim/replay/sequential_runner.hpp"
#include "sim/replay/settled_runner.hpp"
#include "sim/trace/trace_reader.hpp"
#include "tools/ipcsim/command.hpp"

namespace ipcsim {
namespace {

struct ReplayOptions {
  CommonOptions common;
  std::vector<std::string> traces;
  u64 limit = ExplainLimits{}.sections;
  bool fill_state = false;
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
  if (trace.header.order == TraceOrder::kConcurrent) {
    return run_concurrent(trace, profile, {});
  }
  if (auto report = run_sequential(trace, profile)) {
    return *std::move(report);
  }
  ModelMachine model(trace.header.environment, profile, Contents::kKept);
  Machine* const machines[] = {&model};
  return run_settled(trace, machines, {});
}

/// Writes the model's states into the trace file where it asks for them; to standard output what
/// came from standard input.
int fill(const Trace& trace, const KernelProfile& profile, bool from_standard_input) {
  if (trace.header.order != TraceOrder::kSettled) {
    print_error(trace.name + ": only settled traces have states; this one is observed");
    return kExitUnusable;
  }
  ModelMachine model(trace.header.environment, profile, Contents::kKept);
  const auto filled = fill_states(trace, model);
  if (!filled) {
    return report_failure(filled.error());
  }
  if (from_standard_input) {
    fmt::print("{}", format_trace(*filled));
    return kExitAgrees;
  }
  if (const auto written = write_file(trace.name, format_trace(*filled)); !written) {
    print_error(written.error());
    return kExitUnusable;
  }
  return kExitAgrees;
}

/// A report of a text in which nothing sleeps and nothing differs, without keeping its events.
/// Nothing when it is another one, and is to be run as any other.
std::optional<Report> run_text(const std::string& text, const std::string& name,
                               const KernelProfile& profile) {
  // With lengths alone first: it is faster, and stops where a line has bytes.
  for (const Contents contents : {Contents::kLengthsOnly, Contents::kKept}) {
    TraceReader reader(text, name);
    const auto header = reader.header();
    if (!header) {
      return std::nullopt;
    }
    if (auto report = run_sequential(*header, reader, profile, contents)) {
      return report;
    }
  }
  return std::nullopt;
}

/// The status of a trace that run_text() could run; nothing for others.
std::optional<int> replay_at_once(const ReplayOptions& options) {
  if (options.traces.size() != 1 || options.fill_state || options.traces.front() == "-") {
    return std::nullopt;
  }
  Trace trace;
  trace.name = options.traces.front();
  const auto text = read_file(trace.name);
  if (!text) {
    return std::nullopt;
  }
  auto header = TraceReader(*text, trace.name).header();
  if (!header) {
    return std::nullopt;
  }
  trace.header = *std::move(header);
  const KernelProfile* profile = choose_profile(options.common, trace);
  if (profile == nullptr) {
    return kExitUnusable;
  }
  const auto report = run_text(*text, trace.name, *profile);
  if (!report) {
    return std::nullopt;
  }
  ReportPrinter printer(options.common, "ipcsim replay");
  printer.add(trace, *report);
  return printer.finish();
}

int run(const ReplayOptions& options) {
  if (const auto status = replay_at_once(options)) {
    return *status;
  }
  const auto traces = load_traces(options.traces);
  if (!traces) {
    return kExitUnusable;
  }
  ReportPrinter printer(options.common, "ipcsim replay");
  for (std::size_t i = 0; i < traces->size(); ++i) {
    const Trace& trace = (*traces)[i];
    const KernelProfile* profile = choose_profile(options.common, trace);
    if (profile == nullptr) {
      return kExitUnusable;
    }
    if (options.fill_state) {
      if (const int status = fill(trace, *profile, options.traces[i] == "-");
          status != kExitAgrees) {
        return status;
      }
      continue;
    }
    const auto report = replay(trace, *profile, options);
    if (!report) {
      return report_failure(report.error());
    }
    printer.add(trace, *report);
  }
  return options.fill_state ? kExitAgrees : printer.finish();
}

}  // namespace

void add_replay_command(CLI::App& app, int& status) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand(
      "replay", "Run traces in the model and compare with the results recorded in them");
  command->footer(
      "A settled trace is run step by step; of a concurrent one each step may have any outcome "
      "that\n"
      "some order of the lock-held sections gives. An observed trace, whose calls overlapped, is "
      "accepted\n"
      "if some interleaving of the kernel's lock-held sections gives every recorded result.");
  command->add_option("TRACE", options->traces, "Trace files (JSON Lines); - is standard input")
      ->required();
  command
      ->add_option("--limit", options->limit,
                   "Sections to run before the search for an interleaving is given up")
      ->capture_default_str();
  command->add_flag("--fill-state", options->fill_state,
                    "Instead of comparing, write into the trace files the model's own fields for "
                    "each state that gives none: the model's word, for people to check");
  add_common_options(*command, options->common);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
