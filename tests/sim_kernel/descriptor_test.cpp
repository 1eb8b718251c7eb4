// Calls on descriptors: pipe2(), dup and its family, fcntl(), ioctl(), close().
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

Environment with_nofile(u64 limit) {
  Environment environment = one_task();
  environment.tasks[0].rlimit_nofile = limit;
  return environment;
}

// The read end has the lower number. [A01]
TEST(Pipe2, TakesTheLowestTwoDescriptors) {
  TestKernel k;
  EXPECT_EQ(k.run(1, pipe2()), "0 pipefd=[3, 4]");
  EXPECT_EQ(k.run(1, close(3)), "0");
  EXPECT_EQ(k.run(1, pipe2()), "0 pipefd=[3, 5]");
}

// O_NONBLOCK is for both ends, O_DIRECT for the write end. [A01]
TEST(Pipe2, GivesItsFlagsToTheEnds) {
  TestKernel k;
  EXPECT_EQ(k.run(1, pipe2(kOCloexec | kONonblock | kODirect)), "0 pipefd=[3, 4]");
  EXPECT_EQ(k.run(1, fcntl(3, kFGetfd)), "1");
  EXPECT_EQ(k.run(1, fcntl(4, kFGetfd)), "1");
  EXPECT_EQ(k.run(1, fcntl(3, kFGetfl)), std::to_string(kONonblock));
  EXPECT_EQ(k.run(1, fcntl(4, kFGetfl)), std::to_string(kOWronly | kONonblock | kODirect));
}

// Other flags are refused before anything else; CONFIG_WATCH_QUEUE is off. [A01, A02]
TEST(Pipe2, RefusesOtherFlags) {
  TestKernel k;
  for (const u32 flags : {kOWronly, kOAppend, kORdwr | kONonblock, kOLargefile, ~0U}) {
    EXPECT_EQ(k.run(1, pipe2(flags, OutPtr::kNull)), "-1 EINVAL");
  }
  EXPECT_EQ(k.run(1, pipe2(kONotificationPipe)), "-1 ENOPKG");
}

// A bad pointer is found last; nothing stays behind. [A02]
TEST(Pipe2, UndoesEverythingOnAFault) {
  TestKernel k;
  k.run(1, close(99));
  const Kernel before = k.kernel;
  EXPECT_EQ(k.run(1, pipe2(0, OutPtr::kBad)), "-1 EFAULT");
  EXPECT_EQ(k.kernel.snapshot().pipes.size(), 0U);
  EXPECT_EQ(k.kernel.state().files.size(), before.state().files.size());
  EXPECT_EQ(k.run(1, pipe2()), "0 pipefd=[3, 4]");
}

// One free descriptor is not enough, and stays free. [A03]
TEST(Pipe2, NeedsTwoDescriptors) {
  TestKernel k(with_nofile(4));
  EXPECT_EQ(k.run(1, pipe2()), "-1 EMFILE");
  EXPECT_EQ(k.run(1, dup(0)), "3");
}

// A user over the hard limit of pages gets no pipe: ENFILE; of a FIFO: ENOMEM. [L01]
TEST(Pipe2, FailsOverTheHardPageLimit) {
  Environment environment = one_task();
  environment.pipe_limits.pipe_user_pages_hard = 16;
  TestKernel k(environment);
  EXPECT_EQ(k.run(1, pipe2()), "0 pipefd=[3, 4]");
  EXPECT_EQ(k.run(1, pipe2()), "-1 ENFILE");
  EXPECT_EQ(k.run(1, mkfifo("f")), "0");
  EXPECT_EQ(k.run(1, open("f", kORdwr)), "-1 ENOMEM");
  EXPECT_EQ(k.run(1, close(3)), "0");
  EXPECT_EQ(k.run(1, close(4)), "0");
  EXPECT_EQ(k.run(1, open("f", kORdwr)), "3");
}

// dup() shares the open file: one pipe end, closed with the last descriptor. [F19]
TEST(Dup, SharesTheOpenFile) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, dup(4)), "5");
  EXPECT_EQ(k.run(1, fcntl(5, kFSetfl, kONonblock)), "0");
  EXPECT_EQ(k.run(1, fcntl(4, kFGetfl)), std::to_string(kOWronly | kONonblock));
  EXPECT_EQ(k.run(1, close(4)), "0");
  EXPECT_EQ(k.run(1, poll(3, kPollIn, 0)), "0 [0]");
  EXPECT_EQ(k.run(1, close(5)), "0");
  EXPECT_EQ(k.run(1, poll(3, kPollIn, 0)), "1 [POLLHUP]");
}

