// ipcsim diff: the model against a real kernel, step by step.
#include <chrono>
#include <memory>

#include <range/v3/algorithm/any_of.hpp>

#include "sim/replay/concurrent_runner.hpp"
#include "sim/replay/explain.hpp"
#include "sim/replay/fill_state.hpp"
#include "sim/replay/model_machine.hpp"
#include "sim/replay/program_runner.hpp"
#include "sim/replay/settled_runner.hpp"
#include "tools/host/host_machine.hpp"
#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/host_choice.hpp"
#include "tools/ipcsim/other_kernel.hpp"
#include "tools/ipcsim/state_watch.hpp"

namespace ipcsim {
namespace {

struct DiffOptions {
  CommonOptions common;
  std::vector<std::string> traces;
  std::string kernel = "host";
  std::string state = "auto";
  bool rewrite = false;
};

using Diffed = std::expected<Report, MachineError>;

/// Without strict priorities the host's tasks run in an order of their own: the record is held
/// against the model's one order, the host against all that are possible.
Diffed diff_unordered(const Trace& trace, const KernelProfile& profile, Machine& host,
                      bool states) {
  ModelMachine model(trace.header.environment, profile, Contents::kKept);
  Machine* const alone[] = {&model};
  auto report = run_settled(trace, alone, {});
  auto host_report =
      run_concurrent(trace, profile, {.record = false, .machine = &host, .states = states});
  if (!report || !host_report) {
    return report ? std::move(host_report) : std::move(report);
  }
  report->differences.insert(report->differences.end(), host_report->differences.begin(),
                             host_report->differences.end());
  report->remarks.insert(report->remarks.end(), host_report->remarks.begin(),
                         host_report->remarks.end());
  report->states += host_report->states;
  return report;
}

/// What was recorded is held against the model alone: another run has another order.
Diffed diff_observed(const Trace& trace, const KernelProfile& profile, Machine& host,
                     StepTimes* times) {
  auto explanation = explain(trace, profile, {});
  if (!explanation) {
    return std::unexpected(explanation.error());
  }
  ModelMachine model(trace.header.environment, profile, Contents::kKept);
  Machine* const machines[] = {&model, &host};
  auto report = with_states(trace, model, host, times, [&](const StepObserver& observer) {
    return run_program(trace, machines, observer);
  });
  if (report) {
    report->add(std::move(explanation->report));
  }
  return report;
}

Diffed diff_once(const Trace& trace, const KernelProfile& profile, HostOptions options,
                 StepTimes* times, bool& too_slow) {
  options.read_state = times != nullptr;
  const auto made = make_host_machine(trace.header.environment, options);
  if (!made) {
    return std::unexpected(made.error());
  }
  Machine& host = **made;
  const auto run = [&]() -> Diffed {
    if (trace.header.order == TraceOrder::kConcurrent) {
      return run_concurrent(trace, profile, {.machine = &host, .states = times != nullptr});
    }
    if (trace.header.order == TraceOrder::kObserved) {
      return diff_observed(trace, profile, host, times);
    }
    if (!host.ordered()) {
      return diff_unordered(trace, profile, host, times != nullptr);
    }
    ModelMachine model(trace.header.environment, profile, Contents::kKept);
    Machine* const machines[] = {&model, &host};
    return with_states(trace, model, host, times, [&](const StepObserver& observer) {
      return run_settled(trace, machines, observer);
    });
  };
  auto report = run();
  too_slow = was_too_slow(host);
  return report;
}

/// `times` get what steps take whose states are compared; null: they are not. A machine that was
/// too busy to keep the trace's time has given no verdict: it gets more time, once.
Diffed diff(const Trace& trace, const KernelProfile& profile, StepTimes* times) {
  constexpr std::chrono::milliseconds kLongSlack{1000};
  constexpr i64 kLongStretch = 8;
  HostOptions options = host_options(trace);
  bool too_slow = false;
  auto report = diff_once(trace, profile, options, times, too_slow);
  if (too_slow && (!report || !report->differences.empty())) {
    options.timer_slack = kLongSlack;
    options.timer_stretch = kLongStretch;
    report = diff_once(trace, profile, options, times, too_slow);
  }
  return report;
}

/// Fills the states that say nothing with the fields that the model and the kernel both have.
std::expected<Trace, MachineError> fill_agreed_states(const Trace& trace,
                                                      const KernelProfile& profile) {
  StepTimes times;
  const auto report = diff(trace, profile, &times);
  if (!report) {
    return std::unexpected(report.error());
  }
  if (!report->differences.empty() || report->states == 0) {
    return std::unexpected(MachineError{
        .unsupported = false,
        .message = trace.name + ": its states cannot be filled: the model and the kernel differ "
                                "(see `ipcsim diff`), or no order of its steps is certain"});
  }
  ModelMachine model(trace.header.environment, profile, Contents::kKept);
  return fill_states(trace, model);
}

/// True when a state of the trace is to be filled.
bool has_empty_state(const Trace& trace) {
  return ranges::any_of(trace.events, [](const Event& event) {
    const auto* state = std::get_if<StateEvent>(&event.body);
    return state != nullptr && std::holds_alternative<std::monostate>(state->object);
  });
}

/// Writes the host's results into the trace file.
int rewrite(const Trace& trace, const KernelProfile& profile) {
  if (trace.header.order == TraceOrder::kObserved) {
    print_error(trace.name + ": only settled traces can be rewritten; this one is observed");
    return kExitUnusable;
  }
  auto host = make_host_machine(trace.header.environment, host_options(trace));
  if (!host) {
    return report_failure(host.error());
  }
  auto recorded = rerecord_settled(trace, **host);
  host->reset();
  if (recorded && has_empty_state(*recorded)) {
    if (const auto why = why_no_state()) {
      print_error(trace.name + ": its empty states stay empty: " + *why);
    } else {
      recorded = fill_agreed_states(*recorded, profile);
    }
  }
  if (!recorded) {
    return report_failure(recorded.error());
  }
  if (const auto written = write_file(trace.name, format_trace(*recorded)); !written) {
    print_error(written.error());
    return kExitUnusable;
  }
  return kExitAgrees;
}

/// Results only, and the record does not count: the kernel is of another version.
int run_elsewhere(const DiffOptions& options) {
  if (options.rewrite) {
    print_error("--rewrite writes what this kernel gives; it needs --kernel host");
    return kExitUnusable;
  }
  if (options.state == "require") {
    print_error("--state require: only the structures of this kernel can be read (--kernel host)");
    return kExitLacking;
  }
  return diff_with_other_kernel(options.kernel, options.traces, options.common);
}

int run(const DiffOptions& options) {
  if (options.kernel != "host") {
    return run_elsewhere(options);
  }
  const auto unread =
      options.state == "off" ? std::optional<std::string>("--state off") : why_no_state();
  if (options.state == "require" && unread) {
    print_error("--state require: " + *unread);
    return kExitLacking;
  }
  StepTimes times;
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
      if (const int status = rewrite(trace, *profile); status != kExitAgrees) {
        return status;
      }
      continue;
    }
    const auto report = diff(trace, *profile, unread ? nullptr : &times);
    if (!report) {
      return report_failure(report.error());
    }
    printer.add(trace, *report);
  }
  if (options.rewrite) {
    return kExitAgrees;
  }
  if (options.state != "off") {
    printer.set_state(unread ? StateFigures{.unread = *unread} : figures_of(std::move(times)));
  }
  return printer.finish();
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
  std::vector<std::string> kernels;
  for (const NamedKernel& kernel : known_kernels()) {
    kernels.push_back(kernel.name);
  }
  command
      ->add_option("--kernel", options->kernel,
                   "Which real kernel; others than host are booted (see ipcsim matrix), and held "
                   "against\nthe model of their version, results only")
      ->check(CLI::IsMember(kernels))
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
