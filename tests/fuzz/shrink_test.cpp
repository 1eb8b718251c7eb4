#include "sim/fuzz/shrink.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/random.hpp"
#include "sim/fuzz/fit.hpp"
#include "sim/fuzz/program.hpp"
#include "sim/replay/actions.hpp"
#include "sim/replay/model_machine.hpp"
#include "sim/replay/settled_runner.hpp"

namespace ipcsim {
namespace {

constexpr u32 kMostTries = 3000;

const KernelProfile& profile() { return *find_profile("linux-6.18"); }

/// True when some step of the program is as `wanted` says.
bool shows(const Trace& program, const std::function<bool(const StepView&)>& wanted) {
  ModelMachine model(program.header.environment, profile(), Contents::kKept);
  Machine* const machines[] = {&model};
  bool found = false;
  const auto report =
      run_settled(program, machines, [&](const StepView& step) { found = found || wanted(step); });
  // Whatever is tried can be run.
  EXPECT_TRUE(report);
  EXPECT_EQ(report->steps, program.events.size());
  EXPECT_TRUE(report->differences.empty());
  return found;
}

/// The shortest form of the first random program that shows it.
Trace shortest(const std::function<bool(const StepView&)>& wanted) {
  const ProgramOptions options{.tasks = 6, .steps = 120, .profile = &profile()};
  for (u64 seed = 1; seed < 400; ++seed) {
    Coverage ignored;
    const Trace program = write_program(options, derived_seed(3, seed), ignored);
    if (program.events.size() > 60 && shows(program, wanted)) {
      return shrink(program, profile(), kMostTries,
                    [&](const Trace& t) { return shows(t, wanted); });
    }
  }
  ADD_FAILURE() << "no program shows it";
  return {};
}

std::string calls_of(const Trace& program) {
  std::string text;
  for (const Event& event : program.events) {
    const auto* call = std::get_if<CallEvent>(&event.body);
    text += text.empty() ? "" : " ";
    text += call != nullptr ? fmt::format("{}:{}", call->task.v, call_name(call->call)) : "?";
  }
  return text;
}

bool is_call(const StepView& step, std::string_view name) {
  const auto* call = std::get_if<CallEvent>(&step.event->body);
  return call != nullptr && call_name(call->call) == name;
}

bool sleeps_in(const StepView& step, std::string_view name) {
  for (const Sleeper& sleeper : step.settled.front().sleepers) {
    if (sleeper.call == name) {
      return true;
    }
  }
  return false;
}

TEST(Shrink, LeavesTheTwoCallsThatASleepingWriteTakes) {
  const Trace program = shortest([](const StepView& s) { return sleeps_in(s, "write"); });
  // One write that does not fit, or one that fills the pipe and another.
  EXPECT_THAT(calls_of(program), ::testing::AnyOf("1:pipe2 1:write", "1:pipe2 1:write 1:write"));
  u64 bytes = 0;
  for (const Event& event : program.events) {
    const auto* write = get_if<WriteCall>(&std::get<CallEvent>(event.body).call);
    bytes += write == nullptr ? 0 : write->buf.len;
  }
  EXPECT_LE(bytes, 2 * 16 * 4096);  // half of it would fit
}

TEST(Shrink, LeavesTheThreeCallsThatABrokenPipeTakes) {
  const Trace program = shortest([](const StepView& s) {
    for (const Completion& end : s.settled.front().completions) {
      if (is_call(s, "write") && end.result.error == Errno::kEPIPE) {
        return true;
      }
    }
    return false;
  });
  // dup2() closes the read end too.
  EXPECT_THAT(calls_of(program),
              ::testing::AnyOf("1:pipe2 1:close 1:write", "1:pipe2 1:dup2 1:write"));
}

TEST(Shrink, LeavesTheTwoTasksThatAHandOffTakes) {
  const Trace program = shortest([](const StepView& s) {
    return is_call(s, "mq_timedsend") && s.settled.front().completions.size() == 2;
  });
  ASSERT_EQ(program.events.size(), 4) << calls_of(program);
  EXPECT_TRUE(calls_of(program).ends_with("mq_timedsend")) << calls_of(program);
}

TEST(Shrink, StopsAfterSoManyTries) {
  const ProgramOptions options{.tasks = 6, .steps = 120, .profile = &profile()};
  Coverage ignored;
  const Trace program = write_program(options, 1, ignored);
  u32 tries = 0;
  const Trace same = shrink(program, profile(), 10, [&](const Trace& /*trace*/) {
    ++tries;
    return false;
  });
  EXPECT_EQ(tries, 10);
  EXPECT_EQ(same, program);
}

Event call(u32 task, Call c) { return {.body = CallEvent{TaskId{task}, std::move(c), {}}}; }

TEST(Fit, GivesDescriptorsTheNumbersThatTheyThenHave) {
  Trace program;
  program.events = {call(1, Pipe2Call{}),
                    call(1, Pipe2Call{}),
                    call(1, DupCall{.oldfd = Fd{3}}),
                    call(1, ForkCall{.child = TaskId{2}}),
                    call(2, CloseCall{.fd = Fd{4}}),
                    call(2, CloseCall{.fd = Fd{9}}),
                    call(1, PollCall{.fds = {{.fd = Fd{2}, .events = {}}}, .timeout = 0}),
                    call(1, OpenCall{.pathname = "/proc/self/fd/3", .flags = {}})};
  const Trace fitted = fit(program, {1, 2, 3, 4, 5, 6, 7}, profile());
  ASSERT_EQ(fitted.events.size(), 7);
  const auto text = [&](std::size_t i) { return action_text(fitted.events[i]); };
  EXPECT_EQ(text(1), action_text(call(1, DupCall{.oldfd = Fd{1}})));
  EXPECT_EQ(text(3), action_text(call(2, CloseCall{.fd = Fd{2}})));
  EXPECT_EQ(text(4), action_text(call(2, CloseCall{.fd = Fd{9}})));
  EXPECT_EQ(text(5),
            action_text(call(1, PollCall{.fds = {{.fd = Fd{0}, .events = {}}}, .timeout = 0})));
  EXPECT_EQ(text(6), action_text(call(1, OpenCall{.pathname = "/proc/self/fd/1", .flags = {}})));
}

TEST(Fit, LeavesOutWhatCanNoLongerBeDone) {
  Trace program;
  program.events = {
      call(1, Pipe2Call{}), call(1, ForkCall{.child = TaskId{2}}),
      call(2, ReadCall{.fd = Fd{0}, .buf = {.data = {}, .len = 1}}),
      call(1, WriteCall{.fd = Fd{1}, .buf = {.data = Payload::of_pattern(1, 0), .len = 1}}),
      call(2, CloseCall{.fd = Fd{0}})};
  EXPECT_EQ(fit(program, {0, 2, 3, 4}, profile()).events.size(), 2);  // no task 2
  EXPECT_EQ(fit(program, {0, 1, 2, 4}, profile()).events.size(), 3);  // task 2 sleeps
  EXPECT_EQ(fit(program, {0, 1, 2, 3, 4}, profile()), program);
}

}  // namespace
}  // namespace ipcsim
