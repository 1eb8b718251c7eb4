// Pointers of calls: good ones, bad ones, and what comes back through them.
#include "tests/host/support.hpp"

namespace ipcsim {
namespace {

UserSegment bytes(std::string text, u64 mapped = UserSegment::kAllMapped) {
  const u64 len = text.size();
  return {.data = Payload::of_bytes(text), .len = len, .mapped = mapped};
}
UserSegment room(u64 len, u64 mapped = UserSegment::kAllMapped) {
  return {.data = {}, .len = len, .mapped = mapped};
}

class HostBuffer : public EveryMode {
 protected:
  void SetUp() override {
    EveryMode::SetUp();
    if (run_->made()) {
      run_->step(kT1, pipe_call(kONonblock));
    }
  }
};

TEST_P(HostBuffer, BadPointersFault) {
  EXPECT_EQ(run_->step(kT1, WriteCall{Fd{1}, bytes("abc", 0)}), "t1=-EFAULT");
  run_->step(kT1, write_call(1, "abc"));
  EXPECT_EQ(run_->step(kT1, ReadCall{Fd{0}, room(3, 0)}), "t1=-EFAULT");
  EXPECT_EQ(run_->step(kT1, Pipe2Call{.flags = {}, .pipefd = OutPtr::kBad}), "t1=-EFAULT");
  EXPECT_EQ(run_->step(kT1, Pipe2Call{.flags = {}, .pipefd = OutPtr::kNull}), "t1=-EFAULT");
  EXPECT_EQ(run_->step(kT1, MqUnlinkCall{UserPtr<std::string>::bad()}), "t1=-EFAULT");
  EXPECT_EQ(run_->step(kT1, MqUnlinkCall{}), "t1=-EFAULT");
  EXPECT_EQ(run_->step(kT1, IoctlCall{Fd{0}, IoctlRequest{kFionread}, OutPtr::kBad}), "t1=-EFAULT");
  // Without a byte to touch nothing faults.
  EXPECT_EQ(run_->step(kT1, WriteCall{Fd{1}, room(0, 0)}), "t1=0");
}

// The first byte that is not mapped is exactly the one that the trace says.
TEST_P(HostBuffer, AnUnmappedEndIsExact) {
  EXPECT_EQ(run_->step(kT1, WriteCall{Fd{1}, bytes("abcdef", 4)}), "t1=-EFAULT");
  EXPECT_EQ(run_->step(kT1, write_call(1, "abcd")), "t1=4");
  EXPECT_EQ(run_->step(kT1, ReadCall{Fd{0}, room(100, 4)}), "t1='abcd'");
  run_->step(kT1, write_call(1, "abcde"));
  EXPECT_EQ(run_->step(kT1, ReadCall{Fd{0}, room(100, 4)}), "t1=-EFAULT");
  EXPECT_EQ(run_->step(kT1, ReadCall{Fd{0}, room(100, 5)}), "t1='abcde'");
  // A call after it has all its memory again.
  EXPECT_EQ(run_->step(kT1, fill_call(1, 60000)), "t1=60000");
}

// A page that is written is written whole or not at all; whole ones before the fault count.
TEST_P(HostBuffer, AFaultAfterAWholePageIsAShortWrite) {
  const UserSegment segment{.data = Payload::of_pattern(9000, 1), .len = 9000, .mapped = 5000};
  EXPECT_EQ(run_->step(kT1, WriteCall{Fd{1}, segment}), "t1=4096");
}

TEST_P(HostBuffer, VectorsGatherAndScatter) {
  EXPECT_EQ(run_->step(kT1, WritevCall{Fd{1}, {bytes("ab"), bytes(""), bytes("cdef")}}), "t1=6");
  EXPECT_EQ(run_->step(kT1, ReadvCall{Fd{0}, {room(1), room(0), room(2), room(9)}}), "t1='abcdef'");
  EXPECT_EQ(run_->step(kT1, WritevCall{Fd{1}, {bytes("ab"), bytes("cd", 1), bytes("ef")}}),
            "t1=-EFAULT");
  EXPECT_EQ(run_->step(kT1, ReadvCall{Fd{0}, std::vector<UserSegment>(1024, room(1))}),
            "t1=-EAGAIN");
  EXPECT_EQ(run_->step(kT1, ReadvCall{Fd{0}, std::vector<UserSegment>(1025, room(1))}),
            "t1=-EINVAL");
  EXPECT_EQ(run_->step(kT1, ReadvCall{Fd{0}, {}}), "t1=0");
}

// Lengths that no program has memory for are the kernel's to judge.
TEST_P(HostBuffer, HugeLengths) {
  run_->step(kT1, write_call(1, "abc"));
  EXPECT_EQ(run_->step(kT1, ReadCall{Fd{0}, room(u64{1} << 30U)}), "t1='abc'");
  EXPECT_EQ(run_->step(kT1, ReadCall{Fd{0}, room(~u64{0})}), "t1=-EFAULT");
  EXPECT_EQ(run_->step(kT1, ReadvCall{Fd{0}, {room(1), room(u64{1} << 63U)}}), "t1=-EINVAL");
  const UserSegment long_data{.data = Payload::of_pattern(u64{1} << 28U, 1), .len = u64{1} << 28U};
  EXPECT_EQ(run_->step(kT1, WriteCall{Fd{1}, long_data}), "t1=65536");
}

TEST_P(HostBuffer, TooManyUnmappedEndsAreRefused) {
  const std::vector<UserSegment> iov(host::kMostGuards + 1, room(10, 5));
  const auto posted = run_->machine().post(kT1, ReadvCall{Fd{0}, iov});
  ASSERT_FALSE(posted.has_value());
  EXPECT_TRUE(posted.error().unsupported);
  EXPECT_TRUE(run_->machine().idle(kT1));
}

TEST_P(HostBuffer, EveryOutParameterComesBack) {
  EXPECT_EQ(run_->step(kT1, pipe_call()), "t1=[2,3]");
  run_->step(kT1, write_call(1, "abc"));
  EXPECT_EQ(run_->step(kT1, IoctlCall{Fd{0}, IoctlRequest{kFionread}}), "t1=0:3");
  EXPECT_EQ(run_->step(kT1, PollCall{{{Fd{0}, PollEvents{1}},
                                      {Fd{1}, PollEvents{4}},
                                      {Fd{-1}, PollEvents{1}},
                                      {Fd{77}, PollEvents{1}}},
                                     0}),
            "t1=3:1:4:0:20");
  EXPECT_EQ(run_->step(kT1, mq_call("q", kOCreat | kORdwr, 7, 99)), "t1=4");
  run_->step(kT1, send_call(4, "message", 31));
  EXPECT_EQ(run_->step(kT1, MqGetsetattrCall{Fd{4}}), "t1=1/7");
  EXPECT_EQ(run_->step(kT1, receive_call(4, 99)), "t1='message'@31");
  run_->step(kT1, send_call(4, "message", 31));
  EXPECT_EQ(run_->step(kT1, MqTimedreceiveCall{Fd{4}, room(99), OutPtr::kNull, {}}),
            "t1='message'@999");
  EXPECT_EQ(run_->step(kT1, FcntlCall{Fd{1}, FcntlCmd{kFGetfl}}),
            "t1=" + std::to_string(kOWronly | kONonblock));
}

TEST_P(HostBuffer, FionbioReadsItsArgument) {
  run_->step(kT1, IoctlCall{Fd{1}, IoctlRequest{kFionbio}, OutPtr::kValid, 0});
  EXPECT_EQ(run_->step(kT1, FcntlCall{Fd{1}, FcntlCmd{kFGetfl}}), "t1=1");
  run_->step(kT1, IoctlCall{Fd{1}, IoctlRequest{kFionbio}, OutPtr::kValid, 1});
  EXPECT_EQ(run_->step(kT1, FcntlCall{Fd{1}, FcntlCmd{kFGetfl}}),
            "t1=" + std::to_string(kOWronly | kONonblock));
}

// Payload arrives byte for byte, through several pages and buffers.
TEST_P(HostBuffer, BytesArrive) {
  EXPECT_EQ(run_->step(kT1, fill_call(1, 20000)), "t1=20000");
  run_->post(kT1, ReadvCall{Fd{0}, {room(5000), room(7000), room(9000)}});
  const auto settled = run_->machine().settle();
  ASSERT_TRUE(settled.has_value());
  const auto* read = get_if<ReadBytes>(&settled->completions.at(0).result.out);
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->buf, Payload::of_pattern(20000, 7));
}

// Commands beyond those under study could reach out of the run.
TEST_P(HostBuffer, UnknownCommandsAreRefused) {
  constexpr u32 kSetLease = 1024;
  constexpr u64 kNewNet = 0x40000000;
  for (const Call& call :
       {Call(FcntlCall{Fd{0}, FcntlCmd{kSetLease}, 1}),
        Call(IoctlCall{Fd{0}, IoctlRequest{0x5414}}), Call(CloneCall{CloneFlags{kNewNet}, kT2}),
        Call(SetrlimitCall{Resource{0}, 1})}) {
    const auto posted = run_->machine().post(kT1, call);
    ASSERT_FALSE(posted.has_value()) << to_text(call);
    EXPECT_TRUE(posted.error().unsupported);
  }
  EXPECT_EQ(run_->step(kT1, pipe_call()), "t1=[2,3]");
}

INSTANTIATE_TEST_SUITE_P(Modes, HostBuffer, testing::ValuesIn(every_mode()), mode_name);

}  // namespace
}  // namespace ipcsim
