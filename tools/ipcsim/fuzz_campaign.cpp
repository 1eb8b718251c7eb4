#include "tools/ipcsim/fuzz_campaign.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "model/base/random.hpp"
#include "sim/fuzz/shrink.hpp"
#include "tools/ipcsim/command.hpp"

namespace ipcsim {
namespace {

/// How often a program with a difference is run again before the difference counts as one of the
/// machine's moods.
constexpr int kMostRepeats = 5;
/// A median needs no more, and a campaign may run for days.
constexpr std::size_t kMostTimes = 1'000'000;

Trace first_steps(const Trace& program, u64 steps) {
  Trace cut = program;
  cut.events.resize(std::min<std::size_t>(cut.events.size(), steps));
  return cut;
}

class Campaign {
 public:
  Campaign(const FuzzOptions& options, const DifferentialRun& run,
           const std::function<bool(const FuzzProgress&)>& go_on)
      : options_(options), run_(run), go_on_(go_on) {}

  std::expected<FuzzResult, MachineError> run() {
    while (result_.report.steps < options_.steps &&
           result_.findings.size() < options_.most_differences && tell(false)) {
      Coverage covered;
      const Trace program = fuzz_program(options_, result_.programs + 1, covered);
      if (auto done = run_one(program, covered); !done) {
        return std::unexpected(done.error());
      }
    }
    return std::move(result_);
  }

 private:
  bool tell(bool shrinking) {
    result_.interrupted = result_.interrupted || !go_on_({.steps = result_.report.steps,
                                                          .programs = result_.programs,
                                                          .differences = result_.findings.size(),
                                                          .shrinking = shrinking});
    return !result_.interrupted;
  }

  std::expected<void, MachineError> run_one(const Trace& program, const Coverage& covered) {
    ++result_.programs;
    StepTimes times;
    auto report = run_.run(program, times);
    if (!report) {
      if (report.error().unsupported && result_.report.steps == 0) {
        return std::unexpected(report.error());
      }
      ++result_.given_up[report.error().message];
      result_.report.steps += program.events.size();
      return {};
    }
    result_.coverage.add(covered);
    if (result_.times.states.size() < kMostTimes) {
      result_.times.add(times);
    }
    const std::vector<Difference> differences = std::exchange(report->differences, {});
    report->remarks.clear();  // one a program
    result_.report.add(*std::move(report));
    if (!differences.empty()) {
      return look_into(program, differences.front());
    }
    return {};
  }

  /// The first difference of a program, or nothing.
  [[nodiscard]] std::optional<Difference> difference_in(const Trace& program) const {
    StepTimes ignored;
    const auto report = run_.run(program, ignored);
    if (!report || report->differences.empty()) {
      return std::nullopt;
    }
    return report->differences.front();
  }

  std::expected<void, MachineError> look_into(const Trace& program, const Difference& first) {
    FuzzFinding finding{.program = result_.programs,
                        .path = fmt::format("{}/fuzz-{}-{}.jsonl", options_.folder, options_.seed,
                                            result_.programs),
                        .difference = first,
                        .at_step = result_.report.steps};
    Trace shown = first.step == 0 ? program : first_steps(program, first.step);
    finding.steps_before = static_cast<u32>(shown.events.size());
    finding.reproduced = false;
    for (int i = 0; i < kMostRepeats && !finding.reproduced; ++i) {
      finding.reproduced = difference_in(shown).has_value();
    }
    if (finding.reproduced) {
      shown = shrink(shown, run_.profile(), options_.most_shrink_tries, [this](const Trace& t) {
        return tell(true) && !t.events.empty() && difference_in(t).has_value();
      });
    }
    finding.steps_after = static_cast<u32>(shown.events.size());
    if (const auto again = difference_in(shown)) {
      finding.difference = *again;
    }
    return keep(std::move(finding), std::move(shown));
  }

  std::expected<void, MachineError> keep(FuzzFinding finding, Trace shown) {
    shown.header.title = fmt::format("Found by ipcsim fuzz --seed {}, program {}: {}",
                                     options_.seed, finding.program, finding.difference.call);
    auto recorded = run_.record(shown);
    const std::string text = format_trace(recorded ? *recorded : shown);
    if (auto written = write_file(finding.path, text); !written) {
      return std::unexpected(MachineError{.unsupported = false, .message = written.error()});
    }
    result_.report.differences.push_back(finding.difference);
    result_.findings.push_back(std::move(finding));
    return {};
  }

  const FuzzOptions& options_;
  const DifferentialRun& run_;
  const std::function<bool(const FuzzProgress&)>& go_on_;
  FuzzResult result_;
};

}  // namespace

Trace fuzz_program(const FuzzOptions& options, u64 number, Coverage& coverage) {
  ProgramOptions program = options.program;
  program.steps = options.program_steps;
  Trace trace = write_program(program, derived_seed(options.seed, number), coverage);
  trace.name = fmt::format("seed {}, program {}", options.seed, number);
  trace.header.title = fmt::format("ipcsim fuzz --seed {}, program {}", options.seed, number);
  return trace;
}

std::expected<FuzzResult, MachineError> run_campaign(
    const FuzzOptions& options, const DifferentialRun& run,
    const std::function<bool(const FuzzProgress&)>& go_on) {
  return Campaign(options, run, go_on).run();
}

}  // namespace ipcsim
