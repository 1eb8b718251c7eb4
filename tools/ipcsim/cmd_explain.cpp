// ipcsim explain: what happened in a trace, for a person.
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/replay/explain.hpp"
#include "sim/replay/model_machine.hpp"
#include "sim/replay/settled_runner.hpp"
#include "sim/replay/story.hpp"
#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/perfetto.hpp"

namespace ipcsim {
namespace {

using nlohmann::ordered_json;

struct ExplainOptions {
  CommonOptions common;
  std::string trace;
  std::string perfetto;
  std::size_t sleeps = 20;
  u64 limit = ExplainLimits{}.sections;
};

/// How the trace can have come about, or the report of why it cannot.
std::expected<Explanation, MachineError> explanation_of(const Trace& trace,
                                                        const KernelProfile& profile, u64 limit) {
  if (trace.header.order == TraceOrder::kObserved) {
    return explain(trace, profile, {.sections = limit});
  }
  ModelMachine model(trace.header.environment, profile, Contents::kKept);
  Machine* const machines[] = {&model};
  auto report = run_settled(trace, machines, {});
  if (!report) {
    return std::unexpected(report.error());
  }
  Explanation explanation;
  explanation.report = *std::move(report);
  if (!explanation.report.differences.empty()) {
    explanation.verdict = Explanation::Verdict::kRefuted;
    return explanation;
  }
  explanation.schedule = settled_schedule(trace, profile);
  return explanation;
}

ordered_json to_json(const Story& story) {
  ordered_json sleeps = ordered_json::array();
  for (const ToldCall& call : story.calls) {
    if (!call.slept || !call.ended_ns) {
      continue;
    }
    ordered_json one = {{"task", call.task.v},
                        {"call", call.text},
                        {"result", call.result},
                        {"on", call.where},
                        {"asleep_ns", call.asleep_ns}};
    if (call.woken_by) {
      one["woken_by"] = {{"task", story.calls[*call.woken_by].task.v},
                         {"call", story.calls[*call.woken_by].text}};
    }
    if (call.recorded) {
      one["recorded"] = {{"times", call.recorded->times}, {"ns", call.recorded->ns}};
      if (call.recorded->woken_by != kNoTask) {
        one["recorded"]["woken_by"] = call.recorded->woken_by.v;
      }
    }
    sleeps.push_back(std::move(one));
  }
  ordered_json objects = ordered_json::array();
  for (const ToldObject& object : story.objects) {
    objects.push_back({{"name", object.name},
                       {"most_bytes", object.most_bytes},
                       {"most_places", object.most_slots},
                       {"places", object.capacity}});
  }
  ordered_json sleepers = ordered_json::array();
  for (const ToldSleeper& sleeper : story.sleepers) {
    sleepers.push_back({{"task", sleeper.task.v},
                        {"call", sleeper.text},
                        {"on", sleeper.where},
                        {"waits", sleeper.waits}});
  }
  return {{"calls", story.calls.size()},
          {"has_times", story.has_times},
          {"sleeps", std::move(sleeps)},
          {"objects", std::move(objects)},
          {"asleep_at_the_end", std::move(sleepers)}};
}

int run(const ExplainOptions& options) {
  const auto traces = load_traces({options.trace});
  if (!traces) {
    return kExitUnusable;
  }
  const Trace& trace = traces->front();
  const KernelProfile* profile = choose_profile(options.common, trace);
  if (profile == nullptr) {
    return kExitUnusable;
  }
  const auto explanation = explanation_of(trace, *profile, options.limit);
  if (!explanation) {
    return report_failure(explanation.error());
  }
  if (explanation->verdict != Explanation::Verdict::kExplained) {
    ReportPrinter printer(options.common, "ipcsim explain");
    printer.add(trace, explanation->report);
    return printer.finish();
  }
  const Story story = tell(trace, *profile, explanation->schedule);
  if (!options.perfetto.empty()) {
    const auto written = write_file(options.perfetto, perfetto_json(story, trace.header.title));
    if (!written) {
      print_error(written.error());
      return kExitUnusable;
    }
  }
  if (options.common.json) {
    fmt::print("{}\n", to_json(story).dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    fmt::print("{}\n{}", trace.header.title, to_text(story, options.sleeps));
  }
  return kExitAgrees;
}

}  // namespace

void add_explain_command(CLI::App& app, int& status) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = app.add_subcommand(
      "explain", "Tell who slept where in a trace, for how long, who ended it, and what held what");
  command->footer(
      "Of a trace that ends with sleepers: what each waits for, and who could free it.\n"
      "How long a sleep was is what the recorder saw (ipcsim record --with bpf); otherwise it is\n"
      "measured from the beginning of the call to that of the call that ended it.");
  command->add_option("TRACE", options->trace, "The trace (JSON Lines); - is standard input")
      ->required();
  command->add_option("--perfetto", options->perfetto,
                      "Write a trace-event file for ui.perfetto.dev: a track a task, counters, "
                      "arrows from who woke to who was woken");
  command->add_option("--sleeps", options->sleeps, "How many sleeps to list")
      ->capture_default_str();
  command
      ->add_option("--limit", options->limit,
                   "Sections to run before the search for an interleaving is given up")
      ->capture_default_str();
  add_common_options(*command, options->common);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