// dup2() closes what it replaces, and returns the descriptor as it is when both are one.
TEST(Dup2, ReplacesItsTarget) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, dup2(3, 4)), "4");  // the write end was there
  EXPECT_EQ(k.run(1, read(4, 1)), "0");
  EXPECT_EQ(k.run(1, dup2(3, 3)), "3");
  EXPECT_EQ(k.run(1, dup2(9, 9)), "-1 EBADF");
  EXPECT_EQ(k.run(1, dup2(9, 3)), "-1 EBADF");
  EXPECT_EQ(k.run(1, dup2(3, 100)), "100");
}

// dup3() insists on two descriptors and knows one flag.
TEST(Dup3, RefusesOneDescriptorAndOtherFlags) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, dup3(3, 3, 0)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, dup3(3, 7, kONonblock)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, dup3(9, 7, kOCloexec)), "-1 EBADF");
  EXPECT_EQ(k.run(1, dup3(3, 7, kOCloexec)), "7");
  EXPECT_EQ(k.run(1, fcntl(7, kFGetfd)), "1");
  EXPECT_EQ(k.run(1, dup2(7, 8)), "8");
  EXPECT_EQ(k.run(1, fcntl(8, kFGetfd)), "0");
}

// RLIMIT_NOFILE: EMFILE where a number is sought, EBADF or EINVAL where it is given.
TEST(Dup, KeepsToTheLimit) {
  TestKernel k(with_nofile(5));
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, dup(3)), "-1 EMFILE");
  EXPECT_EQ(k.run(1, dup(9)), "-1 EBADF");
  EXPECT_EQ(k.run(1, dup2(3, 5)), "-1 EBADF");
  EXPECT_EQ(k.run(1, dup2(3, -1)), "-1 EBADF");
  EXPECT_EQ(k.run(1, fcntl(3, kFDupfd, 5)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, fcntl(3, kFDupfd, -1)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, fcntl(3, kFDupfd, 4)), "-1 EMFILE");
}

// setrlimit() counts from the next call on.
TEST(Dup, SeesANewLimit) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, setrlimit(kRlimitNofile, 4)), "0");
  EXPECT_EQ(k.run(1, dup(0)), "-1 EMFILE");
  EXPECT_EQ(k.run(1, fcntl(4, kFGetfl)), "1");  // what is open stays open
  EXPECT_EQ(k.run(1, setrlimit(kRlimitNofile, u64{1} << 31U)), "-1 EINVAL");  // over the hard one
}

// A stranger's trace may ask for any number: the table does not grow to it.
TEST(Dup, EndsAtNrOpen) {
  TestKernel k(with_nofile(~u64{0}));
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, fcntl(3, kFDupfd, 2'000'000'000)), "-1 EMFILE");
  EXPECT_EQ(k.run(1, dup2(3, 2'000'000'000)), "-1 EBADF");
}

// The argument of F_DUPFD is a C int: what is above 32 bits is cut off.
TEST(Fcntl, TakesDupfdAsAnInt) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, fcntl(3, kFDupfd, 10)), "10");
  EXPECT_EQ(k.run(1, fcntl(3, kFDupfd, 0x100000014)), "20");
  EXPECT_EQ(k.run(1, fcntl(3, kFDupfdCloexec, 10)), "11");
  EXPECT_EQ(k.run(1, fcntl(11, kFGetfd)), "1");
}

// FD_CLOEXEC is the descriptor's, not the file's.
TEST(Fcntl, SetsCloseOnExecOfOneDescriptor) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, dup(3));
  EXPECT_EQ(k.run(1, fcntl(3, kFSetfd, kFdCloexec)), "0");
  EXPECT_EQ(k.run(1, fcntl(3, kFGetfd)), "1");
  EXPECT_EQ(k.run(1, fcntl(5, kFGetfd)), "0");
  EXPECT_EQ(k.run(1, ioctl(5, kFioclex)), "0");
  EXPECT_EQ(k.run(1, fcntl(5, kFGetfd)), "1");
  EXPECT_EQ(k.run(1, ioctl(5, kFionclex)), "0");
  EXPECT_EQ(k.run(1, fcntl(5, kFGetfd)), "0");
}

