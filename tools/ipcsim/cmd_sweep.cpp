// ipcsim sweep: what ring or queue size does to a workload.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "tools/host/environment.hpp"
#include "tools/host/measure/real_probe.hpp"
#include "tools/host/measure/real_workload.hpp"
#include "tools/ipcsim/calibration_json.hpp"
#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/parallel.hpp"
#include "tools/ipcsim/sweep_plan.hpp"
#include "tools/ipcsim/sweep_plot.hpp"
#include "tools/ipcsim/sweep_report.hpp"

namespace ipcsim {
namespace {

constexpr double kTimeoutSeconds = 60;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Interval interval_of(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {*low, median(values), *high};
}

/// Runs one case on this kernel. Fails when this machine lacks what all cases need.
std::expected<MeasuredRow, MachineError> measure(const SweepCase& at, const SweepRow& row,
                                                 Placement placement, u32 repeat, u64 seed) {
  MeasuredRow measured;
  if (!row.run.stuck.empty()) {
    measured.refused = "not run: it would deadlock";
    return measured;
  }
  std::vector<double> sleeps;
  std::vector<double> speeds;
  for (u32 i = 0; i < repeat; ++i) {
    const auto run =
        run_real_workload(at.workload, placement, seed, kTimeoutSeconds, RealCounting::kOff);
    if (!run) {
      if (run.error().unsupported && i == 0) {
        measured.refused = run.error().message;
        return measured;
      }
      return std::unexpected(run.error());
    }
    RunCounts counts = run->all;
    counts.messages = row.run.all.messages;
    const double unit = units(counts, at.queue);
    sleeps.push_back(static_cast<double>(counts.sleeps) / unit);
    speeds.push_back(static_cast<double>(counts.bytes_in) * 1e9 / run->elapsed_ns);
    measured.syscalls_per_unit = static_cast<double>(counts.syscalls) / unit;
  }
  measured.sleeps_per_unit = interval_of(sleeps);
  measured.bytes_per_second = interval_of(speeds);
  if (placement != Placement::kOneFifo) {
    return measured;  // counting itself would change who goes first
  }
  const auto counted =
      run_real_workload(at.workload, placement, seed, kTimeoutSeconds, RealCounting::kOn);
  if (counted && counted->counted) {
    RunCounts counts = counted->all;
    counts.messages = row.run.all.messages;
    const double unit = units(counts, at.queue);
    measured.wakeups_per_unit = static_cast<double>(counted->counted->wakeups) / unit;
    measured.new_pages_per_unit = static_cast<double>(counted->counted->new_pages) / unit;
  }
  return measured;
}

/// The machine's limits as far as `arguments` do not say otherwise.
BudgetLimits limits_of(const SweepArguments& arguments, const Environment& host) {
  return {.pipe = host.pipe_limits,
          .pipe_pages_used = arguments.used_pages,
          .rlimit_msgqueue = host.tasks.front().rlimit_msgqueue,
          .mq_bytes_used = arguments.used_mq_bytes};
}

std::expected<void, MachineError> measure_all(const SweepPlan& plan,
                                              const SweepArguments& arguments,
                                              SweepReport& report) {
  for (std::size_t i = 0; i < plan.cases.size(); ++i) {
    SweepLine& line = report.lines[i];
    auto measured =
        measure(plan.cases[i], line.row, plan.placement, arguments.repeat, arguments.seed);
    if (!measured) {
      return std::unexpected(measured.error());
    }
    line.measured = *std::move(measured);
    if (line.probe) {
      if (auto probe = probe_real_pipe(line.row.size, plan.write_bytes, plan.packets)) {
        line.real_probe = *probe;
      }
    }
  }
  return {};
}

/// The profile of a release such as "6.18.44", or nothing where there is none.
std::string profile_of_release(const std::string& release) {
  const std::string name = "linux-" + release.substr(0, release.find('.', release.find('.') + 1));
  return find_profile(name) == nullptr ? std::string() : name;
}

i64 queue_msgsize(const Workload& workload) {
  for (const WorkloadObject& object : workload.objects) {
    if (object.queue) {
      return object.mq.mq_msgsize;
    }
  }
  return 1;
}

/// All rows, predicted.
SweepReport predict(const SweepPlan& plan, const SweepArguments& arguments,
                    const KernelProfile& profile, const Calibration& calibration,
                    const Environment& host) {
  SweepReport report{.title = plan.title,
                     .profile = std::string(profile.name),
                     .calibration = calibration,
                     .placement = plan.placement,
                     .queue = plan.queue,
                     .page_size = host.page_size,
                     .notes = plan.notes,
                     .lines = std::vector<SweepLine>(plan.cases.size())};
  const SweepOptions options{.profile = &profile,
                             .calibration = &calibration,
                             .page_size = host.page_size,
                             .placement = plan.placement,
                             .seed = arguments.seed};
  const BudgetLimits limits = limits_of(arguments, host);
  for_each_parallel(plan.cases.size(), arguments.threads, "sizes", [&](std::size_t i) {
    const SweepCase& at = plan.cases[i];
    SweepLine& line = report.lines[i];
    line.row = sweep_row(at, options);
    if (plan.queue) {
      line.budget = queue_budget({static_cast<i64>(at.size), queue_msgsize(at.workload)}, limits);
      return;
    }
    const u64 size = round_pipe_size(at.size, host.page_size);
    line.budget = pipe_budget(size, host.page_size, limits);
    if (plan.write_bytes > 0) {
      line.probe = probe_pipe(at.size, plan.write_bytes, plan.packets, host.page_size, profile);
    }
  });
  std::vector<SweepRow> rows;
  for (const SweepLine& line : report.lines) {
    rows.push_back(line.row);
  }
  report.summary = summarise(rows);
  return report;
}

int run(const SweepArguments& arguments) {
  std::optional<std::vector<Trace>> traces;
  const Trace* trace = nullptr;
  if (!arguments.trace.empty()) {
    traces = load_traces({arguments.trace});
    if (!traces) {
      return kExitUnusable;
    }
    trace = &traces->front();
  }
  const Environment host = host_environment();
  Trace none;
  none.header.environment.profile = profile_of_release(host.kernel);
  const KernelProfile* profile = choose_profile(arguments.common, trace == nullptr ? none : *trace);
  const auto calibration = load_calibration(arguments.calibration);
  const auto plan = plan_sweep(arguments, trace, host.page_size);
  if (profile == nullptr || !calibration || !plan) {
    if (profile != nullptr) {
      print_error(plan ? calibration.error() : plan.error());
    }
    return kExitUnusable;
  }
  SweepReport report = predict(*plan, arguments, *profile, *calibration, host);
  if (arguments.measure) {
    if (const auto measured = measure_all(*plan, arguments, report); !measured) {
      return report_failure(measured.error());
    }
  }
  if (!arguments.plot.empty()) {
    const auto written = write_file(arguments.plot, sweep_plot(report, arguments.plot));
    if (!written) {
      print_error(written.error());
      return kExitUnusable;
    }
  }
  fmt::print("{}", arguments.common.json ? sweep_json(report) : sweep_text(report));
  return kExitAgrees;
}

/// A second before each call.
const CLI::Range kMostNanoseconds(0.0, 1e9);

void add_workload_options(CLI::App& command, SweepArguments& a) {
  command.add_option("TRACE", a.trace,
                     "Take the workload from a trace (- is standard input): each task's transfers");
  command.add_option("--size", a.sizes,
                     "Sizes of the pipe in bytes: 4K..1M (in doublings), 12288, or a list");
  command.add_option("--slots", a.slots, "The same in slots of a page: 1..65536");
  command
      .add_option("--write", a.write,
                  "Bytes a write or message: 4096, 512..4K (each alike), 64:9,4K:1 (weights)")
      ->capture_default_str();
  command.add_option("--read", a.read, "Room a read, likewise (default: as --write)");
  command.add_option("--writers", a.writers, "Writers or senders")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_option("--readers", a.readers, "Readers or receivers")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_option("--total", a.total, "Bytes of all writers together")->capture_default_str();
  command.add_option("--think-write", a.write_think_ns, "Nanoseconds of work before each write")
      ->check(kMostNanoseconds);
  command.add_option("--think-read", a.read_think_ns, "The same before each read")
      ->check(kMostNanoseconds);
  command.add_option("--style", a.style, "How a task waits")
      ->check(CLI::IsMember({"blocking", "poll", "epoll"}))
      ->capture_default_str();
  command.add_flag("--packets", a.packets, "Writes are packets (O_DIRECT)");
  command.add_option("--exchange", a.exchange,
                     "Instead: two processes and two pipes; each writes so many bytes, then reads");
  command.add_flag("--queue", a.queue, "A message queue instead of a pipe");
  command.add_option("--maxmsg", a.maxmsg, "Its mq_maxmsg: a list as --size");
  command.add_option("--msgsize", a.msgsize, "Its mq_msgsize (default: the largest message)");
  command.add_option("--messages", a.messages, "Messages of all senders")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  command.add_option("--prios", a.prios, "Priorities that messages have in turn")
      ->check(CLI::Range(1, 32768))
      ->capture_default_str();
  command.add_option("--object", a.object,
                     "Of a trace: the pipe or queue whose size changes (default: the busiest)");
}

}  // namespace

void add_sweep_command(CLI::App& app, int& status) {
  auto a = std::make_shared<SweepArguments>();
  CLI::App* command =
      app.add_subcommand("sweep", "Predict what the size of a pipe or queue does to a workload");
  command->footer(
      "Counts are exact where the tasks take turns (writes of at least the pipe's size on two\n"
      "processors; always with --processors fifo); elsewhere they are given as low .. high.\n"
      "Times come from a calibration: the built-in one of another machine, or --calibration FILE\n"
      "as ipcsim calibrate writes it.");
  add_workload_options(*command, *a);
  command
      ->add_option("--processors", a->placement,
                   "one, two, or fifo: one, with equal real-time priorities")
      ->capture_default_str();
  command->add_option("--calibration", a->calibration, "File of ipcsim calibrate");
  command
      ->add_option("--used-pages", a->used_pages,
                   "Pages that the user's other pipes are charged already")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--used-queue-bytes", a->used_mq_bytes,
                   "Bytes that the user's other queues are charged already")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--measure", a->measure,
                    "Run it on this kernel too; prediction, measurement and error side by side");
  command->add_option("--repeat", a->repeat, "Runs of each measurement")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--plot", a->plot, "Draw it: FILE.svg or FILE.html")
      ->check([](const std::string& path) {
        const bool known = path.ends_with(".svg") || path.ends_with(".html");
        return known ? std::string() : "a picture is a .svg or .html file";
      });
  command->add_option("--seed", a->seed, "Of sizes drawn by chance")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--threads", a->threads, "Threads to compute on (default: all processors)")
      ->check(CLI::Range(0, 1024));
  add_common_options(*command, a->common);
  command->callback([a, &status] { status = run(*a); });
}

}  // namespace ipcsim
