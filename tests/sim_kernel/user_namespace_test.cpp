// User namespaces: maps of ids, capabilities, charges. Linux kernel/user_namespace.c.
#include "sim/kernel/user_namespace.hpp"

#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

constexpr u32 kCreate = kOCreat | kORdwr;

Environment user_1000() {
  Environment environment = one_task();
  environment.tasks.front().uid = 1000;
  return environment;
}

Call id_map(std::string file, std::string text, u32 pid = 0) {
  return IdMapCall{TaskId{pid}, std::move(file), std::move(text)};
}

Call limit_queues(u64 bytes) { return SetrlimitCall{Resource{kRlimitMsgqueue}, bytes}; }

/// Makes a namespace in which the task is user 0.
void enter_as_root(TestKernel& k, u32 task, std::string own = "1000") {
  k.run(task, unshare(kCloneNewuser));
  k.run(task, id_map("uid_map", "0 " + own + " 1"));
  k.run(task, id_map("setgroups", "deny"));
  k.run(task, id_map("gid_map", "0 " + own + " 1"));
}

u64 charged(const TestKernel& k, u32 ns, u32 uid) {
  for (const User& user : k.kernel.state().users) {
    if (user.ns == UserNsId{ns} && user.uid == uid) {
      return user.mq_bytes;
    }
  }
  return 0;
}

