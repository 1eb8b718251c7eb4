// What the VFS checks before a pipe sees anything, and that what it passes on arrives.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

// [W02, R07]
TEST(ReadWrite, CarryBytes) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, write(4, "hello")), "5");
  EXPECT_EQ(k.run(1, writev(4, {bytes(", "), bytes("world")})), "7");
  EXPECT_EQ(k.run(1, readv(3, {room(3), room(0), room(4)})), "7 \"hello, \"");
  EXPECT_EQ(k.run(1, read(3, 100)), "5 \"world\"");
}

// Without contents a read says how many bytes.
TEST(ReadWrite, CountWithoutContents) {
  TestKernel k(one_task(), Contents::kLengthsOnly);
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, write(4, "hello")), "5");
  EXPECT_EQ(k.run(1, read(3, 100)), "5 <5 bytes>");
}

// The mode of the file comes first, also for nothing. [A06]
TEST(ReadWrite, NeedTheRightEnd) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, read(4, 0)), "-1 EBADF");
  EXPECT_EQ(k.run(1, read(4, 1)), "-1 EBADF");
  EXPECT_EQ(k.run(1, write(3, "")), "-1 EBADF");
  EXPECT_EQ(k.run(1, write(3, "x")), "-1 EBADF");
  EXPECT_EQ(k.run(1, read(9, 1)), "-1 EBADF");
  EXPECT_EQ(k.run(1, writev(3, std::vector<UserSegment>(1025))), "-1 EBADF");
}

// Nothing to do: 0, without a look at the pipe. [W01, R01]
TEST(ReadWrite, OfNothingSucceed) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, read(3, 0)), "0");
  EXPECT_EQ(k.run(1, readv(3, {})), "0");
  EXPECT_EQ(k.run(1, write(4, "")), "0");
  EXPECT_EQ(k.run(1, writev(4, {})), "0");
  EXPECT_EQ(k.run(1, writev(4, {bytes(""), bytes("")})), "0");
  k.run(1, close(3));
  EXPECT_EQ(k.run(1, write(4, "")), "0");  // no reader, and no signal
}

// 1024 segments at most; no length with the sign bit. [W30]
TEST(ReadWrite, CheckTheirSegments) {
  TestKernel k;
  k.run(1, pipe2(kONonblock));
  EXPECT_EQ(k.run(1, writev(4, std::vector<UserSegment>(1024))), "0");
  EXPECT_EQ(k.run(1, writev(4, std::vector<UserSegment>(1025))), "-1 EINVAL");
  EXPECT_EQ(k.run(1, writev(4, {bytes("x"), room(~u64{0})})), "-1 EINVAL");
  EXPECT_EQ(k.run(1, writev(4, {bytes("x"), room(u64{1} << 63U)})), "-1 EINVAL");
  EXPECT_EQ(k.run(1, readv(3, {room(2), room(u64{1} << 63U)})), "-1 EINVAL");
  EXPECT_EQ(k.run(1, readv(3, {room(2), room(u64{1} << 50U)})), "-1 EFAULT");
}

// A buffer that leaves the user's half of the addresses faults before the pipe is asked, even
// without a reader. [E17, W24]
TEST(ReadWrite, CheckTheirRange) {
  TestKernel k;
  k.run(1, pipe2(kONonblock));
  k.run(1, write(4, "hello"));
  EXPECT_EQ(k.run(1, read(3, ~u64{0})), "-1 EFAULT");
  EXPECT_EQ(k.run(1, read(3, ~u64{0} >> 1U)), "-1 EFAULT");
  EXPECT_EQ(k.run(1, read(3, 0x80000000)), "5 \"hello\"");
  k.run(1, close(3));
  EXPECT_EQ(k.run(1, write(4, ~u64{0})), "-1 EFAULT");
}

// A transfer is at most 2 GiB less a page: the last segments are cut off silently.
TEST(ReadWrite, AreCutToTheLongestTransfer) {
  TestKernel k;
  k.run(1, pipe2(kONonblock));
  k.run(1, write(4, "x"));
  // One byte over the limit: if it counted, it would be the odd one and merge.
  const auto unknown = [](u64 len) {
    return UserSegment{.data = Payload::of_unknown(len), .len = len};
  };
  EXPECT_EQ(k.run(1, writev(4, {unknown(0x40000000), unknown(0x3ffff001)})), "61440");
  EXPECT_EQ(k.kernel.snapshot().pipes[0].slots[0].len, 1U);
}

// A call holds its file: closing the descriptor does not end it. [B18]
TEST(ReadWrite, KeepTheirFileOpen) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, thread(2));
  EXPECT_EQ(k.run(2, read(3, 10)), "asleep");
  EXPECT_EQ(k.run(1, close(3)), "0");
  EXPECT_EQ(k.run(1, write(4, "abc")), "3");
  EXPECT_EQ(k.others(), "2: 3 \"abc\"");
  k.run(1, sigaction(kSigpipe, Disposition::kIgnore));
  EXPECT_EQ(k.run(1, write(4, "abc")), "-1 EPIPE");
}

// A queue is not written to; what it gives to read is a line about it. [D10]
TEST(ReadWrite, AreRefusedByAQueue) {
  TestKernel k;
  EXPECT_EQ(k.run(1, mq_open("q", kOCreat | kORdwr)), "3");
  EXPECT_EQ(k.run(1, write(3, "x")), "-1 EINVAL");
  EXPECT_EQ(k.run(1, write(3, "")), "-1 EINVAL");
  EXPECT_EQ(k.run(1, read(3, 16)), "16 \"QSIZE:0         \"");
  EXPECT_EQ(k.run(1, read(3, 100)).substr(0, 3), "44 ");
  EXPECT_EQ(k.run(1, read(3, 100)), "0");
}

}  // namespace
}  // namespace ipcsim
