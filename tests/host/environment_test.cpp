// A run is what its trace says: descriptors, limits, users, capabilities, nice values.
#include <filesystem>
#include <functional>

#include "tests/host/support.hpp"
#include "tools/host/requirements.hpp"

namespace ipcsim {
namespace {

class HostEnvironmentTest : public EveryMode {};

// Initial descriptors are files that nobody studies, at exactly the numbers asked for.
TEST_P(HostEnvironmentTest, OtherDescriptors) {
  Environment environment = plain_environment();
  environment.tasks.front().other_fds = {Fd{0}, Fd{1}, Fd{2}, Fd{7}};
  HostRun run(environment, options());
  ASSERT_TRUE(run.made());
  EXPECT_EQ(run.step(kT1, pipe_call()), "t1=[3,4]");
  EXPECT_EQ(run.step(kT1, FcntlCall{Fd{7}, FcntlCmd{kFGetfd}}), "t1=0");
  ASSERT_TRUE(run.machine().post_other_fd(kT1, Fd{3}, true).has_value());
  EXPECT_EQ(run.step(kT1, FcntlCall{Fd{3}, FcntlCmd{kFGetfd}}), "t1=1");
  EXPECT_EQ(run.step(kT1, read_call(3, 9)), "t1=0");
  EXPECT_EQ(run.step(kT1, FcntlCall{Fd{3}, FcntlCmd{kFGetpipeSz}}), "t1=-EBADF");
  EXPECT_EQ(run.step(kT1, ExecveCall{"x"}), "t1=0");
  EXPECT_EQ(run.step(kT1, DupCall{Fd{3}}), "t1=-EBADF");
  EXPECT_EQ(run.step(kT1, DupCall{Fd{7}}), "t1=3");
}

// Descriptors past the trace's limit were opened before the limit was set.
TEST_P(HostEnvironmentTest, OtherDescriptorsPastTheLimit) {
  Environment environment = plain_environment();
  environment.tasks.front().rlimit_nofile = 3;
  environment.tasks.front().other_fds = {Fd{0}, Fd{50}};
  HostRun run(environment, options());
  ASSERT_TRUE(run.made());
  EXPECT_EQ(run.step(kT1, pipe_call()), "t1=[1,2]");
  EXPECT_EQ(run.step(kT1, DupCall{Fd{50}}), "t1=-EMFILE");
}

TEST_P(HostEnvironmentTest, LimitsAreTheTraces) {
  Environment environment = plain_environment();
  environment.tasks.front().rlimit_nofile = 5;
  // Where the run's user is not its own, its other queues count too.
  const bool own_user = GetParam().isolation != HostIsolation::kFolder;
  environment.tasks.front().rlimit_msgqueue = own_user ? 1000 : 100'000;
  HostRun run(environment, options());
  ASSERT_TRUE(run.made());
  EXPECT_EQ(run.step(kT1, mq_call("q", kOCreat | kORdwr)), "t1=0");
  if (own_user) {
    EXPECT_EQ(run.step(kT1, mq_call("r", kOCreat | kORdwr, 10, 1024)), "t1=-EMFILE");
  }
  run.step(kT1, pipe_call());
  run.step(kT1, pipe_call());
  EXPECT_EQ(run.step(kT1, pipe_call()), "t1=-EMFILE");
  EXPECT_EQ(run.step(kT1, SetrlimitCall{Resource{kRlimitNofile}, 7}), "t1=0");
  EXPECT_EQ(run.step(kT1, pipe_call()), "t1=[5,6]");
  EXPECT_EQ(run.step(kT1, SetrlimitCall{Resource{kRlimitNofile}, ~u64{0} - 1}), "t1=-EINVAL");
}

// A large regular file is not a trace's to make.
TEST_P(HostEnvironmentTest, RegularFilesStaySmall) {
  run_->step(kT1, open_call("/tmp/file", kOCreat | kORdwr));
  run_->step(kT1, RtSigactionCall{Signal{25}, Disposition::kIgnore, SaFlags{0}});
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(run_->step(kT1, fill_call(0, u64{1} << 20U)), "t1=1048576");
  }
  EXPECT_EQ(run_->step(kT1, fill_call(0, 1)), "t1=-EFBIG");
  EXPECT_FALSE(std::filesystem::exists("/tmp/file"));
}

TEST_P(HostEnvironmentTest, WhatThisMachineIsNotIsRefused) {
  const auto refusal = [&](const std::function<void(Environment&)>& change) {
    Environment environment = plain_environment();
    change(environment);
    const HostRun run(environment, options());
    EXPECT_FALSE(run.made());
    EXPECT_TRUE(run.error().unsupported);
    return run.error().message;
  };
  using testing::HasSubstr;
  EXPECT_THAT(refusal([](Environment& e) { e.page_size *= 2; }), HasSubstr("page size"));
  EXPECT_THAT(refusal([](Environment& e) { e.pipe_limits.pipe_max_size += 4096; }),
              HasSubstr("pipe-max-size"));
  EXPECT_THAT(refusal([](Environment& e) { e.tasks.push_back(e.tasks.front()); }),
              HasSubstr("twice"));
  EXPECT_THAT(refusal([](Environment& e) { e.tasks.clear(); }), HasSubstr("processes"));
  EXPECT_THAT(refusal([](Environment& e) { e.mq_limits.mq_msg_max = 1U << 30U; }),
              HasSubstr("/proc/sys/fs/mqueue/msg_max"));
  if ((host::effective_caps() >> static_cast<unsigned>(Cap::kSysResource) & 1U) == 0) {
    EXPECT_THAT(refusal([](Environment& e) { e.tasks.front().rlimit_nofile = 1U << 30U; }),
                HasSubstr("RLIMIT_NOFILE"));
    EXPECT_THAT(refusal([](Environment& e) { e.caps.add(Cap::kSysResource); }),
                HasSubstr("CAP_SYS_RESOURCE"));
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, HostEnvironmentTest, testing::ValuesIn(every_mode()), mode_name);

/// Tests of what needs namespaces made with privilege.
class Privileged : public testing::Test {
 protected:
  void SetUp() override {
    const HostRun run(plain_environment(), options_);
    if (!run.made()) {
      GTEST_SKIP() << run.error().message;
    }
    if (!host::may_change_uids()) {
      GTEST_SKIP() << "tasks cannot get uids of their own";
    }
  }
  HostOptions options_{.isolation = HostIsolation::kNamespaces};
};

// What a run's user is charged is not what this user is: a budget that is used up here is whole
// there.
TEST_F(Privileged, BudgetsAreTheRunsOwn) {
  Environment environment = plain_environment();
  environment.tasks.front().rlimit_msgqueue = 20'000;  // for one of these queues, not for two
  HostRun first(environment, options_);
  HostRun second(environment, options_);
  for (HostRun* run : {&first, &second}) {
    EXPECT_EQ(run->step(kT1, mq_call("a", kOCreat | kORdwr, 10, 1024)), "t1=0");
    EXPECT_EQ(run->step(kT1, mq_call("b", kOCreat | kORdwr, 10, 1024)), "t1=-EMFILE");
  }
}

TEST_F(Privileged, QueueLimitsAreTheTraces) {
  Environment environment = plain_environment();
  environment.mq_limits.mq_queues_max = 2;
  environment.mq_limits.mq_msg_max = 5;
  environment.mq_limits.mq_msg_default = 3;
  HostRun run(environment, options_);
  ASSERT_TRUE(run.made()) << run.error().message;
  const Call by_default =
      MqOpenCall{UserPtr<std::string>::of("d"), OpenFlags{kOCreat | kORdwr}, 0600, {}};
  EXPECT_EQ(run.step(kT1, by_default), "t1=0");
  EXPECT_EQ(run.step(kT1, MqGetsetattrCall{Fd{0}}), "t1=0/3");
  EXPECT_EQ(run.step(kT1, mq_call("a", kOCreat | kORdwr, 6)), "t1=-EINVAL");
  EXPECT_EQ(run.step(kT1, mq_call("a", kOCreat | kORdwr, 5)), "t1=1");
  EXPECT_EQ(run.step(kT1, mq_call("b", kOCreat | kORdwr, 5)), "t1=-ENOSPC");
}

// Tasks are of the users that the trace says: owners, others, and who may signal whom.
TEST_F(Privileged, UsersAreTheTraces) {
  Environment environment = plain_environment();
  const InitialTask model = environment.tasks.front();
  environment.tasks = {model, model, model};
  environment.tasks[0] = {.task = kT1, .uid = 1000};
  environment.tasks[1] = {.task = kT2, .uid = 1001};
  environment.tasks[2] = {.task = kT3, .uid = 1000};
  HostRun run(environment, options_);
  ASSERT_TRUE(run.made()) << run.error().message;
  run.step(kT1, mq_call("q", kOCreat | kORdwr));
  EXPECT_EQ(run.step(kT2, mq_call("q", kORdwr)), "t2=-EACCES");
  EXPECT_EQ(run.step(kT3, mq_call("q", kORdwr)), "t3=0");
  EXPECT_EQ(run.step(kT2, MqUnlinkCall{UserPtr<std::string>::of("q")}), "t2=-EPERM");
  EXPECT_EQ(run.step(kT2, KillCall{kT1, kSigkill}), "t2=-EPERM");
  EXPECT_EQ(run.step(kT1, MkfifoCall{"f", 0600}), "t1=0");
  EXPECT_EQ(run.step(kT2, open_call("f", kORdonly | kONonblock)), "t2=-EACCES");
  EXPECT_EQ(run.step(kT3, open_call("f", kORdonly | kONonblock)), "t3=1");
  // A new program changes nothing of that.
  EXPECT_EQ(run.step(kT2, ExecveCall{"x"}), "t2=0");
  EXPECT_EQ(run.step(kT2, mq_call("q", kORdwr)), "t2=-EACCES");
  EXPECT_EQ(run.step(kT3, KillCall{kT1, kSigkill}), "t3=0 t1+SIGKILL");
}

// Capabilities are the trace's, also after execve(), as which user ever.
TEST_F(Privileged, CapabilitiesAreTheTraces) {
  for (const u32 uid : {0U, 1000U}) {
    for (const bool has : {false, true}) {
      Environment environment = plain_environment();
      environment.caps = {};
      if (has) {
        environment.caps.add(Cap::kDacOverride);
      }
      environment.tasks.front().uid = uid;
      HostRun run(environment, options_);
      ASSERT_TRUE(run.made()) << run.error().message;
      const std::string expected = has ? "t1=0" : "t1=-EACCES";
      run.step(kT1, MkfifoCall{"f", 0});
      EXPECT_EQ(run.step(kT1, open_call("f", kORdwr)), expected) << uid;
      run.step(kT1, CloseCall{Fd{0}});
      run.step(kT1, ExecveCall{"x"});
      EXPECT_EQ(run.step(kT1, open_call("f", kORdwr)), expected) << uid;
    }
  }
}

// Different nice values cannot go with real-time priorities; queues serve the less nice first.
TEST_F(Privileged, NiceValues) {
  Environment environment = plain_environment();
  InitialTask task = environment.tasks.front();
  task.task = kT2;
  task.nice = 5;
  environment.tasks.push_back(task);
  task.task = kT3;
  task.nice = 0;
  environment.tasks.push_back(task);
  HostRun run(environment, options_);
  ASSERT_TRUE(run.made()) << run.error().message;
  EXPECT_FALSE(run.realtime());
  run.step(kT1, mq_call("q", kOCreat | kORdwr));
  run.step(kT2, mq_call("q", kORdwr));
  run.step(kT3, mq_call("q", kORdwr));
  run.step(kT2, receive_call(0));
  run.step(kT3, receive_call(0));
  EXPECT_EQ(sorted(run.step(kT1, send_call(0, "x"))), "t1=0 t3='x'@0 ~t2");
}

}  // namespace
}  // namespace ipcsim
