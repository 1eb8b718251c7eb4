// ipcsim fuzz: random programs on the model and on a real kernel.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "tools/host/environment.hpp"
#include "tools/host/host_machine.hpp"
#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/fuzz_campaign.hpp"
#include "tools/ipcsim/fuzz_report.hpp"

namespace ipcsim {
namespace {

struct FuzzCommand {
  CommonOptions common;
  FuzzOptions fuzz;
  std::string kernel = "host";
  std::string state = "auto";
  std::string objects = "all";
  u64 write_program = 0;
};

volatile std::sig_atomic_t caught_signal = 0;

void on_signal(int signal) { caught_signal = signal; }

/// Lets a campaign come to its report when somebody wants it to end.
class CatchSignals {
 public:
  CatchSignals() {
    struct sigaction action{};
    action.sa_handler = on_signal;
    for (const int signal : {SIGINT, SIGTERM}) {
      sigaction(signal, &action, signal == SIGINT ? &interrupt_before_ : &terminate_before_);
    }
  }
  CatchSignals(const CatchSignals&) = delete;
  CatchSignals& operator=(const CatchSignals&) = delete;
  ~CatchSignals() {
    sigaction(SIGINT, &interrupt_before_, nullptr);
    sigaction(SIGTERM, &terminate_before_, nullptr);
  }

 private:
  struct sigaction interrupt_before_{};
  struct sigaction terminate_before_{};
};

/// A line on a terminal's standard error that is written again and again.
class ProgressLine {
 public:
  explicit ProgressLine(u64 steps) : steps_(steps), shown_(isatty(STDERR_FILENO) == 1) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() {
    if (written_) {
      fmt::print(stderr, "\r\x1b[K");
    }
  }

  void show(const FuzzProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || now - last_ < std::chrono::milliseconds(200)) {
      return;
    }
    last_ = now;
    written_ = true;
    fmt::print(stderr, "\r\x1b[K{} of {} steps, {} programs, {} differences{}", progress.steps,
               steps_, progress.programs, progress.differences,
               progress.shrinking ? ", shrinking" : "");
    std::fflush(stderr);
  }

 private:
  u64 steps_;
  bool shown_;
  bool written_ = false;
  std::chrono::steady_clock::time_point last_;
};

/// "linux-6.18" for 6.18.44; of a release between two profiles the older one.
const KernelProfile& profile_of_release(const std::string& release) {
  const auto version = [](std::string_view text) {
    unsigned major = 0;
    unsigned minor = 0;
    std::sscanf(std::string(text).c_str(), "%u.%u", &major, &minor);
    return std::pair(major, minor);
  };
  const KernelProfile* found = &kernel_profiles().front();
  for (const KernelProfile& profile : kernel_profiles()) {
    if (version(profile.name.substr(profile.name.find('-') + 1)) <= version(release)) {
      found = &profile;
    }
  }
  return *found;
}

const KernelProfile* choose(const FuzzCommand& options) {
  if (options.common.profile.empty()) {
    return &profile_of_release(host_environment().kernel);
  }
  return choose_profile(options.common, Trace{.name = "--profile", .header = {}, .events = {}});
}

int run_to_report(const FuzzCommand& options) {
  const DifferentialRun run(*options.fuzz.program.profile, !options.fuzz.unread);
  const auto began = std::chrono::steady_clock::now();
  std::expected<FuzzResult, MachineError> result;
  {
    const CatchSignals catching;
    ProgressLine line(options.fuzz.steps);
    result = run_campaign(options.fuzz, run, [&](const FuzzProgress& progress) {
      line.show(progress);
      return caught_signal == 0;
    });
  }
  if (!result) {
    return report_failure(result.error());
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  print_fuzz_report(options.fuzz, *result, options.common, took.count());
  if (caught_signal != 0) {
    std::fflush(stdout);
    std::raise(caught_signal);
  }
  return result->report.differences.empty() ? kExitAgrees : kExitDifference;
}

int run(FuzzCommand& options) {
  options.fuzz.unread =
      options.state == "off" ? std::optional<std::string>("--state off") : why_no_state();
  if (options.state == "require" && options.fuzz.unread) {
    print_error("--state require: " + *options.fuzz.unread);
    return kExitLacking;
  }
  options.fuzz.program.profile = choose(options);
  if (options.fuzz.program.profile == nullptr) {
    return kExitUnusable;
  }
  options.fuzz.program.pipes = options.objects != "mqueue";
  options.fuzz.program.queues = options.objects != "pipe";
  if (options.write_program > 0) {
    Coverage ignored;
    fmt::print("{}", format_trace(fuzz_program(options.fuzz, options.write_program, ignored)));
    return kExitAgrees;
  }
  if (!std::filesystem::is_directory(options.fuzz.folder)) {
    print_error(options.fuzz.folder + ": is no folder");
    return kExitUnusable;
  }
  return run_to_report(options);
}

}  // namespace

void add_fuzz_command(CLI::App& app, int& status) {
  auto options = std::make_shared<FuzzCommand>();
  FuzzOptions& fuzz = options->fuzz;
  CLI::App* command = app.add_subcommand(
      "fuzz", "Run random programs in the model and on a real kernel; shrink what differs");
  command->footer(
      "A campaign is many programs, each of a seed of its own that follows from --seed: the same\n"
      "options give the same programs. What differs is shrunk, and written as a trace that\n"
      "ipcsim diff reproduces. Example: ipcsim fuzz --seed 7 --steps 200000 --objects pipe");
  command->add_option("--seed", fuzz.seed, "What all chance follows from")->capture_default_str();
  command->add_option("--steps", fuzz.steps, "Steps of all programs together")
      ->check(CLI::Range(u64{1}, u64{1'000'000'000'000}))
      ->capture_default_str();
  command->add_option("--program-steps", fuzz.program_steps, "Steps of one program at most")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_option("--objects", options->objects, "What the programs are about")
      ->check(CLI::IsMember({"pipe", "mqueue", "all"}))
      ->capture_default_str();
  command->add_option("--tasks", fuzz.program.tasks, "Tasks that live at one time, at most")
      ->check(CLI::Range(1, 60))
      ->capture_default_str();
  command->add_option("--kernel", options->kernel, "Which real kernel")
      ->check(CLI::IsMember({"host"}))
      ->capture_default_str();
  command->add_option("--state", options->state, "Compare the kernel's structures too, if readable")
      ->check(CLI::IsMember({"auto", "off", "require"}))
      ->capture_default_str();
  command->add_option("--out", fuzz.folder, "The folder for traces of what differs")
      ->capture_default_str();
  command->add_option("--differences", fuzz.most_differences, "End with so many differences")
      ->check(CLI::Range(u64{1}, u64{1'000'000}))
      ->capture_default_str();
  command
      ->add_option("--shrink-tries", fuzz.most_shrink_tries,
                   "Programs that are tried to make one smaller, at most")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command
      ->add_option("--write-program", options->write_program,
                   "Run nothing; write the program of this number, from 1, to standard output")
      ->check(CLI::Range(u64{1}, u64{1'000'000'000}));
  add_common_options(*command, options->common);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
