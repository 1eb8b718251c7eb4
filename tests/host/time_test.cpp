// Timeouts, in the trace's time.
#include "tests/host/support.hpp"

namespace ipcsim {
namespace {

/// A point of the trace's time, milliseconds after it began.
UserPtr<Timespec> at_ms(const Environment& environment, i64 ms) {
  const i64 ns = environment.realtime_ns + ms * 1'000'000;
  return UserPtr<Timespec>::of({ns / kNanosecondsPerSecond, ns % kNanosecondsPerSecond});
}

Environment at_some_time() {
  Environment environment = plain_environment();
  environment.realtime_ns = 1'700'000'000'000'000'000;
  return environment;
}

class HostTime : public EveryMode {
 protected:
  void SetUp() override {
    run_ = std::make_unique<HostRun>(environment_, options());
    if (!run_->made()) {
      GTEST_SKIP() << run_->error().message;
    }
    run_->step(kT1, mq_call("q", kOCreat | kORdwr));
    for (const TaskId task : {kT2, kT3, kT4}) {
      run_->step(kT1, thread_call(task));
    }
  }
  [[nodiscard]] Call receive_until_ms(i64 ms) const {
    return MqTimedreceiveCall{
        Fd{0}, {.data = {}, .len = 32}, OutPtr::kValid, at_ms(environment_, ms)};
  }
  Environment environment_ = at_some_time();
};

// Deadlines are those of the trace's clock, which stands far in the past of the host's.
TEST_P(HostTime, ADeadlineInThePastExpiresAtOnce) {
  EXPECT_EQ(run_->step(kT2, receive_until_ms(0)), "t2=-ETIMEDOUT");
  EXPECT_EQ(run_->step(kT2, receive_until_ms(-1'000'000)), "t2=-ETIMEDOUT");
  EXPECT_EQ(run_->advance_ms(50), "");
  EXPECT_EQ(run_->step(kT2, receive_until_ms(50)), "t2=-ETIMEDOUT");
}

TEST_P(HostTime, InvalidDeadlinesAreTheKernels) {
  const auto receive = [](i64 sec, i64 nsec) {
    return MqTimedreceiveCall{
        Fd{0}, {.data = {}, .len = 32}, OutPtr::kValid, UserPtr<Timespec>::of({sec, nsec})};
  };
  EXPECT_EQ(run_->step(kT2, receive(-1, 0)), "t2=-EINVAL");
  EXPECT_EQ(run_->step(kT2, receive(0, 1'000'000'000)), "t2=-EINVAL");
  EXPECT_EQ(run_->step(kT2, receive(0, -1)), "t2=-EINVAL");
  EXPECT_EQ(
      run_->step(kT2,
                 MqTimedreceiveCall{
                     Fd{0}, {.data = {}, .len = 32}, OutPtr::kValid, UserPtr<Timespec>::bad()}),
      "t2=-EFAULT");
  EXPECT_EQ(run_->step(kT2, receive(std::numeric_limits<i64>::max(), 0)), "~t2");
  EXPECT_EQ(sorted(run_->step(kT1, send_call(0, "x"))), "t1=0 t2='x'@0");
}

// Nothing expires until the trace says that its time has passed.
TEST_P(HostTime, TimePassesOnlyByAdvance) {
  EXPECT_EQ(run_->step(kT2, receive_until_ms(10)), "~t2");
  EXPECT_EQ(run_->advance_ms(9), "~t2");
  EXPECT_EQ(run_->advance_ms(1), "t2=-ETIMEDOUT");
}

TEST_P(HostTime, AMessageBeforeTheDeadline) {
  EXPECT_EQ(run_->step(kT2, receive_until_ms(10)), "~t2");
  EXPECT_EQ(sorted(run_->step(kT1, send_call(0, "x"))), "t1=0 t2='x'@0");
  EXPECT_EQ(run_->advance_ms(20), "");
}

// Deadlines expire in their order, not in that of the calls; and time jumps over none.
TEST_P(HostTime, DeadlinesExpireInTheirOrder) {
  EXPECT_EQ(run_->step(kT2, receive_until_ms(300)), "~t2");
  EXPECT_EQ(run_->step(kT3, receive_until_ms(100)), "~t2 ~t3");
  EXPECT_EQ(run_->step(kT4, receive_until_ms(200)), "~t2 ~t3 ~t4");
  EXPECT_EQ(run_->advance_ms(150), "t3=-ETIMEDOUT ~t2 ~t4");
  const std::string rest = run_->advance_ms(1000);
  EXPECT_EQ(run_->realtime() ? rest : sorted(rest),
            run_->realtime() ? "t4=-ETIMEDOUT t2=-ETIMEDOUT" : "t2=-ETIMEDOUT t4=-ETIMEDOUT");
}

// However far the deadline, its test does not wait for it.
TEST_P(HostTime, FarDeadlinesComeSoon) {
  constexpr i64 kDayMs = 24 * 3600 * 1000;
  EXPECT_EQ(run_->step(kT2, receive_until_ms(kDayMs)), "~t2");
  EXPECT_EQ(run_->advance_ms(kDayMs), "t2=-ETIMEDOUT");
}

TEST_P(HostTime, PollWaitsInTheTracesTime) {
  run_->step(kT1, pipe_call());
  const auto poll = [](i32 timeout) { return PollCall{{{Fd{1}, PollEvents{1}}}, timeout}; };
  EXPECT_EQ(run_->step(kT2, poll(0)), "t2=0:0");
  EXPECT_EQ(run_->step(kT2, poll(10)), "~t2");
  EXPECT_EQ(run_->step(kT3, poll(-1)), "~t2 ~t3");
  EXPECT_EQ(run_->advance_ms(10), "t2=0:0 ~t3");
  EXPECT_EQ(sorted(run_->step(kT1, write_call(2, "x"))), "t1=1 t3=1:1");
}

// A host that is too slow for the slack says so; it does not report a timeout that the trace has
// not.
TEST_P(HostTime, AnEarlyTimeoutIsAnError) {
  HostOptions options = this->options();
  options.timer_slack = std::chrono::milliseconds{0};
  HostRun run(environment_, options);
  ASSERT_TRUE(run.made());
  run.step(kT1, mq_call("q", kOCreat | kORdwr));
  run.step(kT1, thread_call(kT2));
  run.step(kT2, receive_until_ms(1));
  // Another run's timer takes longer than that.
  run_->step(kT2, receive_until_ms(100));
  EXPECT_EQ(run_->advance_ms(100), "t2=-ETIMEDOUT");
  EXPECT_THAT(run.settle(), testing::HasSubstr("a longer timer_slack is needed"));
  EXPECT_FALSE(run.machine().settle().has_value());
}

INSTANTIATE_TEST_SUITE_P(Modes, HostTime, testing::ValuesIn(every_mode()), mode_name);

// The mapping keeps the order of deadlines, also over jumps of virtual time.
TEST(VirtualClock, KeepsOrder) {
  constexpr i64 kMs = 1'000'000;
  host::VirtualClock clock(1000 * kMs, 150 * kMs);
  const auto host_of = [&](TaskId task, i64 virtual_ms, i64 host_ms) {
    const auto time =
        clock.absolute(task, {virtual_ms / 1000, virtual_ms % 1000 * kMs}, host_ms * kMs);
    return time ? (time->tv_sec * kNanosecondsPerSecond + time->tv_nsec) / kMs : -1;
  };
  EXPECT_EQ(host_of(kT1, 999, 50'000), 0);  // past
  EXPECT_EQ(host_of(kT1, 1100, 50'000), 50'250);
  EXPECT_EQ(host_of(kT2, 1100, 50'010), 50'250);  // equal stays equal
  clock.pass(90 * kMs);
  EXPECT_EQ(host_of(kT3, 1101, 50'020), 50'252);       // after the pending one
  EXPECT_EQ(host_of(kT4, 9'999'999, 50'020), 52'170);  // at most two seconds away
  EXPECT_EQ(host_of(kT5, 1099, 50'020), 50'179);
  EXPECT_FALSE(clock.early(kT6));
  EXPECT_TRUE(clock.early(kT1));
  clock.pass(10 * kMs);
  EXPECT_THAT(clock.due(), testing::ElementsAre(kT1, kT2, kT5));
  EXPECT_FALSE(clock.early(kT1));
  // The host is about to end a later one: there is no room before that.
  EXPECT_EQ(host_of(kT6, 1150, 52'169), -1);
  clock.forget(kT1);
  clock.forget(kT2);
  clock.forget(kT5);
  EXPECT_THAT(clock.due(), testing::IsEmpty());
}

// A task that is stopped has what is left of its time when it goes on.
TEST(VirtualClock, StandsStillForAStoppedTask) {
  constexpr i64 kMs = 1'000'000;
  host::VirtualClock clock(1000 * kMs, 150 * kMs);
  ASSERT_EQ(clock.relative_ms(kT1, 100, 50'000 * kMs), 250);
  clock.pass(40 * kMs);
  clock.pause(kT1, 50'010 * kMs);
  EXPECT_TRUE(clock.paused(kT1));
  clock.pass(500 * kMs);
  EXPECT_THAT(clock.due(), testing::IsEmpty());
  // It stands in nobody's way: 60 ms are left, and 240 on the host.
  ASSERT_EQ(clock.relative_ms(kT2, 10, 50'020 * kMs), 160);
  clock.resume(kT1, 50'030 * kMs);
  clock.pass(59 * kMs);
  EXPECT_TRUE(clock.early(kT1));
  clock.pass(1 * kMs);
  EXPECT_THAT(clock.due(), testing::ElementsAre(kT1, kT2));
  EXPECT_EQ(clock.host_deadline_ns(kT1), 50'270 * kMs);
}

// A timer that has gone off before its time had come makes a run worthless, seen or not.
TEST(VirtualClock, TellsWhenTheHostWasTooSlow) {
  constexpr i64 kMs = 1'000'000;
  host::VirtualClock clock(1000 * kMs, 150 * kMs);
  ASSERT_EQ(clock.relative_ms(kT1, 100, 50'000 * kMs), 250);
  EXPECT_FALSE(clock.overrun(50'249 * kMs));
  EXPECT_TRUE(clock.overrun(50'250 * kMs));
  clock.pause(kT1, 50'200 * kMs);
  EXPECT_FALSE(clock.overrun(50'300 * kMs));
  clock.resume(kT1, 50'300 * kMs);
  EXPECT_FALSE(clock.overrun(50'349 * kMs));
  clock.pass(100 * kMs);
  EXPECT_FALSE(clock.overrun(60'000 * kMs));  // its time has come
}

TEST(VirtualClock, Stretches) {
  constexpr i64 kMs = 1'000'000;
  host::VirtualClock clock(1000 * kMs, 150 * kMs, 8);
  EXPECT_EQ(clock.relative_ms(kT1, 100, 50'000 * kMs), 950);
  EXPECT_EQ(clock.relative_ms(kT2, 110, 50'000 * kMs), 1030);
  clock.pass(100 * kMs);
  EXPECT_THAT(clock.due(), testing::ElementsAre(kT1));
}

// A time that has passed already is waited for like any other, however late the host's timer is.
TEST(VirtualClock, TellsOfATimeThatHasPassed) {
  constexpr i64 kMs = 1'000'000;
  host::VirtualClock clock(1000 * kMs, 150 * kMs);
  ASSERT_TRUE(clock.absolute(kT1, {0, 5}, 50'000 * kMs));
  EXPECT_THAT(clock.due(), testing::ElementsAre(kT1));
  EXPECT_FALSE(clock.early(kT1));
}

}  // namespace
}  // namespace ipcsim
