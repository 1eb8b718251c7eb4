// A run that does not settle is ended, and says what it was at.
#include <chrono>

#include "tests/host/support.hpp"

namespace ipcsim {
namespace {

class HostWatchdog : public EveryMode {};

TEST_P(HostWatchdog, EndsARunThatSpins) {
  HostOptions options = this->options();
  options.timeout = std::chrono::milliseconds{200};
  HostRun run(plain_environment(), options);
  ASSERT_TRUE(run.made());
  run.step(kT1, pipe_call());
  run.step(kT1, thread_call(kT2));
  run.step(kT2, read_call(0, 9));
  run.host().post_spin(kT1);
  const auto settled = run.machine().settle();
  ASSERT_FALSE(settled.has_value());
  EXPECT_FALSE(settled.error().unsupported);
  EXPECT_THAT(settled.error().message,
              testing::AllOf(testing::HasSubstr("did not settle within 200 ms"),
                             testing::HasSubstr("task 1 was in dup"),
                             testing::HasSubstr("task 2 was in read")));
  // The run stays lost.
  EXPECT_FALSE(run.machine().settle().has_value());
  EXPECT_FALSE(run.machine().advance(Nanoseconds{1}).has_value());
  EXPECT_FALSE(run.machine().post_signal(kT1, kSigkill).has_value());
}

// Time in which the trace itself waits does not count.
TEST_P(HostWatchdog, LetsTimersWait) {
  Environment environment = plain_environment();
  HostOptions options = this->options();
  options.timeout = std::chrono::milliseconds{300};
  HostRun run(environment, options);
  ASSERT_TRUE(run.made());
  run.step(kT1, pipe_call());
  EXPECT_EQ(run.step(kT1, PollCall{{{Fd{0}, PollEvents{1}}}, 600}), "~t1");
  EXPECT_EQ(run.advance_ms(600), "t1=0:0");
}

// A run that is killed from outside is noticed.
TEST_P(HostWatchdog, NoticesARunThatIsGone) {
  run_->step(kT1, pipe_call());
  run_->step(kT1, thread_call(kT2));
  run_->step(kT2, read_call(0, 9));
  run_->host().run().kill();
  // Its end is asynchronous; a step after it is refused in any case.
  std::string outcome;
  for (int i = 0; i < 100'000 && !outcome.starts_with("error"); ++i) {
    outcome = run_->settle();
  }
  EXPECT_THAT(outcome, testing::HasSubstr("killed from outside"));
}

INSTANTIATE_TEST_SUITE_P(Modes, HostWatchdog, testing::ValuesIn(every_mode()), mode_name);

}  // namespace
}  // namespace ipcsim
