// ipcsim show: the rings and trees after every step, in the terminal.
#include <memory>

#include <fmt/format.h>

#include "sim/replay/actions.hpp"
#include "sim/replay/explain.hpp"
#include "sim/replay/model_machine.hpp"
#include "sim/replay/settled_runner.hpp"
#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/step_printer.hpp"

namespace ipcsim {
namespace {

struct ShowOptions {
  CommonOptions common;
  std::string trace;
  u64 first = 1;
  u64 last = 0;
};

/// Shows a settled trace while it runs.
int show_settled(const Trace& trace, const KernelProfile& profile, StepPrinter& printer) {
  ModelMachine model(trace.header.environment, profile, Contents::kKept);
  Machine* const machines[] = {&model};
  const auto report = run_settled(trace, machines, [&](const StepView& view) {
    printer.step(*view.event, view.settled.front().completions, view.settled.front().sleepers,
                 model.kernel().snapshot());
  });
  if (!report) {
    return report_failure(report.error());
  }
  printer.finish(*report);
  return report->differences.empty() ? kExitAgrees : kExitDifference;
}

/// Shows an observed trace in the order of its explanation: each entry is an event or a section.
int show_observed(const Trace& trace, const KernelProfile& profile, StepPrinter& printer) {
  const auto explanation = explain(trace, profile, {});
  if (!explanation) {
    return report_failure(explanation.error());
  }
  if (explanation->verdict != Explanation::Verdict::kExplained) {
    print_error(trace.name +
                ": no interleaving was found that explains this trace; ipcsim replay "
                "says how far it goes");
    return kExitDifference;
  }
  Kernel kernel(trace.header.environment, profile, Contents::kKept);
  for (const ScheduleEntry& entry : explanation->schedule) {
    if (!entry.is_event) {
      kernel.run_section(entry.task);
      const std::vector<Completion> completions = kernel.take_completions();
      printer.section(entry.task, completions, kernel.sleepers(), kernel.snapshot());
      continue;
    }
    const Event& event = trace.events[entry.event];
    if (const auto* call = std::get_if<CallEvent>(&event.body)) {
      kernel.post(call->task, call->call);
    } else if (const auto* signal = std::get_if<SignalEvent>(&event.body)) {
      static_cast<void>(kernel.post_traced_signal(signal->task, signal->signal));
    } else if (const auto* advance = std::get_if<AdvanceEvent>(&event.body)) {
      kernel.advance(advance->ns);
    } else if (const auto* other = std::get_if<OtherFdEvent>(&event.body)) {
      kernel.post_other_fd(other->task, other->fd, other->cloexec);
    }
    printer.step(event, {}, {}, kernel.snapshot());
  }
  printer.finish(explanation->report);
  return kExitAgrees;
}

int run(const ShowOptions& options) {
  const auto traces = load_traces({options.trace});
  if (!traces) {
    return kExitUnusable;
  }
  const Trace& trace = traces->front();
  const KernelProfile* profile = choose_profile(options.common, trace);
  if (profile == nullptr) {
    return kExitUnusable;
  }
  if (trace.header.order == TraceOrder::kConcurrent) {
    print_error(trace.name +
                ": a concurrent trace has no one order to show; make a copy with the "
                "order \"settled\" to see the first in, first out one");
    return kExitUnusable;
  }
  StepPrinter printer(trace, options.common, options.first, options.last);
  return trace.header.order == TraceOrder::kSettled ? show_settled(trace, *profile, printer)
                                                    : show_observed(trace, *profile, printer);
}

}  // namespace

void add_show_command(CLI::App& app, int& status) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* command =
      app.add_subcommand("show", "Print the rings and trees after each step of a trace");
  command->footer(
      "Slots: [index] page, offset, len, flags (M can merge, P packet, G gift, - none), "
      "operations.\n"
      "Trees lie on their side: the root is leftmost, greater priorities are above it.");
  command->add_option("TRACE", options->trace, "A trace file; - is standard input")->required();
  command->add_option("--from", options->first, "First step to print")->capture_default_str();
  command->add_option("--to", options->last, "Last step to print (0: to the end)")
      ->capture_default_str();
  add_common_options(*command, options->common);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
