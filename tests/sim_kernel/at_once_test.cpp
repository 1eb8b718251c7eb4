// The short way out of a sleep against the long one. A task with anything out of the ordinary, and
// be it a nice value that was set to what it was, never ends a call on the short way; everything
// must come out the same.
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/base/kernel_profile.hpp"
#include "model/base/random.hpp"
#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

constexpr u64 kSeeds = 4;
constexpr int kSteps = 600;
constexpr u32 kThreads = 7;
constexpr i32 kFirstRead = 3;  // of the two pipes: 3 and 4, 5 and 6
constexpr i32 kQueue = 7;
constexpr i32 kMaxmsg = 2;

/// Six threads between two pipes and a queue; one more fills, changes and closes what they use.
class Programs {
 public:
  Programs(const KernelProfile& profile, Contents contents)
      : short_way_(one_task(), contents, profile.name),
        long_way_(one_task(), contents, profile.name) {
    for (TestKernel* k : {&short_way_, &long_way_}) {
      k->run(1, sigaction(kSigpipe, Disposition::kHandler));
      k->run(1, sigaction(kSigusr1, Disposition::kHandler, kSaRestart));
      EXPECT_EQ(k->run(1, pipe2()), "0 pipefd=[3, 4]");
      EXPECT_EQ(k->run(1, pipe2()), "0 pipefd=[5, 6]");
      EXPECT_EQ(k->run(1, mq_open("q", kORdwr | kOCreat, kMaxmsg, 10)), "7");
      for (u32 task = 2; task <= kThreads; ++task) {
        k->run(1, thread(task));
      }
    }
    for (u32 task = 1; task <= kThreads; ++task) {
      short_way_.run(task, fcntl(kFirstRead, kFGetfd));
      EXPECT_EQ(long_way_.run(task, setpriority(task, 0)), "0");
    }
    expect_the_same();
  }

  void step(Random& random) {
    const TaskId task{1 + random.below32(kThreads)};
    if (short_way_.kernel.idle(task) && random.below(3) != 0) {
      const Call call = task.v == kThreads ? disturbance(random) : transfer(random);
      SCOPED_TRACE(fmt::format("task {}: {}", task.v, to_text(call)));
      short_way_.post(task.v, call);
      long_way_.post(task.v, call);
      expect_the_same();
      return;
    }
    if (random.one_in(task.v == kThreads ? 5 : 300)) {
      EXPECT_EQ(short_way_.kernel.post_signal(task, kSigusr1), std::nullopt);
      EXPECT_EQ(long_way_.kernel.post_signal(task, kSigusr1), std::nullopt);
      return;
    }
    const std::vector<TaskId> runnable = short_way_.kernel.runnable();
    if (!runnable.empty()) {
      const TaskId next = runnable[random.below(runnable.size())];
      SCOPED_TRACE(fmt::format("task {} goes on", next.v));
      const bool slept = short_way_.kernel.state().task(next).progress.index() != 0;
      const bool ordinary = !short_way_.kernel.state().task(next).extras.has_value();
      EXPECT_TRUE(long_way_.kernel.state().task(next).extras.has_value());
      short_way_.section(next.v);
      long_way_.section(next.v);
      expect_the_same();
      woken_ += slept && ordinary ? 1 : 0;
    }
  }
  /// Sections of tasks without anything out of the ordinary that had slept.
  [[nodiscard]] int woken() const { return woken_; }

 private:
  static Call transfer(Random& random) {
    const i32 pipe = kFirstRead + 2 * static_cast<i32>(random.below(2));
    const u64 len = random.one_in(3) ? 1 + random.below(70'000) : 1 + random.below(5000);
    switch (random.below(7)) {
      case 0:
        return mq_send(kQueue, "message", random.below32(3));
      case 1:
        return mq_receive(kQueue);
      case 2:
      case 3:
        return write(pipe + 1, len);
      case 4:
        return readv(pipe, {room(2), room(len)});
      default:
        return read(pipe, len);
    }
  }
  static Call disturbance(Random& random) {
    const i32 fd = kFirstRead + static_cast<i32>(random.below(4));
    switch (random.below(20)) {
      case 0:
        return fcntl(fd, kFSetfl, random.one_in(2) ? kONonblock : 0);
      case 1:
        return fcntl(kFirstRead + 1, kFSetfl, random.one_in(2) ? kODirect : 0);
      case 2:
        return fcntl(kFirstRead, kFSetpipeSz, 4096 << random.below(5));
      case 3:
        return dup2(fd, 9);
      case 4:
        return random.one_in(4) ? close(kFirstRead + static_cast<i32>(random.below(5))) : close(9);
      case 5:
      case 6:
        return read(kFirstRead + 2 * static_cast<i32>(random.below(2)), 100'000);
      case 7:
      case 8:
      case 9:
        return mq_send(kQueue, "message", random.below32(3));
      default:
        return write(kFirstRead + 1 + 2 * static_cast<i32>(random.below(2)),
                     1 + random.below(9000));
    }
  }
  void expect_the_same() {
    EXPECT_EQ(short_way_.kernel.take_completions(), long_way_.kernel.take_completions());
    EXPECT_TRUE(short_way_.kernel == long_way_.kernel);
  }

  TestKernel short_way_;
  TestKernel long_way_;
  int woken_ = 0;
};

TEST(KernelAtOnce, EndsSleepsAsTheLongWayDoes) {
  int woken = 0;
  for (const KernelProfile& profile : kernel_profiles()) {
    for (u64 seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
      SCOPED_TRACE(fmt::format("{}, seed {}", profile.name, seed));
      Random random(seed);
      Programs programs(profile, seed % 2 == 0 ? Contents::kLengthsOnly : Contents::kKept);
      for (int step = 0; step < kSteps && !HasFailure(); ++step) {
        programs.step(random);
      }
      woken += programs.woken();
    }
  }
  EXPECT_GT(woken, 400);
}

// What a descriptor knows of its pipe ends when its file asks for packets, whoever says so.
TEST(KernelAtOnce, AsksTheFileAgainOnceItWantsPackets) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, dup(4)), "5");
  EXPECT_EQ(k.run(1, write(4, 3)), "3");
  EXPECT_EQ(k.run(1, write(5, 3)), "3");
  EXPECT_EQ(k.run(1, fcntl(5, kFSetfl, kODirect)), "0");
  EXPECT_EQ(k.run(1, write(4, 3)), "3");  // merges into an ordinary slot still
  EXPECT_EQ(k.run(1, read(3, 100)).substr(0, 1), "9");
  EXPECT_EQ(k.run(1, write(4, 3)), "3");  // a packet
  EXPECT_EQ(k.run(1, write(4, 3)), "3");
  EXPECT_EQ(k.run(1, read(3, 100)).substr(0, 1), "3");
  EXPECT_EQ(k.run(1, fcntl(4, kFSetfl, 0)), "0");
  EXPECT_EQ(k.run(1, write(5, 3)), "3");  // a slot of its own: packets do not merge
  EXPECT_EQ(k.run(1, write(5, 3)), "3");
  EXPECT_EQ(k.run(1, read(3, 100)).substr(0, 1), "3");
  EXPECT_EQ(k.run(1, read(3, 100)).substr(0, 1), "6");
}

}  // namespace
}  // namespace ipcsim
