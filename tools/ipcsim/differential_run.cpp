#include "tools/ipcsim/differential_run.hpp"

#include <array>
#include <optional>
#include <utility>

#include "sim/replay/model_machine.hpp"
#include "sim/replay/settled_runner.hpp"
#include "tools/ipcsim/host_choice.hpp"

namespace ipcsim {
namespace {

/// How much longer than in the program a sleep takes on the host at least. Most programs end before
/// that; the others are run again with more.
constexpr std::array<std::chrono::milliseconds, 3> kTimerSlacks{
    std::chrono::milliseconds{12}, std::chrono::milliseconds{150}, std::chrono::milliseconds{1000}};

/// Adds what was found in the structures. The shrinker looks at the first difference: that is the
/// one of the earliest step.
std::expected<void, MachineError> add_states(Report& report, const StateWatch& watch) {
  Report states;
  if (auto added = watch.add_to(states); !added) {
    return added;
  }
  const bool earlier = !states.differences.empty() && !report.differences.empty() &&
                       states.differences.front().step < report.differences.front().step;
  if (earlier) {
    std::swap(report.differences, states.differences);
  }
  report.add(std::move(states));
  return {};
}

/// The model alone: does it break a rule of its own?
std::expected<Report, MachineError> run_model(const Trace& program, const KernelProfile& profile) {
  ModelMachine model(program.header.environment, profile, Contents::kKept);
  Machine* const machines[] = {&model};
  auto report = run_settled(program, machines, {});
  if (report) {
    return report;
  }
  Report broken;
  broken.differences.push_back({.where = program.name,
                                .call = "a step",
                                .expected = "no rule is broken",
                                .expected_by = model.name(),
                                .actual = report.error().message,
                                .actual_by = model.name()});
  return broken;
}

}  // namespace

std::expected<Report, MachineError> DifferentialRun::run(const Trace& program,
                                                         StepTimes& times) const {
  MachineError error;
  for (const std::chrono::milliseconds slack : kTimerSlacks) {
    HostOptions options = host_options(program);
    options.timer_slack = slack;
    options.read_state = states_;
    auto host = make_host_machine(program.header.environment, options);
    if (!host) {
      return std::unexpected(host.error());
    }
    ModelMachine model(program.header.environment, profile_, Contents::kKept);
    Machine* const machines[] = {&model, host->get()};
    std::optional<StateWatch> states;
    StepObserver compare_states = [](const StepView& /*step*/) {};
    if (states_) {
      compare_states = states.emplace(program, model, **host, times).observer();
    }
    u64 compared = 0;
    auto report = run_settled(program, machines, [&](const StepView& step) {
      compared += step.settled.front().completions.size() + step.settled.front().sleepers.size();
      compare_states(step);
    });
    if (report) {
      report->compared += compared;
      if (states) {
        if (auto added = add_states(*report, *states); !added) {
          return std::unexpected(added.error());
        }
      }
      return report;
    }
    error = report.error();
    auto alone = run_model(program, profile_);
    if (alone && !alone->differences.empty()) {
      return alone;
    }
  }
  return std::unexpected(error);
}

std::expected<Trace, MachineError> DifferentialRun::record(const Trace& program) const {
  auto host = make_host_machine(program.header.environment, host_options(program));
  if (!host) {
    return std::unexpected(host.error());
  }
  return rerecord_settled(program, **host);
}

}  // namespace ipcsim