// F_SETFL changes O_APPEND, O_NONBLOCK, O_DIRECT and O_NOATIME, and passes over the rest. [S07]
TEST(Fcntl, SetsStatusFlags) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, fcntl(4, kFSetfl, kONonblock | kODirect | kOAppend)), "0");
  EXPECT_EQ(k.run(1, fcntl(4, kFGetfl)), std::to_string(046001));
  EXPECT_EQ(k.run(1, fcntl(3, kFGetfl)), "0");
  EXPECT_EQ(k.run(1, fcntl(4, kFSetfl, kORdwr | kODsync)), "0");
  EXPECT_EQ(k.run(1, fcntl(4, kFGetfl)), "1");
}

// The size argument, too, is an int. [S01]
TEST(Fcntl, SetsAndTellsThePipeSize) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, fcntl(3, kFGetpipeSz)), "65536");
  EXPECT_EQ(k.run(1, fcntl(4, kFSetpipeSz, 0x100002000)), "8192");
  EXPECT_EQ(k.run(1, fcntl(3, kFGetpipeSz)), "8192");
  EXPECT_EQ(k.run(1, fcntl(3, kFSetpipeSz, -1)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, fcntl(9, kFGetpipeSz)), "-1 EBADF");
}

// [S06]
TEST(Ioctl, CountsBytesAtEitherEnd) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, write(4, u64{10}));
  EXPECT_EQ(k.run(1, ioctl(3, kFionread)), "0 [10]");
  EXPECT_EQ(k.run(1, ioctl(4, kFionread)), "0 [10]");
  EXPECT_EQ(k.run(1, ioctl(3, kFionread, 0, OutPtr::kBad)), "-1 EFAULT");
  EXPECT_EQ(k.run(1, ioctl(3, 0x1234)), "-1 ENOTTY");
  EXPECT_EQ(k.run(1, ioctl(9, kFionread)), "-1 EBADF");
}

// FIONBIO is F_SETFL of one flag. [S06]
TEST(Ioctl, SetsNonblock) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, ioctl(4, kFionbio, 1)), "0");
  EXPECT_EQ(k.run(1, fcntl(4, kFGetfl)), std::to_string(kOWronly | kONonblock));
  EXPECT_EQ(k.run(1, ioctl(4, kFionbio, 0)), "0");
  EXPECT_EQ(k.run(1, fcntl(4, kFGetfl)), "1");
  EXPECT_EQ(k.run(1, ioctl(4, kFionbio, 1, OutPtr::kBad)), "-1 EFAULT");
}

// A descriptor is closed once.
TEST(Close, ForgetsTheDescriptor) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, close(3)), "0");
  EXPECT_EQ(k.run(1, close(3)), "-1 EBADF");
  EXPECT_EQ(k.run(1, close(-1)), "-1 EBADF");
  EXPECT_EQ(k.run(1, close(4)), "0");
  EXPECT_EQ(k.kernel.snapshot().pipes.size(), 0U);
}

// A descriptor of a file that is not under study is a descriptor all the same.
TEST(OtherFile, TakesPartInTheNumbers) {
  TestKernel k;
  EXPECT_EQ(k.run(1, dup(0)), "3");
  EXPECT_EQ(k.run(1, fcntl(3, kFGetfd)), "0");
  EXPECT_EQ(k.run(1, close(0)), "0");
  EXPECT_EQ(k.run(1, pipe2()), "0 pipefd=[0, 4]");
}

// What it would answer is not known, and not guessed.
TEST(OtherFile, IsNotModelledFurther) {
  TestKernel k;
  for (const Call& call : {read(0, 1), write(1, "x"), fcntl(0, kFGetfl), fcntl(0, kFSetfl, 0),
                           fcntl(0, kFGetpipeSz), ioctl(0, kFionread), ioctl(0, 0x1234),
                           poll(0, kPollIn, 0), open("/proc/self/fd/0", kORdonly)}) {
    EXPECT_TRUE(k.run(1, call).starts_with("not modelled: ")) << to_text(call);
  }
}

// A trace cannot put a file where an open() in progress has its descriptor.
TEST(OtherFile, CannotTakeAReservedDescriptor) {
  TestKernel k;
  k.run(1, mkfifo("f"));
  k.run(1, thread(2));
  EXPECT_EQ(k.run(2, open("f", kORdonly)), "asleep");
  EXPECT_EQ(k.kernel.post_other_fd(TaskId{1}, Fd{3}, false),
            "descriptor 3 is taken by an open() that has not finished");
  EXPECT_EQ(k.kernel.post_other_fd(TaskId{1}, Fd{4}, false), std::nullopt);
}

}  // namespace
}  // namespace ipcsim
