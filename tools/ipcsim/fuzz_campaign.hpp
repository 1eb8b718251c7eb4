// A campaign of random programs on the model and on a real kernel.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/fuzz/program.hpp"
#include "sim/replay/report.hpp"
#include "tools/ipcsim/differential_run.hpp"

namespace ipcsim {

/// What a campaign does.
struct FuzzOptions {
  u64 seed = 1;
  u64 steps = 10'000;
  u32 program_steps = 120;
  ProgramOptions program;
  std::string folder = ".";           ///< where traces of differences go
  u64 most_differences = 1;           ///< it ends with so many
  u32 most_shrink_tries = 1'500;      ///< programs tried to make one smaller
  std::optional<std::string> unread;  ///< why the kernel's structures are not compared
};

/// A program on which the two disagreed.
struct FuzzFinding {
  u64 program = 0;  ///< its number, from 1
  std::string path;
  Difference difference;  ///< of the shrunk program
  u32 steps_before = 0;   ///< actions up to the difference
  u32 steps_after = 0;    ///< actions of the shrunk program
  u64 at_step = 0;        ///< steps of the campaign until then
  bool reproduced = true;
};

struct FuzzResult {
  Report report;
  Coverage coverage;
  u64 programs = 0;
  std::vector<FuzzFinding> findings;
  StepTimes times;                      ///< of the first steps whose states were compared
  std::map<std::string, u64> given_up;  ///< why programs were not run to their end
  bool interrupted = false;
};

/// What those who watch a campaign are told after each program and each try at a smaller one.
struct FuzzProgress {
  u64 steps = 0;
  u64 programs = 0;
  u64 differences = 0;
  bool shrinking = false;
};

/// The `number`th program of the campaign, from 1.
[[nodiscard]] Trace fuzz_program(const FuzzOptions& options, u64 number, Coverage& coverage);

/// Runs the campaign. `go_on` is called often and ends it by false. Fails when this machine cannot
/// run any program, or a trace cannot be written.
[[nodiscard]] std::expected<FuzzResult, MachineError> run_campaign(
    const FuzzOptions& options, const DifferentialRun& run,
    const std::function<bool(const FuzzProgress&)>& go_on);

}  // namespace ipcsim
