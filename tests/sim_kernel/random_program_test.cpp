// Random programs of several tasks: no rule is ever broken, and the same seed gives the same run.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/base/kernel_profile.hpp"
#include "model/base/random.hpp"
#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

constexpr u64 kSeeds = 30;
constexpr int kSteps = 400;
constexpr u32 kFirstTasks = 4;
constexpr u32 kMostTasks = 60;

/// Calls whatever comes to mind, on descriptors that exist more often than not.
class Chance {
 public:
  explicit Chance(u64 seed) : random_(seed) {}

  u64 below(u64 bound) { return random_.below(bound); }
  bool one_in(u64 n) { return random_.one_in(n); }
  /// A task that is there, or was: the latest are asked most.
  TaskId task() {
    const u64 back = random_.below(1 + random_.below(last_task_));
    return TaskId{static_cast<u32>(last_task_ - back)};
  }
  /// A number for a new task; at the end one that is taken.
  u32 child() { return last_task_ < kMostTasks ? ++last_task_ : last_task_; }
  Signal signal() {
    if (one_in(25)) {
      return one_in(2) ? kSigkill : kSigalrm;
    }
    constexpr std::array kSignals{kSigusr1, kSigusr1, kSigpipe, kSigchld};
    return random_.one_of(kSignals);
  }

  Call call() {
    switch (random_.below(22)) {
      case 19:
      case 20:
        return file_call();
      case 21:
        return socket_call();
      case 0:
      case 1:
        return pipe2(one_in(3) ? kONonblock : one_in(4) ? kODirect : 0);
      case 2:
      case 3:
        return one_in(4) ? writev(fd(), {bytes("ab"), part(), bytes("c")}) : write(fd(), len());
      case 4:
      case 5:
        return one_in(4) ? readv(fd(), {room(2), room(len())}) : read(fd(), len());
      case 6:
        return close(fd());
      case 7:
        return descriptor_call();
      case 8:
        return poll({{Fd{fd()}, PollEvents{kPollIn}}, {Fd{fd()}, PollEvents{kPollOut}}},
                    one_in(2) ? 0 : static_cast<i32>(below(20)) - 1);
      case 9:
      case 10:
        return fifo_call();
      case 11:
      case 12:
        return mqueue_call();
      case 13:
        return task_call();
      case 16:
      case 17:
      case 18:
        return splice_call();
      default:
        return signal_call();
    }
  }

 private:
  i32 fd() { return static_cast<i32>(below(12)); }
  u64 len() {
    constexpr std::array<u64, 8> kLens{1, 5, 4000, 4096, 4097, 9000, 65536, 100000};
    return random_.one_of(kLens);
  }
  UserSegment part() {
    return {.data = Payload::of_pattern(6000, 3), .len = 6000, .mapped = below(9000)};
  }
  std::string_view name() {
    constexpr std::array<std::string_view, 3> kNames{"a", "b", "c"};
    return random_.one_of(kNames);
  }

