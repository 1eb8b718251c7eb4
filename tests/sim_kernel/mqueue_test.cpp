// Message queues by name, and their attributes. Linux ipc/mqueue.c. The names in brackets are those
// of the measurements on linux 6.18.44.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

constexpr u32 kCreate = kOCreat | kORdwr;

MqOpenCall open_call(std::string_view name, u32 flags) {
  return get<MqOpenCall>(mq_open(name, flags));
}

// The descriptor is an ordinary one, marked close-on-exec whatever was asked for. [A24]
TEST(MqOpen, GivesADescriptor) {
  TestKernel k;
  EXPECT_EQ(k.run(1, mq_open("q", kCreate)), "3");
  EXPECT_EQ(k.run(1, fcntl(3, kFGetfd)), "1");
  EXPECT_EQ(k.run(1, fcntl(3, kFGetfl)), "2");
  EXPECT_EQ(k.run(1, mq_open("q", kORdonly | kONonblock | kOTrunc)), "4");
  EXPECT_EQ(k.run(1, fcntl(4, kFGetfl)), std::to_string(kONonblock));
}

// The attributes are copied in before the name, even when nobody wants them. [A07]
TEST(MqOpen, CopiesTheAttributesFirst) {
  TestKernel k;
  MqOpenCall call = open_call("", kORdwr);
  call.attr = UserPtr<MqAttr>::bad();
  EXPECT_EQ(k.run(1, call), "-1 EFAULT");
  call.attr = {};
  EXPECT_EQ(k.run(1, call), "-1 ENOENT");
  call.name = UserPtr<std::string>::bad();
  EXPECT_EQ(k.run(1, call), "-1 EFAULT");
  call.name = {};
  EXPECT_EQ(k.run(1, call), "-1 EFAULT");
}

// A descriptor is needed before the name is looked at. [A15]
TEST(MqOpen, NeedsADescriptorBeforeTheName) {
  TestKernel k;
  k.run(1, setrlimit(kRlimitNofile, 3));
  EXPECT_EQ(k.run(1, mq_open("no/good", kCreate)), "-1 EMFILE");
  EXPECT_EQ(k.run(1, mq_open(std::string(4096, 'x'), kCreate)), "-1 ENAMETOOLONG");
}

// Names of the system call have no slash. [A08]
TEST(MqOpen, ChecksTheName) {
  TestKernel k;
  for (const std::string_view name : {".", "..", "/q", "a/b", "q/"}) {
    EXPECT_EQ(k.run(1, mq_open(name, kCreate)), "-1 EACCES") << name;
    EXPECT_EQ(k.run(1, mq_unlink(name)), "-1 EACCES") << name;
  }
  EXPECT_EQ(k.run(1, mq_open(std::string(256, 'x'), kORdwr)), "-1 ENAMETOOLONG");
  EXPECT_EQ(k.run(1, mq_open(std::string(255, 'x'), kCreate)), "3");
  EXPECT_EQ(k.run(1, mq_open("q", kORdwr)), "-1 ENOENT");
}

// One that exists: exclusiveness before access mode, that before permission. [A10]
TEST(MqOpen, ChecksAQueueThatExists) {
  Environment environment = some_tasks(2);
  environment.tasks[1].uid = 1000;
  TestKernel k(environment);
  k.run(1, mq_open("q", kCreate, 0600));
  EXPECT_EQ(k.run(2, mq_open("q", kOCreat | kOExcl | kOAccmode)), "-1 EEXIST");
  EXPECT_EQ(k.run(2, mq_open("q", kOAccmode)), "-1 EINVAL");
  EXPECT_EQ(k.run(2, mq_open("q", kORdonly)), "-1 EACCES");
  EXPECT_EQ(k.run(1, mq_open("q", kOCreat | kORdwr, -5, -5)), "4");  // attributes are passed over
}

// The creator gets the mode it asks for, even none: others are bound by the bits. [A11, A12]
TEST(MqOpen, GivesTheCreatorAnyMode) {
  Environment environment = some_tasks(2);
  environment.tasks[1].uid = 1000;
  TestKernel k(environment);
  EXPECT_EQ(k.run(1, mq_open("q", kOCreat | kOAccmode, 0)), "3");
  EXPECT_EQ(k.run(1, mq_send(3, "x")), "-1 EBADF");
  EXPECT_EQ(k.run(1, mq_receive(3)), "-1 EBADF");
  EXPECT_EQ(k.run(1, mq_open("r", kCreate, 0204)), "4");
  EXPECT_EQ(k.run(1, mq_open("r", kOWronly)), "5");
  EXPECT_EQ(k.run(1, mq_open("r", kORdonly)), "-1 EACCES");
  EXPECT_EQ(k.run(2, mq_open("r", kORdonly)), "3");
  EXPECT_EQ(k.run(2, mq_open("r", kORdwr)), "-1 EACCES");
}

