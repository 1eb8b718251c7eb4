// ipcsim advise: which size a trace's pipes and queues should have.
#include <algorithm>
#include <memory>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <range/v3/algorithm/stable_sort.hpp>

#include "sim/workload/advise.hpp"
#include "sim/workload/trace_workload.hpp"
#include "tools/ipcsim/calibration_json.hpp"
#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/parallel.hpp"
#include "tools/ipcsim/sweep_plan.hpp"
#include "tools/ipcsim/sweep_report.hpp"

namespace ipcsim {
namespace {

using nlohmann::ordered_json;

struct AdviseOptions {
  CommonOptions common;
  std::string trace;
  std::string calibration;
  std::string placement = "two";
  std::size_t objects = 5;
  unsigned threads = 0;
};

/// The objects that most goes through, at most `most` of them; those without traffic are left out.
std::vector<u32> busiest(const Workload& workload, std::size_t most) {
  const std::vector<u64> amounts = amounts_into(workload);
  std::vector<u32> order(amounts.size());
  std::iota(order.begin(), order.end(), 0U);
  ranges::stable_sort(order, [&](u32 a, u32 b) { return amounts[a] > amounts[b]; });
  std::erase_if(order, [&](u32 object) { return amounts[object] == 0; });
  order.resize(std::min(order.size(), most));
  return order;
}

std::vector<u64> sizes_for(const WorkloadObject& object) {
  std::vector<u64> sizes = object.queue ? usual_queue_sizes() : usual_pipe_sizes();
  sizes.push_back(object.queue ? static_cast<u64>(object.mq.mq_maxmsg) : object.pipe_bytes);
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

ordered_json to_json(const Interval& interval) {
  return {{"low", interval.low}, {"middle", interval.middle}, {"high", interval.high}};
}

ordered_json to_json(const Advice& advice) {
  return {{"object", advice.object},
          {"kind", advice.queue ? "queue" : "pipe"},
          {"amount", advice.amount},
          {"present", advice.present},
          {"take", advice.best},
          {"matters", advice.matters},
          {"deadlocks_now", advice.present_deadlocks},
          {"least_without_deadlock", advice.least_without_deadlock},
          {"seconds_present", to_json(advice.seconds_present)},
          {"seconds_taken", to_json(advice.seconds_best)},
          {"sleeps_present", advice.sleeps_present},
          {"sleeps_taken", advice.sleeps_best},
          {"most_bytes", advice.most_bytes_best},
          {"stuck", advice.stuck}};
}

void print_advice(const AdviseOptions& options, const Trace& trace, const Workload& workload,
                  const std::vector<Advice>& all, const Calibration& calibration,
                  std::string_view placement) {
  if (options.common.json) {
    ordered_json list = ordered_json::array();
    for (const Advice& advice : all) {
      list.push_back(to_json(advice));
    }
    const ordered_json object = {{"title", trace.header.title},
                                 {"calibration", calibration_line(calibration)},
                                 {"placement", placement},
                                 {"notes", workload.notes},
                                 {"advice", std::move(list)}};
    fmt::print("{}\n", object.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
    return;
  }
  fmt::print("{}\n{}; calibration {}\n", trace.header.title, placement,
             calibration_line(calibration));
  for (const std::string& note : workload.notes) {
    fmt::print("{}\n", note);
  }
  for (const Advice& advice : all) {
    fmt::print("\n{}", advice_text(advice, trace.header.environment.page_size));
  }
  if (all.empty()) {
    fmt::print("\nNothing goes through a pipe or queue here: there is no size to choose.\n");
  }
}

int run(const AdviseOptions& options) {
  const auto traces = load_traces({options.trace});
  if (!traces) {
    return kExitUnusable;
  }
  const Trace& trace = traces->front();
  const KernelProfile* profile = choose_profile(options.common, trace);
  const auto calibration = load_calibration(options.calibration);
  const auto placement = parse_placement(options.placement);
  if (profile == nullptr || !calibration || !placement) {
    if (profile != nullptr) {
      print_error(calibration ? placement.error() : calibration.error());
    }
    return kExitUnusable;
  }
  const Workload workload = trace_workload(trace);
  const std::vector<u32> objects = busiest(workload, options.objects);
  std::vector<Advice> all(objects.size());
  for_each_parallel(objects.size(), options.threads, "objects", [&](std::size_t i) {
    all[i] = advise(workload, objects[i], sizes_for(workload.objects[objects[i]]),
                    {.profile = profile,
                     .calibration = &*calibration,
                     .page_size = trace.header.environment.page_size,
                     .placement = *placement});
  });
  print_advice(options, trace, workload, all, *calibration, placement_text(*placement));
  return kExitAgrees;
}

}  // namespace

void add_advise_command(CLI::App& app, int& status) {
  auto options = std::make_shared<AdviseOptions>();
  CLI::App* command = app.add_subcommand(
      "advise", "Say which size a trace's pipes and queues should have, and what that gains");
  command->footer(
      "Takes each task's transfers as ipcsim sweep TRACE does, tries each busy pipe or queue at "
      "all\n"
      "usual sizes, and compares with the size it has. Times are those of the calibration.");
  command->add_option("TRACE", options->trace, "The trace (JSON Lines); - is standard input")
      ->required();
  command->add_option("--calibration", options->calibration,
                      "File of ipcsim calibrate (default: the built-in one of another machine)");
  command->add_option("--processors", options->placement, "one, two, or fifo")
      ->capture_default_str();
  command->add_option("--objects", options->objects, "How many pipes and queues, the busiest first")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command
      ->add_option("--threads", options->threads, "Threads to compute on (default: all processors)")
      ->check(CLI::Range(0, 1024));
  add_common_options(*command, options->common);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
