// The file system of message queues, mounted: names, permissions, read-only, other kernel versions.
// Linux ipc/mqueue.c, fs/namespace.c.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

constexpr u32 kCreate = kOCreat | kORdwr;

Call mkdir(std::string path) { return MkdirCall{std::move(path), 0777}; }
Call mount(std::string target, u32 flags = 0) {
  return MountCall{std::move(target), MountFlags{flags}};
}
Call chmod(std::string path, u32 mode) { return ChmodCall{std::move(path), mode}; }
Call rename(std::string from, std::string to) { return RenameCall{std::move(from), std::move(to)}; }

/// Task 1 is user 0, task 2 is user 5; both may mount and override nothing.
Environment two_users() {
  Environment environment = some_tasks(2);
  environment.caps.add(Cap::kSysAdmin);
  environment.tasks[1].uid = 5;
  return environment;
}

/// Queues are mounted on "m".
struct Mounted : TestKernel {
  explicit Mounted(std::string_view profile = "linux-6.18")
      : TestKernel(two_users(), Contents::kKept, profile) {
    EXPECT_EQ(run(1, mkdir("m")), "0");
    EXPECT_EQ(run(1, mount("m")), "0");
  }
};

TEST(Mount, OnAFolderThatIsThereByWhoMay) {
  TestKernel k(two_users());
  k.run(1, mkdir("m"));
  k.run(1, mkfifo("f"));
  EXPECT_EQ(k.run(1, mount("")), "-1 ENOENT");
  EXPECT_EQ(k.run(1, mount("none")), "-1 ENOENT");
  EXPECT_EQ(k.run(1, mount("f/")), "-1 ENOTDIR");
  EXPECT_EQ(k.run(1, mount("f")), "-1 ENOTDIR");
  EXPECT_EQ(k.run(1, mount("m", kMsRemount)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, mount("m")), "0");
  EXPECT_EQ(k.run(1, mount("m")), "-1 EBUSY");
  k.run(1, CapsetCall{});
  EXPECT_EQ(k.run(1, mount("none")), "-1 ENOENT");
  EXPECT_EQ(k.run(1, mount("m")), "-1 EPERM");
}

// What is not known is not guessed.
TEST(Mount, OtherKindsAreNotModelled) {
  Mounted k;
  EXPECT_EQ(k.run(1, mount("m", kMsRdonly)), "not modelled: mount() with these flags");
  k.run(1, mkdir("n"));
  k.run(1, mount("n"));
  EXPECT_EQ(k.run(1, mount("n", kMsRemount)),
            "not modelled: a remount of what is mounted in several places");
  k.run(1, mq_open("q", kCreate));
  EXPECT_EQ(k.run(1, rename("m/q", "n/r")),
            "not modelled: two names in a file system that is mounted in several places");
  EXPECT_EQ(k.run(1, LinkCall{"m/q", "n/r"}),
            "not modelled: two names in a file system that is mounted in several places");
}

// The queues' root is sticky: a setting of the machine decides.
TEST(Mount, CreatingAnothersQueueIsNotModelled) {
  Mounted k;
  k.run(2, mq_open("q", kCreate, 0666));
  EXPECT_EQ(k.run(1, open("m/q", kCreate)),
            "not modelled: O_CREAT of another user's file in a sticky folder");
  EXPECT_EQ(k.run(2, open("m/q", kCreate)), "4");
  EXPECT_EQ(k.run(1, open("m/q", kCreate | kOExcl)), "-1 EEXIST");
}

TEST(Mount, LeadsToTheQueuesAndBack) {
  Mounted k;
  EXPECT_EQ(k.run(1, mq_open("q", kCreate)), "3");
  EXPECT_EQ(k.run(1, open("m/q", kORdwr)), "4");
  EXPECT_EQ(k.run(1, mq_send(4, "hi", 2)), "0");
  EXPECT_EQ(k.run(1, mq_receive(3)), "2 \"hi\" prio 2");
  EXPECT_EQ(k.run(1, open("m/../m/./q", kORdwr)), "5");
  EXPECT_EQ(k.run(1, rename("m/q", "q")), "-1 EXDEV");
  EXPECT_EQ(k.run(1, rename("m/q", "m/r")), "-1 EPERM");
  EXPECT_EQ(k.run(1, rename("m", "n")), "-1 EBUSY");
  EXPECT_EQ(k.run(1, RmdirCall{"m"}), "-1 EBUSY");
  EXPECT_EQ(k.run(1, LinkCall{"m/q", "m/l"}), "-1 EPERM");
  EXPECT_EQ(k.run(1, LinkCall{"m/q", "l"}), "-1 EXDEV");
  EXPECT_EQ(k.run(1, mkdir("m/d")), "-1 EPERM");
  EXPECT_EQ(k.run(1, mkfifo("m/f")), "-1 EPERM");
  EXPECT_EQ(k.run(1, unlink("m/q")), "0");
  EXPECT_EQ(k.run(1, mq_open("q", kORdwr)), "-1 ENOENT");
}

