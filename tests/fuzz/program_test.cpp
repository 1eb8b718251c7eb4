#include "sim/fuzz/program.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/base/random.hpp"
#include "sim/replay/model_machine.hpp"
#include "sim/replay/settled_runner.hpp"
#include "sim/trace/fd_checker.hpp"

namespace ipcsim {
namespace {

constexpr u64 kPrograms = 60;

ProgramOptions options_for(std::string_view objects, u32 tasks = 6) {
  return {.pipes = objects != "mqueue",
          .queues = objects != "pipe",
          .tasks = tasks,
          .steps = 120,
          .profile = find_profile("linux-6.18")};
}

Trace program(const ProgramOptions& options, u64 seed) {
  Coverage ignored;
  Trace trace = write_program(options, derived_seed(seed, 1), ignored);
  trace.name = fmt::format("seed {}", seed);
  return trace;
}

TEST(Chance, GivesTheSameNumbersInEveryBuild) {
  Random chance(1);
  EXPECT_EQ(chance.next(), 0x910a2dec89025cc1U);
  EXPECT_NE(derived_seed(1, 1), derived_seed(1, 2));
  EXPECT_NE(derived_seed(1, 1), derived_seed(2, 1));
}

TEST(Program, IsTheSameForTheSameSeed) {
  for (u64 seed = 1; seed <= kPrograms; ++seed) {
    EXPECT_EQ(program(options_for("all"), seed), program(options_for("all"), seed));
  }
  EXPECT_NE(program(options_for("all"), 1), program(options_for("all"), 2));
}

TEST(Program, ReadsBackFromItsText) {
  for (u64 seed = 1; seed <= kPrograms; ++seed) {
    const Trace trace = program(options_for("all", 12), seed);
    const auto read = parse_trace(format_trace(trace), trace.name);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(*read, trace) << trace.name;
    EXPECT_FALSE(check_descriptors(*read));
  }
}

// Every step can be made, and none has an outcome that the model does not know or breaks a rule.
TEST(Program, RunsInTheModelToItsEnd) {
  for (const std::string_view objects : {"pipe", "mqueue", "all"}) {
    for (u64 seed = 1; seed <= kPrograms; ++seed) {
      const Trace trace = program(options_for(objects), seed);
      ModelMachine model(trace.header.environment, *find_profile("linux-6.18"), Contents::kKept);
      Machine* const machines[] = {&model};
      const auto report = run_settled(trace, machines, {});
      ASSERT_TRUE(report) << trace.name << ": " << report.error().message;
      EXPECT_EQ(report->steps, trace.events.size()) << trace.name;
      EXPECT_EQ(report->not_modelled, 0) << trace.name;
      EXPECT_TRUE(report->differences.empty()) << trace.name;
    }
  }
}

TEST(Program, IsAboutWhatWasAskedFor) {
  Coverage pipes;
  Coverage queues;
  for (u64 seed = 1; seed <= kPrograms; ++seed) {
    std::ignore = write_program(options_for("pipe"), seed, pipes);
    std::ignore = write_program(options_for("mqueue"), seed, queues);
  }
  EXPECT_TRUE(pipes.calls().contains("splice"));
  EXPECT_FALSE(pipes.calls().contains("mq_open"));
  EXPECT_TRUE(queues.calls().contains("mq_timedsend"));
  EXPECT_FALSE(queues.calls().contains("pipe2"));
}

TEST(Program, HasNoMoreTasksThanWereAskedFor) {
  for (const u32 most : {1U, 2U, 12U}) {
    u32 seen = 0;
    for (u64 seed = 1; seed <= kPrograms; ++seed) {
      const Trace trace = program(options_for("all", most), seed);
      ModelMachine model(trace.header.environment, *find_profile("linux-6.18"), Contents::kKept);
      Machine* const machines[] = {&model};
      ASSERT_TRUE(run_settled(trace, machines, [&](const StepView& /*step*/) {
        u32 living = 0;
        for (u32 task = 1; task <= model.kernel().state().tasks.size(); ++task) {
          living += model.exists(TaskId{task}) ? 1 : 0;
        }
        seen = std::max(seen, living);
      }));
    }
    EXPECT_EQ(seen, most);
  }
}

// What a campaign is expected to reach, it reaches; the rest is listed here.
TEST(Program, ReachesEveryRule) {
  Coverage coverage;
  constexpr u64 kMany = 1500;
  for (u64 seed = 1; seed <= kMany; ++seed) {
    std::ignore = write_program(options_for(seed % 2 == 0   ? "all"
                                            : seed % 4 == 1 ? "pipe"
                                                            : "mqueue"),
                                derived_seed(7, seed), coverage);
  }
  for (u8 i = 0; i < static_cast<u8>(Situation::kCount); ++i) {
    const auto situation = static_cast<Situation>(i);
    EXPECT_GT(coverage.count(situation), 0) << situation_name(situation);
  }
  std::string missed;
  for (const auto& [call, outcome] : expected_outcomes(true, true)) {
    if (!coverage.outcomes().contains({call, outcome})) {
      missed += fmt::format("{} {}\n", call, outcome);
    }
  }
  EXPECT_EQ(missed, "");
  EXPECT_GT(coverage.sleeps(), coverage.steps() / 12);
  EXPECT_GT(coverage.wake_ups(), coverage.steps() / 20);
}

TEST(Coverage, AddsUp) {
  Coverage one;
  Coverage two;
  Coverage both;
  std::ignore = write_program(options_for("all"), 1, one);
  std::ignore = write_program(options_for("all"), 2, two);
  std::ignore = write_program(options_for("all"), 1, both);
  std::ignore = write_program(options_for("all"), 2, both);
  one.add(two);
  EXPECT_EQ(one, both);
}

}  // namespace
}  // namespace ipcsim
