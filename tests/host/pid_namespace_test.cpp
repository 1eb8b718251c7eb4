// PID namespaces that tasks of a run make.
#include <functional>
#include <vector>

#include <fmt/format.h>

#include "tests/host/support.hpp"

namespace ipcsim {
namespace {

std::vector<Mode> modes_that(const std::function<bool(HostIsolation)>& fit) {
  std::vector<Mode> modes = every_mode();
  std::erase_if(modes, [&](const Mode& mode) { return !fit(mode.isolation); });
  return modes;
}

class HostPidNamespace : public EveryMode {
 protected:
  /// Task 2 is the first of a namespace. False where this user may not make one.
  bool make_namespace() {
    run_.reset();
    Environment environment = plain_environment();
    environment.caps.add(Cap::kSysAdmin);
    run_ = std::make_unique<HostRun>(environment, options());
    return run_->made() && run_->step(kT1, CloneCall{CloneFlags{kCloneNewpid}, kT2}) == "t1=2";
  }
};

// A PID namespace of the trace's: its first process is spared by signals from inside, and takes the
// others along; how those ended is seen although only it could wait for them.
TEST_P(HostPidNamespace, HasAFirstProcess) {
  if (!make_namespace()) {
    GTEST_SKIP() << "no PID namespaces for tasks here";
  }
  EXPECT_EQ(run_->step(kT2, ForkCall{kT3}), "t2=3");
  EXPECT_EQ(run_->step(kT3, ForkCall{kT4}), "t3=4");
  EXPECT_EQ(run_->step(kT3, KillCall{kT2, kSigkill}), "t3=0");
  EXPECT_EQ(run_->step(kT3, KillCall{kT1, kSigkill}), "t3=-ESRCH");
  EXPECT_EQ(sorted(run_->step(kT3, KillCall{kT4, Signal{15}})), "t3=0 t4+SIGTERM");
  EXPECT_EQ(run_->step(kT3, ForkCall{kT5}), "t3=5");
  EXPECT_EQ(run_->step(kT5, ExitGroupCall{3}), "");
  EXPECT_FALSE(run_->machine().exists(kT5));
  EXPECT_EQ(run_->step(kT2, ExitGroupCall{0}), "t3+SIGKILL");
  EXPECT_FALSE(run_->machine().exists(kT2));
  EXPECT_TRUE(run_->machine().idle(kT1));
}

// The kernel goes to 33; the machine knows seven numbers of a task beside the run's.
TEST_P(HostPidNamespace, IsNotTooDeep) {
  if (!make_namespace()) {
    GTEST_SKIP() << "no PID namespaces for tasks here";
  }
  for (u32 task = 2; task < 8; ++task) {
    EXPECT_EQ(run_->step(TaskId{task}, CloneCall{CloneFlags{kCloneNewpid}, TaskId{task + 1}}),
              fmt::format("t{}={}", task, task + 1));
  }
  const auto refused =
      run_->machine().post(TaskId{8}, CloneCall{CloneFlags{kCloneNewpid}, TaskId{9}});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().unsupported);
  EXPECT_EQ(run_->step(TaskId{8}, ForkCall{TaskId{9}}), "t8=9");
  EXPECT_EQ(run_->step(kT1, KillCall{TaskId{9}, Signal{0}}), "t1=0");
}

using HostWithoutNamespaces = EveryMode;

// A run among the machine's processes makes none there.
TEST_P(HostWithoutNamespaces, MakesNone) {
  const auto refused = run_->machine().post(kT1, CloneCall{CloneFlags{kCloneNewpid}, kT2});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().unsupported);
}

// A run in a user namespace of its own has not that capability to give.
INSTANTIATE_TEST_SUITE_P(Modes, HostPidNamespace,
                         testing::ValuesIn(modes_that([](HostIsolation isolation) {
                           return isolation == HostIsolation::kBest ||
                                  isolation == HostIsolation::kNamespaces;
                         })),
                         mode_name);
INSTANTIATE_TEST_SUITE_P(Modes, HostWithoutNamespaces,
                         testing::ValuesIn(modes_that([](HostIsolation isolation) {
                           return isolation == HostIsolation::kFolder;
                         })),
                         mode_name);

}  // namespace
}  // namespace ipcsim