  Call descriptor_call() {
    switch (below(7)) {
      case 0:
        return dup(fd());
      case 1:
        return dup2(fd(), fd());
      case 2:
        return fcntl(fd(), kFDupfd, fd());
      case 3:
        return fcntl(fd(), kFSetfl, one_in(4) ? kODirect : one_in(2) ? kONonblock : 0);
      case 4:
        return fcntl(fd(), kFSetpipeSz, static_cast<i64>(len()));
      case 5:
        return fcntl(fd(), kFSetfd, one_in(2) ? kFdCloexec : 0);
      default:
        return ioctl(fd(), kFionread);
    }
  }
  Call splice_call() {
    constexpr std::array<std::string_view, 2> kDevices{"/dev/null", "/dev/zero"};
    const u32 flags = one_in(2) ? kSpliceNonblock : 0;
    switch (below(9)) {
      case 0:
      case 1:
      case 2:
        return splice(fd(), fd(), len(), flags);
      case 3:
        return tee(fd(), fd(), len(), flags);
      case 4:
        return sendfile(fd(), fd(), len());
      case 5:
        return vmsplice(fd(), {{.memory = part(), .page = {}}}, flags);
      case 6:
        return vmsplice(fd(), {in_page("A", static_cast<u32>(below(9000)), "bytes")}, flags);
      case 7:
        return store("A", static_cast<u32>(below(9000)), "other bytes");
      default:
        return one_in(2) ? open(random_.one_of(kDevices), kORdwr) : open("file", kORdwr | kOCreat);
    }
  }
  Call fifo_call() {
    switch (below(5)) {
      case 0:
        return mkfifo(name());
      case 1:
        return unlink(name());
      case 2:
        return open(fmt::format("/proc/self/fd/{}", fd()), static_cast<u32>(below(3)));
      default:
        return open(name(), static_cast<u32>(below(3)) | (one_in(2) ? kONonblock : 0) |
                                (one_in(9) ? kODirect : 0));
    }
  }
  Call file_call() {
    const std::string path = fmt::format("{}{}", one_in(2) ? "d/" : "", name());
    switch (below(12)) {
      case 0:
      case 1:
        return OpenCall{path, OpenFlags{kOCreat | kORdwr | (one_in(3) ? kOTrunc : 0)}, 0666};
      case 2:
        return RenameCall{path, std::string(name())};
      case 3:
        return LinkCall{std::string(name()), path};
      case 4:
        return one_in(2)
                   ? Call{MountCall{
                         "d", MountFlags{one_in(3) ? static_cast<u32>(below(2)) | kMsRemount : 0}}}
                   : Call{MkdirCall{"d"}};
      case 5:
        return RmdirCall{"d"};
      case 6:
        return FtruncateCall{Fd{fd()}, static_cast<i64>(below(20000))};
      case 7:
        return Pwrite64Call{Fd{fd()}, part(), static_cast<i64>(below(20000))};
      case 8:
        return FlockCall{Fd{fd()}, LockOperation{(1U << below(2)) | kLockNb}};
      case 9:
        return CloseRangeCall{static_cast<u32>(fd()), static_cast<u32>(fd()),
                              CloseRangeFlags{one_in(4) ? kCloseRangeUnshare : 0}};
      case 10:
        return FstatCall{Fd{fd()}};
      default:
        return open(fmt::format("/proc/self/fd/{}", fd()), kOPath);
    }
  }
  Call socket_call() {
    switch (below(4)) {
      case 0:
        return SocketpairCall{SocketType{one_in(2) ? kSockStream : kSockSeqpacket}};
      case 1:
        return RecvmsgCall{Fd{fd()}, room(1 + below(5)), static_cast<u32>(below(3)),
                           MsgFlags{kMsgDontwait}};
      default:
        return SendmsgCall{Fd{fd()}, bytes("abc"), {Fd{fd()}}, {}};
    }
  }
  SigEvent sigevent() {
    SigEvent event{.sigev_notify = SigevNotify{static_cast<u32>(below(3))}, .cookie = {}};
    event.sigev_signo = event.sigev_notify.v == kSigevThread ? fd() : static_cast<i32>(kSigusr1.v);
    event.cookie = UserPtr<Payload>::of(Payload::of_unknown(kNotifyCookieLen));
    return event;
  }
  Call notify_call() {
    switch (below(8)) {
      case 0:
        return socket(kAfNetlink, kSockRaw | (one_in(2) ? kONonblock : 0));
      case 1:
        return recv_cookie(fd());
      case 2:
        return RecvfromCall{.sockfd = Fd{fd()}, .buf = room(kNotifyCookieLen), .flags = {}};
      case 3:
        return mq_notify(fd());
      case 4:
        return setpriority(task().v, static_cast<i32>(below(40)) - 20);
      case 5:
        return unshare(one_in(2) ? kCloneNewipc : kCloneFiles);
      default:
        return mq_notify(fd(), sigevent());
    }
  }
  Call mqueue_call() {
    switch (below(9)) {
      case 0:
      case 1:
        return mq_open(name(), kOCreat | static_cast<u32>(below(4)) | (one_in(3) ? kONonblock : 0),
                       1 + static_cast<i64>(below(3)), 10);
      case 2:
        return mq_unlink(name());
      case 3:
        return mq_send(fd(), "message", static_cast<u32>(below(4)));
      case 4:
        return mq_send_until(fd(), "m", {1'700'000'000, static_cast<i64>(below(100'000'000))});
      case 5:
        return mq_receive_until(fd(), {1'700'000'000, static_cast<i64>(below(100'000'000))});
      case 6:
      case 7:
        return notify_call();
      default:
        return mq_receive(fd());
    }
  }
  Call task_call() {
    switch (below(12)) {
      case 0:
        return exit();
      case 1:
        return one_in(3) ? exit_group() : exit();
      case 2:
        return exec();
      case 3:
        return vfork(child());
      case 4:
        return clone(kCloneFiles, child());
      case 5:
      case 6:
      case 7:
        return fork(child());
      default:
        return thread(child());
    }
  }
  Call signal_call() {
    switch (below(5)) {
      case 0:
        return kill(task().v, signal());
      case 1:
        return tgkill(task().v, task().v, signal());
      case 2:
        return sigprocmask(one_in(2) ? MaskHow::kBlock : MaskHow::kUnblock, {signal()});
      default:
        return sigaction(one_in(2) ? kSigusr1 : kSigpipe,
                         one_in(3) ? Disposition::kIgnore : Disposition::kHandler,
                         one_in(2) ? kSaRestart : 0);
    }
  }

  Random random_;
  u32 last_task_ = kFirstTasks;
};

/// The calls that ended, less the bytes: a run without contents has none.
std::string results(TestKernel& k) {
  std::string text;
  for (const Completion& completion : k.kernel.take_completions()) {
    const i64 ret = completion.result.ret;
    text += fmt::format("{} {}\n", completion.task.v,
                        ret > 0 ? fmt::format("{}", ret) : to_text(completion));
  }
  return text;
}

/// Runs a program in an interleaving of its own; says all that its calls came to.
std::string trail(u64 seed, Contents contents = Contents::kKept,
                  std::string_view profile = "linux-6.18") {
  Chance chance(seed);
  Environment environment = some_tasks(kFirstTasks);
  environment.caps.add(Cap::kSysAdmin).add(Cap::kSysNice);
  TestKernel k(environment, contents, profile);
  for (u32 task = 1; task <= kFirstTasks; ++task) {
    k.run(task, sigaction(kSigpipe, Disposition::kHandler));
    k.run(task, sigaction(kSigusr1, Disposition::kHandler));
  }
  std::string text;
  for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) {
    const TaskId task = chance.task();
    if (chance.one_in(20)) {
      k.kernel.advance(Nanoseconds{static_cast<i64>(chance.below(10'000'000))});
    } else if (chance.one_in(20)) {
      EXPECT_EQ(k.kernel.post_signal(task, chance.signal()), std::nullopt);
    } else if (k.kernel.idle(task)) {
      k.post(task.v, chance.call());
    }
    for (u64 sections = chance.below(4); sections > 0; --sections) {
      const std::vector<TaskId> runnable = k.kernel.runnable();
      if (!runnable.empty()) {
        k.section(runnable[chance.below(runnable.size())].v);
      }
    }
    text += results(k);
  }
  while (k.kernel.first_runnable() != kNoTask) {
    k.section(k.kernel.first_runnable().v);
  }
  return text + results(k) + to_text(k.kernel.snapshot());
}

// TestKernel checks every rule of every structure after every section.
TEST(RandomProgram, BreaksNoRule) {
  for (u64 seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const std::string text = trail(seed);
    // Most programs stay alive to the end: they are not about dying.
    EXPECT_GT(std::ranges::count(text, '\n'), kSteps / 10);
  }
}

// Nor does any kernel version.
TEST(RandomProgram, BreaksNoRuleOfAnyVersion) {
  for (const KernelProfile& profile : kernel_profiles()) {
    for (u64 seed = 1; seed <= kSeeds / 4 && !HasFailure(); ++seed) {
      SCOPED_TRACE(fmt::format("{}, seed {}", profile.name, seed));
      trail(seed, Contents::kKept, profile.name);
    }
  }
}

// Nothing but the seed decides.
TEST(RandomProgram, RunsTheSameTwice) {
  for (u64 seed = 1; seed <= kSeeds; ++seed) {
    EXPECT_EQ(trail(seed), trail(seed)) << "seed " << seed;
  }
}

/// The task makes the call in a twin by syscall(), and in `k` by post() and a section: both come to
/// the same, and the kernels are equal afterwards.
void call_in_both_ways(TestKernel& k, TaskId task, const Call& call) {
  SCOPED_TRACE(to_text(call));
  Kernel twin = k.kernel;
  const Section section = twin.syscall(task, call);
  k.kernel.post(task, call);
  k.section(task.v);
  std::vector<Completion> posted = k.kernel.take_completions();
  if (section.over()) {
    ASSERT_FALSE(posted.empty());
    EXPECT_EQ(posted.back().task, task);
    EXPECT_EQ(posted.back().result, section.result);
    EXPECT_EQ(posted.back().reason, section.reason ? *section.reason : std::string{});
    posted.pop_back();
  }
  EXPECT_EQ(twin.take_completions(), posted);
  EXPECT_TRUE(twin == k.kernel);
  EXPECT_EQ(twin.hash(), k.kernel.hash());
}

/// Makes the calls of a random program in both ways.
void call_all_in_both_ways(u64 seed, const KernelProfile& profile) {
  SCOPED_TRACE(fmt::format("{}, seed {}", profile.name, seed));
  Chance chance(seed);
  const Contents contents = seed % 2 == 0 ? Contents::kLengthsOnly : Contents::kKept;
  TestKernel k(some_tasks(kFirstTasks), contents, profile.name);
  for (u32 task = 1; task <= kFirstTasks; task += 2) {
    k.run(task, sigaction(kSigpipe, Disposition::kHandler));
    k.run(task, sigaction(kSigusr1, Disposition::kHandler, kSaRestart));
  }
  u32 calls = 0;
  for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) {
    const TaskId task = chance.task();
    if (k.kernel.idle(task) && k.kernel.state().task(task).state == TaskState::kIdle) {
      call_in_both_ways(k, task, chance.call());
      ++calls;
    }
    for (u64 sections = chance.below(3); sections > 0; --sections) {
      const std::vector<TaskId> runnable = k.kernel.runnable();
      if (!runnable.empty()) {
        k.section(runnable[chance.below(runnable.size())].v);
      }
    }
    static_cast<void>(k.kernel.take_completions());
  }
  EXPECT_GT(calls, kSteps / 10);
}

// The short way into a call leaves no other trace than the long one.
TEST(RandomProgram, CallsTheSameInBothWays) {
  for (u64 seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
    call_all_in_both_ways(seed, newest_profile());
  }
}

TEST(RandomProgram, CallsTheSameInBothWaysInAnyVersion) {
  for (const KernelProfile& profile : kernel_profiles()) {
    for (u64 seed = 1; seed <= kSeeds / 4 && !HasFailure(); ++seed) {
      call_all_in_both_ways(seed, profile);
    }
  }
}

// Not even the bytes: without contents the same happens.
TEST(RandomProgram, RunsTheSameWithoutContents) {
  for (u64 seed = 1; seed <= kSeeds; ++seed) {
    EXPECT_EQ(trail(seed, Contents::kLengthsOnly), trail(seed)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace ipcsim