// The limit inside is that of the caller, the one outside what its maker had then. [A27]
TEST(UserNamespace, ChargesQueuesOnEachLevel) {
  TestKernel k(user_1000());
  k.run(1, limit_queues(100'000));
  k.run(1, unshare(kCloneNewuser));
  k.run(1, limit_queues(819'200));
  EXPECT_EQ(k.run(1, unshare(kCloneNewipc)), "0");
  EXPECT_EQ(k.run(1, mq_open("a", kCreate)), "-1 EOVERFLOW");
  EXPECT_EQ(k.run(1, id_map("uid_map", "0 1000 1")), "0");
  EXPECT_EQ(k.run(1, mq_open("a", kCreate)), "-1 EOVERFLOW");
  k.run(1, id_map("setgroups", "deny"));
  EXPECT_EQ(k.run(1, id_map("gid_map", "0 1000 1")), "0");
  EXPECT_EQ(k.run(1, mq_open("a", kCreate)), "3");
  EXPECT_EQ(charged(k, 0, 1000), 82'880U);
  EXPECT_EQ(charged(k, 1, 1000), 82'880U);
  EXPECT_EQ(k.run(1, mq_open("b", kCreate)), "-1 EMFILE");
  EXPECT_EQ(k.run(1, mq_unlink("a")), "0");
  EXPECT_EQ(k.run(1, close(3)), "0");
  EXPECT_EQ(charged(k, 0, 1000), 0U);
  EXPECT_EQ(charged(k, 1, 1000), 0U);
}

// Before 5.14 a user is one in all namespaces, and only the caller's limit counts.
TEST(UserNamespace, OldKernelsChargeOneUser) {
  TestKernel k(user_1000(), Contents::kKept, "linux-5.10");
  k.run(1, limit_queues(100'000));
  enter_as_root(k, 1);
  k.run(1, limit_queues(819'200));
  EXPECT_EQ(k.run(1, mq_open("a", kCreate)), "3");
  EXPECT_EQ(k.run(1, mq_open("b", kCreate)), "4");
  EXPECT_EQ(charged(k, 0, 1000), 2 * 82'880U);
  EXPECT_EQ(charged(k, 1, 1000), 0U);
}

TEST(UserNamespace, TellsIdsOfItsOwn) {
  TestKernel k(user_1000());
  k.run(1, unshare(kCloneNewuser));
  EXPECT_EQ(k.run(1, GetresuidCall{}), "0 [65534, 65534, 65534]");
  EXPECT_EQ(k.run(1, SetuidCall{0}), "-1 EINVAL");
  EXPECT_EQ(k.run(1, id_map("uid_map", "5 1000 1")), "0");
  EXPECT_EQ(k.run(1, GetresuidCall{}), "0 [5, 5, 5]");
  EXPECT_EQ(k.run(1, SetuidCall{5}), "0");
  EXPECT_EQ(k.run(1, SetuidCall{1000}), "-1 EINVAL");
  EXPECT_EQ(k.run(1, SetgroupsCall{{}}), "-1 EPERM");
}

// The process's other threads would be somewhere else.
TEST(UserNamespace, IsForWholeProcesses) {
  TestKernel k;
  k.run(1, clone(kThread, 2));
  EXPECT_EQ(k.run(1, unshare(kCloneNewuser)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, clone(kThread | kCloneNewuser, 3)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, clone(kCloneNewuser | kCloneFs, 3)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, clone(kCloneNewuser, 3)), "3");
  EXPECT_EQ(k.run(3, GetresuidCall{}), "0 [65534, 65534, 65534]");
  EXPECT_EQ(k.run(1, GetresuidCall{}), "0 [0, 0, 0]");
}

TEST(UserNamespace, NeedsAMakerWithIdsAbove) {
  TestKernel k;
  EXPECT_EQ(k.run(1, unshare(kCloneNewuser)), "0");
  EXPECT_EQ(k.run(1, unshare(kCloneNewuser)), "-1 EPERM");
}

TEST(UserNamespace, Has32Above) {
  TestKernel k(user_1000());
  enter_as_root(k, 1);
  for (u32 level = 2; level <= 33; ++level) {
    ASSERT_EQ(k.run(1, unshare(kCloneNewuser)), "0") << level;
    ASSERT_EQ(k.run(1, id_map("uid_map", "0 0 1")), "0");
    ASSERT_EQ(k.run(1, id_map("gid_map", "0 0 1")), "0");
  }
  EXPECT_EQ(k.run(1, unshare(kCloneNewuser)), "-1 ENOSPC");
}

TEST(IdMap, IsWrittenOnce) {
  TestKernel k(user_1000());
  EXPECT_EQ(k.run(1, id_map("uid_map", "0 1000 1")), "-1 EPERM");
  k.run(1, unshare(kCloneNewuser));
  EXPECT_EQ(k.run(1, id_map("uid_map", "0 1000 2")), "-1 EPERM");
  EXPECT_EQ(k.run(1, id_map("uid_map", "0 1000 1")), "0");
  EXPECT_EQ(k.run(1, id_map("uid_map", "0 1000 1")), "-1 EPERM");
  EXPECT_EQ(k.run(1, id_map("gid_map", "0 1000 1")), "-1 EPERM");
  EXPECT_EQ(k.run(1, id_map("loginuid", "0")), "not modelled: this file of a user namespace");
}

// User 0 of the namespace above takes CAP_SETFCAP, since 5.12.
TEST(IdMap, OfRootNeedsACapability) {
  for (const std::string_view profile : {"linux-5.10", "linux-5.15"}) {
    TestKernel k(one_task(), Contents::kKept, profile);
    k.run(1, unshare(kCloneNewuser));
    EXPECT_EQ(k.run(1, id_map("uid_map", "0 0 1")), profile == "linux-5.10" ? "0" : "-1 EPERM");
  }
}

TEST(IdMap, HasLinesOfThreeNumbers) {
  using Map = std::vector<IdExtent>;
  EXPECT_EQ(parse_id_map("0 1000 1"), (Map{{0, 1000, 1}}));
  EXPECT_EQ(parse_id_map(" 0\t1000  1 \n7 2000 3\n"), (Map{{0, 1000, 1}, {7, 2000, 3}}));
  for (const std::string_view text :
       {"", "0", "0 1", "0 1 0", "0 1 1 1", "a 1 1", "0 1 1x", "0 1 1\n\n", "0 1 2\n1 5 1",
        "0 1 2\n5 2 1", "4294967295 1 1", "0 4294967295 1", "4294967294 1 2"}) {
    EXPECT_EQ(parse_id_map(text), std::nullopt) << text;
  }
  std::string lines;
  for (u32 i = 0; i < 340; ++i) {
    lines += std::to_string(2 * i) + " " + std::to_string(2 * i) + " 1\n";
  }
  EXPECT_EQ(parse_id_map(lines)->size(), 340U);
  EXPECT_EQ(parse_id_map(lines + "1000 1000 1"), std::nullopt);
}

// A capability counts in the task's namespace and below; the maker of one has all in it.
TEST(Capability, ReachesDown) {
  TestKernel k(user_1000());
  k.run(1, fork(2));
  enter_as_root(k, 2);
  k.run(2, fork(3));
  enter_as_root(k, 3, "0");
  const KernelState& state = k.kernel.state();
  const auto capable = [&](u32 task, u32 ns) {
    return ns_capable(state, state.cred(TaskId{task}), UserNsId{ns}, Cap::kKill);
  };
  EXPECT_FALSE(capable(1, 0));
  EXPECT_TRUE(capable(1, 1));  // it is the maker's user
  EXPECT_TRUE(capable(1, 2));
  EXPECT_FALSE(capable(2, 0));
  EXPECT_TRUE(capable(2, 2));
  EXPECT_FALSE(capable(3, 1));
  EXPECT_TRUE(capable(3, 2));
}

// A node whose ids have no place in the namespace is nobody's there.
TEST(Capability, CountsForNodesWithIdsInTheNamespace) {
  TestKernel k(some_tasks(2));
  k.run(2, SetresuidCall{0, 0, 0});
  EXPECT_EQ(k.run(1, mq_open("q", kCreate, 0600)), "3");
  k.run(2, unshare(kCloneNewuser));
  const KernelState& state = k.kernel.state();
  const Inode& node =
      state
          .inodes[state
                      .mqueues[state.files[state.fd_tables[state.task(TaskId{1}).files].file(Fd{3})]
                                   .mqueue]
                      .node];
  EXPECT_FALSE(capable_over(state, state.cred(TaskId{2}), node, Cap::kChown));
}

// The limits of a namespace belong to user 0 of the user namespace that owns it, since 5.19.
TEST(UserNamespace, RootOwnsTheLimitsOfItsQueues) {
  for (const std::string_view profile : {"linux-5.15", "linux-6.1"}) {
    TestKernel k(user_1000(), Contents::kKept, profile);
    enter_as_root(k, 1);
    EXPECT_EQ(k.run(1, open("/proc/sys/fs/mqueue/msg_max", kORdwr)), "-1 EACCES");
    k.run(1, unshare(kCloneNewipc));
    EXPECT_EQ(k.run(1, open("/proc/sys/fs/mqueue/msg_max", kORdwr)),
              profile == "linux-5.15" ? "-1 EACCES" : "3");
  }
}

}  // namespace
}  // namespace ipcsim
