// ipcsim calibrate: what operations cost on this machine.
#include <unistd.h>

#include <memory>

#include <fmt/format.h>

#include "tools/host/measure/calibrate.hpp"
#include "tools/ipcsim/calibration_json.hpp"
#include "tools/ipcsim/command.hpp"

namespace ipcsim {
namespace {

struct CalibrateOptions {
  std::string file = "-";
  u32 rounds = 15;
};

int run(const CalibrateOptions& options) {
  const bool shows = isatty(STDERR_FILENO) == 1;
  const auto calibration = calibrate(options.rounds, [&](u32 done) {
    if (shows) {
      fmt::print(stderr, "\r{} of {} rounds{}", done, options.rounds,
                 done == options.rounds ? "\r\x1b[K" : "");
    }
  });
  if (!calibration) {
    return report_failure(calibration.error());
  }
  const auto written = write_file(options.file, calibration_to_json(*calibration));
  if (!written) {
    print_error(written.error());
    return kExitUnusable;
  }
  return kExitAgrees;
}

}  // namespace

void add_calibrate_command(CLI::App& app, int& status) {
  auto options = std::make_shared<CalibrateOptions>();
  CLI::App* command = app.add_subcommand(
      "calibrate", "Measure what pipe and queue operations cost on this machine");
  command->footer(
      "Writes a file for ipcsim sweep --calibration and ipcsim advise --calibration: each "
      "quantity\n"
      "in nanoseconds with its median and what the middle eight tenths of the rounds lie between.\n"
      "Measure while nothing else runs.");
  command->add_option("-o,--output", options->file, "The file (-: standard output)")
      ->capture_default_str();
  command->add_option("--rounds", options->rounds, "How often each quantity is measured")
      ->check(CLI::Range(3, 1000))
      ->capture_default_str();
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
