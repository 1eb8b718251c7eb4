// IPC namespaces and their limits. Linux ipc/namespace.c, ipc/mq_sysctl.c.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

constexpr u32 kCreate = kOCreat | kORdwr;

Environment administrator() {
  Environment environment = one_task();
  environment.caps.add(Cap::kSysAdmin);
  return environment;
}

// A new namespace begins with the kernel's limits and without queues. [E10]
TEST(IpcNamespace, HasItsOwnNamesAndLimits) {
  TestKernel k(administrator());
  EXPECT_EQ(k.run(1, open("/proc/sys/fs/mqueue/msg_max", kORdwr)), "3");
  EXPECT_EQ(k.run(1, write(3, "100\n")), "4");
  EXPECT_EQ(k.run(1, mq_open("q", kCreate, 50, 10)), "4");
  EXPECT_EQ(k.run(1, unshare(kCloneNewipc)), "0");
  EXPECT_EQ(k.run(1, mq_open("q", kORdwr)), "-1 ENOENT");
  EXPECT_EQ(k.run(1, mq_open("q", kCreate, 50, 10)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, mq_send(4, "still there")), "-1 EMSGSIZE");
}

TEST(IpcNamespace, NeedsPrivilege) {
  TestKernel k;
  EXPECT_EQ(k.run(1, unshare(kCloneNewipc)), "-1 EPERM");
  EXPECT_EQ(k.run(1, clone(kCloneNewipc, 2)), "-1 EPERM");
}

// The last task takes the namespace along, and the names that nobody has open.
TEST(IpcNamespace, EndsWithItsTasks) {
  TestKernel k(administrator());
  k.run(1, fork(2));
  k.run(2, unshare(kCloneNewipc));
  k.run(2, mq_open("q", kCreate));
  EXPECT_EQ(k.kernel.snapshot().mqueues.size(), 1U);
  k.run(2, exit_group());
  EXPECT_EQ(k.kernel.snapshot().mqueues.size(), 0U);
}

// An open queue keeps the names of a namespace that has no task any more.
TEST(IpcNamespace, LastOpenQueueTakesTheNamesAlong) {
  TestKernel k(administrator());
  k.run(1, unshare(kCloneNewipc));
  k.run(1, mq_open("kept", kCreate));
  k.run(1, mq_open("open", kCreate));
  k.run(1, close(3));
  k.run(1, open("/proc/sys/fs/mqueue/msg_max", kORdwr));
  k.run(1, unshare(kCloneNewipc));
  EXPECT_EQ(k.kernel.snapshot().mqueues.size(), 2U);
  k.run(1, close(4));
  EXPECT_EQ(k.kernel.snapshot().mqueues.size(), 0U);
  EXPECT_EQ(k.run(1, read(3, 10)), "not modelled: a limit of an IPC namespace that has ended");
}

// A queue is opened again by its descriptor, under the permissions of the file. [F03]
TEST(MqueueNode, IsOpenedThroughItsDescriptor) {
  TestKernel k;
  EXPECT_EQ(k.run(1, mq_open("q", kOCreat | kORdonly)), "3");
  EXPECT_EQ(k.run(1, open("/proc/self/fd/3", kORdwr)), "4");
  EXPECT_EQ(k.run(1, mq_send(3, "x")), "-1 EBADF");
  EXPECT_EQ(k.run(1, mq_unlink("q")), "0");
  EXPECT_EQ(k.run(1, mq_send(4, "x")), "0");
  EXPECT_EQ(k.run(1, open("/proc/self/fd/3", kORdwr | kODirect)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, close(3)), "0");
  EXPECT_EQ(k.run(1, mq_receive(4)), "1 \"x\" prio 0");
}

// Numbers with blanks around them; nothing else, and within the range. [E08]
TEST(MqLimitFile, TakesNumbersInRange) {
  TestKernel k;
  const auto set = [&](std::string_view text) {
    k.run(1, open("/proc/sys/fs/mqueue/msg_max", kOWronly));
    const std::string result = k.run(1, write(3, text));
    k.run(1, close(3));
    return result;
  };
  EXPECT_EQ(set("0"), "-1 EINVAL");
  EXPECT_EQ(set("65537"), "-1 EINVAL");
  EXPECT_EQ(set("seven"), "-1 EINVAL");
  EXPECT_EQ(set("7x"), "-1 EINVAL");
  EXPECT_EQ(set(" 65536\n"), "7");
  k.run(1, open("/proc/sys/fs/mqueue/msg_max", kORdonly));
  EXPECT_EQ(k.run(1, read(3, 100)), "6 \"65536\\n\"");
  EXPECT_EQ(k.run(1, read(3, 100)), "0");
  EXPECT_EQ(k.run(1, write(3, "1")), "-1 EBADF");
}

}  // namespace
}  // namespace ipcsim