// The number of queues is looked at before their attributes. [A06]
TEST(MqOpen, IsBoundedByQueuesMax) {
  Environment environment = one_task();
  environment.mq_limits.mq_queues_max = 1;
  TestKernel k(environment);
  EXPECT_EQ(k.run(1, mq_open("a", kCreate)), "3");
  EXPECT_EQ(k.run(1, mq_open("b", kCreate, 0, 0)), "-1 ENOSPC");
  k.run(1, mq_unlink("a"));
  EXPECT_EQ(k.run(1, mq_open("b", kCreate)), "-1 ENOSPC");  // open still
  k.run(1, close(3));
  EXPECT_EQ(k.run(1, mq_open("b", kCreate)), "3");
  environment.caps.add(Cap::kSysResource);
  TestKernel privileged(environment);
  privileged.run(1, mq_open("a", kCreate));
  EXPECT_EQ(privileged.run(1, mq_open("b", kCreate)), "4");
}

// [A02, A03]
TEST(MqOpen, ChecksTheAttributes) {
  TestKernel k;
  EXPECT_EQ(k.run(1, mq_open("q", kCreate, 0, 10)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, mq_open("q", kCreate, 10, 0)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, mq_open("q", kCreate, 11, 10)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, mq_open("q", kCreate, 10, 8193)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, mq_open("q", kCreate, 10, 8192)), "3");
  EXPECT_EQ(k.run(1, dup(0)), "4");  // nothing was left over
}

// Nine default queues fit into the default limit of a user. [A04]
TEST(MqOpen, IsBoundedByRlimitMsgqueue) {
  TestKernel k;
  for (const char* name : {"1", "2", "3", "4", "5", "6", "7", "8", "9"}) {
    EXPECT_EQ(k.run(1, mq_open(name, kCreate))[0], name[0] + 2 > '9' ? '1' : name[0] + 2);
  }
  EXPECT_EQ(k.run(1, mq_open("x", kCreate)), "-1 EMFILE");
  k.run(1, mq_unlink("1"));
  EXPECT_EQ(k.run(1, mq_open("x", kCreate)), "-1 EMFILE");  // charged until it is closed
  k.run(1, close(3));
  EXPECT_EQ(k.run(1, mq_open("x", kCreate)), "3");
}

// Exactly the limit is allowed: 97 bytes for one message of one byte. [A05]
TEST(MqOpen, MayReachRlimitMsgqueue) {
  TestKernel k;
  k.run(1, setrlimit(kRlimitMsgqueue, 96));
  EXPECT_EQ(k.run(1, mq_open("q", kCreate, 1, 1)), "-1 EMFILE");
  k.run(1, setrlimit(kRlimitMsgqueue, 97));
  EXPECT_EQ(k.run(1, mq_open("q", kCreate, 1, 1)), "3");
}

// Each user has an account of his own; a process of the same user adds to it.
TEST(MqOpen, ChargesTheUser) {
  Environment environment = some_tasks(3);
  environment.tasks[2].uid = 1000;
  for (InitialTask& task : environment.tasks) {
    task.rlimit_msgqueue = 100;
  }
  TestKernel k(environment);
  EXPECT_EQ(k.run(1, mq_open("a", kCreate, 1, 1)), "3");
  EXPECT_EQ(k.run(2, mq_open("b", kCreate, 1, 1)), "-1 EMFILE");
  EXPECT_EQ(k.run(3, mq_open("c", kCreate, 1, 1)), "3");
}

// O_DIRECT fails last, and leaves the queue that was just made. [A14]
TEST(MqOpen, LeavesTheQueueWhenTheFileFails) {
  TestKernel k;
  EXPECT_EQ(k.run(1, mq_open("q", kCreate | kODirect)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, mq_open("q", kORdwr)), "3");
}

// An O_PATH descriptor is good for nothing. [A22]
TEST(MqOpen, WithPathGivesAPlaceOnly) {
  TestKernel k;
  EXPECT_EQ(k.run(1, mq_open("q", kCreate | kOPath)), "3");
  EXPECT_EQ(k.run(1, mq_send(3, "x")), "-1 EBADF");
  EXPECT_EQ(k.run(1, mq_getattr(3)), "-1 EBADF");
}

// Messages stay as long as the name or a descriptor does. [A18, A25]
TEST(MqUnlink, LeavesOpenQueuesAlone) {
  TestKernel k;
  k.run(1, mq_open("q", kCreate));
  k.run(1, mq_send(3, "old"));
  k.run(1, close(3));
  EXPECT_EQ(k.run(1, mq_open("q", kORdwr)), "3");
  EXPECT_EQ(k.run(1, mq_unlink("q")), "0");
  EXPECT_EQ(k.run(1, mq_unlink("q")), "-1 ENOENT");
  EXPECT_EQ(k.run(1, mq_open("q", kCreate)), "4");
  EXPECT_EQ(k.run(1, mq_receive(3)), "3 \"old\" prio 0");
  EXPECT_EQ(k.run(1, poll(4, kPollIn, 0)), "0 [0]");
}

