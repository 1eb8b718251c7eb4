// epoll and O_ASYNC as parts of the state. What they do is in traces/pipe.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

Call add(i32 epfd, i32 fd, u32 events) {
  return EpollCtlCall{.epfd = Fd{epfd},
                      .op = EpollCtlOp{kEpollCtlAdd},
                      .fd = Fd{fd},
                      .event = UserPtr<EpollEvent>::of({EpollEvents{events}, 7})};
}

Call wait(i32 epfd, i32 timeout) {
  return EpollWaitCall{.epfd = Fd{epfd}, .maxevents = 4, .timeout = timeout};
}

/// A pipe, 3 and 4, and an instance, 5, that watches its read end.
TestKernel watched(u32 events) {
  TestKernel k;
  k.run(1, pipe2(kONonblock));
  EXPECT_EQ(k.run(1, EpollCreate1Call{}), "5");
  EXPECT_EQ(k.run(1, add(5, 3, events)), "0");
  return k;
}

TEST(Epoll, IsPartOfTheState) {
  TestKernel k = watched(kPollIn | kEpollEt);
  const TestKernel before = k;
  k.run(1, write(4, "x"));
  const TestKernel told = k;
  EXPECT_EQ(k.run(1, wait(5, 0)), "1 [7:EPOLLIN]");
  EXPECT_NE(k.kernel, told.kernel);
  EXPECT_NE(k.kernel.hash(), told.kernel.hash());
  EXPECT_NE(before.kernel.hash(), told.kernel.hash());
}

TEST(Epoll, StandsInTheQueueAndLeavesItWithTheFile) {
  TestKernel k = watched(kPollIn);
  EXPECT_EQ(k.kernel.snapshot().pipes[0].rd_wait.size(), 1U);
  k.run(1, close(3));
  EXPECT_EQ(k.kernel.snapshot().pipes[0].rd_wait.size(), 0U);
  EXPECT_EQ(k.kernel.state().epitems.size(), 0U);
}

TEST(Epoll, LeavesAllQueuesWhenItIsClosed) {
  TestKernel k = watched(kPollIn);
  k.run(1, close(5));
  EXPECT_EQ(k.kernel.snapshot().pipes[0].rd_wait.size(), 0U);
  EXPECT_EQ(k.kernel.state().epolls.size(), 0U);
  EXPECT_EQ(k.kernel.state().epitems.size(), 0U);
}

// The sleeper holds the instance: it goes when the call has returned.
TEST(Epoll, LivesAsLongAsSomebodyWaits) {
  TestKernel k = watched(kPollIn);
  k.run(1, thread(2));
  EXPECT_EQ(k.run(2, wait(5, -1)), "asleep");
  k.run(1, close(5));
  EXPECT_EQ(k.kernel.state().epolls.size(), 1U);
  k.run(1, write(4, "x"));
  EXPECT_EQ(k.others(), "2: 1 [7:EPOLLIN]");
  EXPECT_EQ(k.kernel.state().epolls.size(), 0U);
}

TEST(Fasync, IsTakenOffTheListWithTheFile) {
  TestKernel k;
  k.run(1, pipe2());
  k.run(1, fcntl(3, kFSetfl, kOAsync));
  EXPECT_EQ(
      k.kernel.state()
          .files[k.kernel.state().fd_tables[k.kernel.state().task(TaskId{1}).files].file(Fd{3})]
          .f_flags,
      kOAsync);
  PipeId pipe;
  k.kernel.state().pipes.each([&](PipeId id, const PipeObject& /*object*/) { pipe = id; });
  EXPECT_EQ(k.kernel.state().pipes[pipe].fasync->readers.size(), 1U);
  k.run(1, close(3));
  EXPECT_FALSE(k.kernel.state().pipes[pipe].fasync);
}

}  // namespace
}  // namespace ipcsim