TEST(Mount, ReadOnlyNeedsThatNobodyWrites) {
  Mounted k;
  constexpr u32 kFrozen = kMsRemount | kMsRdonly;
  k.run(1, mq_open("q", kCreate));
  k.run(1, mq_send(3, "left"));
  EXPECT_EQ(k.run(1, mount("m", kFrozen)), "-1 EBUSY");
  k.run(1, close(3));
  EXPECT_EQ(k.run(1, mount("m", kFrozen)), "0");
  EXPECT_EQ(k.run(1, mq_open("new", kCreate)), "-1 EROFS");
  EXPECT_EQ(k.run(1, mq_open("q", kORdwr)), "-1 EROFS");
  EXPECT_EQ(k.run(1, mq_unlink("a/b")), "-1 EROFS");
  EXPECT_EQ(k.run(1, unlink("m/none")), "-1 EROFS");
  EXPECT_EQ(k.run(1, chmod("m/q", 0)), "-1 EROFS");
  EXPECT_EQ(k.run(1, ChownCall{"m/q", 0, 0}), "-1 EROFS");
  EXPECT_EQ(k.run(1, open("m/q", kOWronly)), "-1 EROFS");
  EXPECT_EQ(k.run(1, open("m/new", kCreate)), "-1 EROFS");
  EXPECT_EQ(k.run(1, RmdirCall{"m/q"}), "-1 EROFS");
  EXPECT_EQ(k.run(1, rename("m/q", "m/r")), "-1 EROFS");
  EXPECT_EQ(k.run(1, mkdir("m/d")), "-1 EROFS");
  EXPECT_EQ(k.run(1, mq_open("q", kORdonly)), "3");
  EXPECT_EQ(k.run(1, mq_receive(3)), "4 \"left\" prio 0");
  EXPECT_EQ(k.run(1, mount("m", kMsRemount)), "0");
  EXPECT_EQ(k.run(1, mq_unlink("q")), "0");
  EXPECT_EQ(k.run(1, mount("m", kFrozen)), "-1 EBUSY") << "q is open, without a name";
}

// Before 6.16 mq_open() and mq_unlink() looked a name up like any other.
TEST(MountProfile, SearchPermissionOfTheRoot) {
  for (const std::string_view profile : {"linux-6.12", "linux-6.18"}) {
    Mounted k(profile);
    const bool searches = profile == "linux-6.12";
    k.run(1, mq_open("q", kCreate, 0666));
    k.run(1, chmod("m", 01776));
    EXPECT_EQ(k.run(2, mq_open("q", kORdwr)), searches ? "-1 EACCES" : "3") << profile;
    EXPECT_EQ(k.run(2, mq_open("none", kORdwr)), searches ? "-1 EACCES" : "-1 ENOENT") << profile;
    EXPECT_EQ(k.run(2, mq_unlink("none")), searches ? "-1 EACCES" : "-1 ENOENT") << profile;
  }
}

// From 7.2 on mq_unlink() is told by the queue's ctime, and the folder's atime stays.
TEST(MountProfile, TimesOfUnlink) {
  for (const std::string_view profile : {"linux-6.18", "linux-7.2"}) {
    Mounted k(profile);
    const bool newer = profile == "linux-7.2";
    k.run(1, mq_open("q", kCreate));
    k.run(1, FstatCall{Fd{3}});
    k.run(1, StatCall{"m"});
    k.pass(kNanosecondsPerSecond);
    k.run(1, mq_unlink("q"));
    const std::string queue = k.run(1, FstatCall{Fd{3}});
    const std::string folder = k.run(1, StatCall{"m"});
    EXPECT_EQ(queue.contains("st_ctim"), newer) << queue;
    EXPECT_FALSE(queue.contains("st_atim")) << queue;
    EXPECT_EQ(folder.contains("st_atim"), !newer) << folder;
    EXPECT_TRUE(folder.contains("st_mtim")) << folder;
  }
}

// Before 5.7 a notification's signal needed the permission of kill(), and an execve() did not
// matter.
TEST(MountProfile, PermissionOfANotificationsSignal) {
  for (const std::string_view profile : {"linux-5.5", "linux-6.18"}) {
    const bool older = profile == "linux-5.5";
    TestKernel k(two_users(), Contents::kKept, profile);
    k.run(1, mq_open("q", kCreate, 0666));
    k.run(2, mq_open("q", kORdwr));
    SigEvent event;
    event.sigev_signo = 10;
    EXPECT_EQ(k.run(1, mq_notify(3, event)), "0");
    k.post(1, PauseCall{});
    EXPECT_EQ(k.settle(), "");
    EXPECT_EQ(k.run(2, mq_send(3, "x")), "0");
    EXPECT_EQ(k.others(), older ? "" : "1: killed by SIGUSR1") << profile;
  }
}

}  // namespace
}  // namespace ipcsim