// The directory is sticky: the owner, root or CAP_FOWNER. [A20]
TEST(MqUnlink, NeedsTheOwner) {
  Environment environment = some_tasks(2);
  environment.tasks[1].uid = 1000;
  TestKernel k(environment);
  k.run(1, mq_open("q", kCreate, 0666));
  k.run(2, mq_open("r", kCreate, 0));
  EXPECT_EQ(k.run(2, mq_unlink("q")), "-1 EPERM");
  EXPECT_EQ(k.run(2, mq_unlink("r")), "0");
  EXPECT_EQ(k.run(1, mq_unlink("q")), "0");
  environment.caps.add(Cap::kFowner);
  TestKernel privileged(environment);
  privileged.run(1, mq_open("q", kCreate, 0666));
  EXPECT_EQ(privileged.run(2, mq_unlink("q")), "0");
}

// The flag is the open file's; the rest is the queue's for life. [E07, A17]
TEST(MqGetsetattr, ChangesNonblockOnly) {
  TestKernel k;
  k.run(1, mq_open("q", kCreate, 4, 100));
  k.run(1, mq_open("q", kORdwr));
  k.run(1, mq_send(3, "x"));
  EXPECT_EQ(k.run(1, mq_getattr(3)), "0 {flags=0, maxmsg=4, msgsize=100, curmsgs=1}");
  EXPECT_EQ(k.run(1, mq_set_nonblock(3, true)), "0");
  EXPECT_EQ(k.run(1, mq_getattr(3)), "0 {flags=04000, maxmsg=4, msgsize=100, curmsgs=1}");
  EXPECT_EQ(k.run(1, mq_getattr(4)), "0 {flags=0, maxmsg=4, msgsize=100, curmsgs=1}");
}

// The new flags are checked before the descriptor; a bad place for the old leaves the change. [E07]
TEST(MqGetsetattr, ChecksInOrder) {
  TestKernel k;
  k.run(1, mq_open("q", kCreate));
  MqGetsetattrCall call{.mqdes = Fd{99}, .newattr = UserPtr<MqAttr>::bad()};
  EXPECT_EQ(k.run(1, call), "-1 EFAULT");
  call.newattr = UserPtr<MqAttr>::of({.mq_flags = i64{kONonblock} | 1});
  EXPECT_EQ(k.run(1, call), "-1 EINVAL");
  call.newattr = UserPtr<MqAttr>::of({.mq_flags = i64{kONonblock}});
  EXPECT_EQ(k.run(1, call), "-1 EBADF");
  call.mqdes = Fd{3};
  call.oldattr = OutPtr::kBad;
  EXPECT_EQ(k.run(1, call), "-1 EFAULT");
  EXPECT_EQ(k.run(1, fcntl(3, kFGetfl)), std::to_string(kORdwr | kONonblock));
  EXPECT_EQ(k.run(1, MqGetsetattrCall{.mqdes = Fd{0}, .newattr = {}}), "-1 EBADF");
}

// The mask does not depend on the access mode. [E01]
TEST(MqPoll, TellsOfMessagesAndRoom) {
  TestKernel k;
  k.run(1, mq_open("q", kCreate, 1, 10));
  k.run(1, mq_open("q", kORdonly));
  const u32 both = kPollIn | kPollOut | kPollRdNorm | kPollWrNorm;
  EXPECT_EQ(k.run(1, poll(4, both, 0)), "1 [POLLOUT|POLLWRNORM]");
  k.run(1, mq_send(3, "x"));
  EXPECT_EQ(k.run(1, poll(4, both, 0)), "1 [POLLIN|POLLRDNORM]");
}

// A message that is put into the queue wakes pollers, one that is handed over does not. [E02]
TEST(MqPoll, IsWokenByAnInsertedMessage) {
  TestKernel k;
  k.run(1, mq_open("q", kCreate));
  k.run(1, thread(2));
  k.run(1, thread(3));
  EXPECT_EQ(k.run(2, poll(3, kPollIn)), "asleep");
  EXPECT_EQ(k.run(3, mq_receive(3)), "asleep");
  k.run(1, mq_send(3, "handed over"));
  EXPECT_EQ(k.others(), "3: 11 \"handed over\" prio 0");
  k.run(1, mq_send(3, "inserted"));
  EXPECT_EQ(k.others(), "2: 1 [POLLIN]");
}

}  // namespace
}  // namespace ipcsim
