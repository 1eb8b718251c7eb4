// Sizes and who pays for them. Measured on linux 6.18.44 without CAP_SYS_RESOURCE; the names in
// brackets are those of the measurements.
#include <gtest/gtest.h>

#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {
namespace {

constexpr u32 kPage = 4096;

/// A user who makes pipes of his own.
struct TestUser {
  PipeUser user;
  PipeLimits limits;
  Caps caps;

  /// "65536", "-1 ENFILE"
  std::string pipe(PipeInode* made = nullptr) {
    const Result<PipeInode> pipe = alloc_pipe_info(user, limits, caps, kPage, newest_profile());
    if (!pipe) {
      return text_of(fail(pipe.error()));
    }
    if (made != nullptr) {
      *made = *pipe;
    }
    return text_of(pipe_get_size(*pipe, kPage));
  }
  std::string set_size(PipeInode& pipe, u64 size) {
    PipeEffects effects;
    return text_of(
        pipe_set_size(pipe, Bytes{size}, user, limits, caps, kPage, newest_profile(), effects));
  }
};

// Powers of two, at least a page. 1 MiB is the most without a capability. [S01]
TEST(PipeSetSize, RoundsUp) {
  TestPipe p = TestPipe::pipe2(false);
  EXPECT_EQ(p.set_size(0), "4096");
  EXPECT_EQ(p.set_size(1), "4096");
  EXPECT_EQ(p.set_size(4096), "4096");
  EXPECT_EQ(p.set_size(4097), "8192");
  EXPECT_EQ(p.set_size(12288), "16384");
  EXPECT_EQ(p.set_size(65537), "131072");
  EXPECT_EQ(p.set_size(1048576), "1048576");
  EXPECT_EQ(p.ring(),
            "head=0 tail=0 max_usage=256 ring_size=256 nr_accounted=256 tmp_page=[-,-] | empty");
  EXPECT_EQ(p.set_size(1048577), "-1 EPERM");
  EXPECT_EQ(p.set_size(0x80000000), "-1 EPERM");
  EXPECT_EQ(p.set_size(0x80000001), "-1 EINVAL");
  EXPECT_EQ(p.set_size(0xffffffff), "-1 EINVAL");
}

// With the capability the limit is memory. [S01]
TEST(PipeSetSize, NeedsACapabilityAboveTheLimit) {
  TestPipe p = TestPipe::pipe2(false);
  p.caps.add(Cap::kSysResource);
  EXPECT_EQ(p.set_size(1048577), "2097152");
  EXPECT_EQ(p.set_size(1U << 28U), "268435456");
  EXPECT_EQ(p.set_size(1U << 30U), "-1 ENOMEM");
  EXPECT_EQ(p.set_size(0x80000000), "-1 ENOMEM");
}

// EBUSY is about slots, not bytes. [S02]
TEST(PipeSetSize, RefusesToLoseSlots) {
  TestPipe p = TestPipe::pipe2(true, true);
  for (int i = 0; i < 5; ++i) {
    p.write(1);
  }
  EXPECT_EQ(p.set_size(16384), "-1 EBUSY");
  EXPECT_EQ(text_of(pipe_get_size(p.inode, kPage)), "65536");
  EXPECT_EQ(p.set_size(20000), "32768");
  EXPECT_EQ(p.ring(),
            "head=5 tail=0 max_usage=8 ring_size=8 nr_accounted=8 tmp_page=[-,-] | "
            "0..4:{off=0 len=1 P anon}");
  p.read(1);
  EXPECT_EQ(p.set_size(16384), "16384");
  EXPECT_EQ(p.ring(),
            "head=4 tail=0 max_usage=4 ring_size=4 nr_accounted=4 tmp_page=[pg0,-] | "
            "0..3:{off=0 len=1 P anon}");
  EXPECT_EQ(p.write(1), "-1 EAGAIN");
}

// The slots move to the start of the new array, also when the size stays. [S03]
TEST(PipeSetSize, NumbersTheSlotsAgain) {
  TestPipe p = TestPipe::pipe2(true);
  for (int i = 0; i < 14; ++i) {
    p.write(kPage);
    p.read(kPage);
  }
  p.write(u64{4} * kPage);
  EXPECT_EQ(p.ring(), "head=18 tail=14 tmp_page=[-,-] | 14..1:{off=0 len=4096 M anon}");
  EXPECT_EQ(p.set_size(65536), "65536");
  EXPECT_EQ(p.ring(), "head=4 tail=0 tmp_page=[-,-] | 0..3:{off=0 len=4096 M anon}");
  p.read(kPage);
  EXPECT_EQ(p.set_size(131072), "131072");
  EXPECT_EQ(p.ring(),
            "head=3 tail=0 max_usage=32 ring_size=32 nr_accounted=32 tmp_page=[pg0,-] | "
            "0:{pg1 off=0 len=4096 M anon} 1:{pg2 off=0 len=4096 M anon} "
            "2:{pg3 off=0 len=4096 M anon}");
  EXPECT_EQ(p.read(100000), "12288");
}

// What is in a slot stays as it was. [S04]
TEST(PipeSetSize, KeepsOffsetsAndRoom) {
  TestPipe p = TestPipe::pipe2(true);
  p.write(100);
  p.read(40);
  EXPECT_EQ(p.set_size(4096), "4096");
  EXPECT_EQ(p.write(10), "10");
  EXPECT_EQ(p.ring(),
            "head=1 tail=0 max_usage=1 ring_size=1 nr_accounted=1 tmp_page=[-,-] | "
            "0:{pg0 off=40 len=70 M anon}");
}

// A writer is woken by any success, and by no failure. [E07]
TEST(PipeSetSize, WakesAWriter) {
  TestPipe p = TestPipe::pipe2(true);
  p.set_size(65536);
  EXPECT_EQ(p.effects(), "wake any wr_wait");
  p.set_size(1048577);
  EXPECT_EQ(p.effects(), "");
}

// A pipe that is larger than the limit may keep its size or shrink: nobody asks for a permission.
// [L03]
TEST(PipeSetSize, MayShrinkAboveTheLimit) {
  TestPipe p = TestPipe::pipe2(true);
  p.limits.pipe_max_size = 4096;
  EXPECT_EQ(p.set_size(131072), "-1 EPERM");
  EXPECT_EQ(p.set_size(65536), "65536");
  EXPECT_EQ(p.set_size(32768), "32768");
  EXPECT_EQ(p.set_size(65536), "-1 EPERM");
}

// Over the soft limit a new pipe has two slots and none may grow. [S11]
TEST(PipeUserPages, OverTheSoftLimit) {
  TestUser u;
  for (int i = 0; i < 64; ++i) {
    PipeInode pipe;
    EXPECT_EQ(u.pipe(&pipe), "65536");
    EXPECT_EQ(u.set_size(pipe, 1048576), "1048576");
  }
  EXPECT_EQ(u.user.pipe_bufs, 16384U);
  PipeInode pipe;
  EXPECT_EQ(u.pipe(&pipe), "8192");
  EXPECT_EQ(u.set_size(pipe, 16384), "-1 EPERM");
  EXPECT_EQ(u.set_size(pipe, 4096), "4096");
  EXPECT_EQ(u.set_size(pipe, 8192), "-1 EPERM");
}

// Exactly the limit is not over it. [L06]
TEST(PipeUserPages, MayReachTheSoftLimit) {
  TestUser u{.user = {}, .limits = {.pipe_user_pages_soft = 20}, .caps = {}};
  PipeInode first;
  PipeInode second;
  EXPECT_EQ(u.pipe(&first), "65536");
  EXPECT_EQ(u.pipe(&second), "8192");
  EXPECT_EQ(u.set_size(second, 16384), "16384");
  EXPECT_EQ(u.set_size(second, 32768), "-1 EPERM");
  EXPECT_EQ(u.set_size(first, 65536), "65536");
  EXPECT_EQ(u.pipe(), "8192");
  EXPECT_EQ(u.set_size(first, 65536), "65536");
}

// Over the hard limit there is no pipe, and growth is refused; shrinking and growing back is not.
// [L01]
TEST(PipeUserPages, OverTheHardLimit) {
  TestUser u{.user = {}, .limits = {.pipe_user_pages_hard = 64}, .caps = {}};
  PipeInode last;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(u.pipe(&last), "65536");
  }
  EXPECT_EQ(u.pipe(), "-1 ENFILE");
  EXPECT_EQ(u.user.pipe_bufs, 64U);
  EXPECT_EQ(u.set_size(last, 131072), "-1 EPERM");
  EXPECT_EQ(u.set_size(last, 4096), "4096");
  EXPECT_EQ(u.set_size(last, 65536), "65536");
}

// Either of two capabilities lifts the limits of a user; only one of them that of a pipe.
TEST(PipeUserPages, DoNotBindThePrivileged) {
  for (const Cap cap : {Cap::kSysResource, Cap::kSysAdmin}) {
    TestUser u{.user = {},
               .limits = {.pipe_user_pages_soft = 1, .pipe_user_pages_hard = 1},
               .caps = Caps{}.add(cap)};
    PipeInode pipe;
    EXPECT_EQ(u.pipe(&pipe), "65536");
    EXPECT_EQ(u.set_size(pipe, 131072), "131072");
    EXPECT_EQ(u.set_size(pipe, 2097152), cap == Cap::kSysResource ? "2097152" : "-1 EPERM");
  }
}

// 0 is no limit.
TEST(PipeUserPages, AreUnlimitedByZero) {
  TestUser u{.user = {.pipe_bufs = 1U << 20U}, .limits = {.pipe_user_pages_soft = 0}, .caps = {}};
  EXPECT_EQ(u.pipe(), "65536");
}

// A small pipe-max-size makes small pipes. [L03]
TEST(PipeMaxSize, BoundsNewPipes) {
  TestUser u{.user = {}, .limits = {.pipe_max_size = 8192}, .caps = {}};
  EXPECT_EQ(u.pipe(), "8192");
  u.caps.add(Cap::kSysAdmin);
  EXPECT_EQ(u.pipe(), "8192");
  u.caps.add(Cap::kSysResource);
  EXPECT_EQ(u.pipe(), "65536");
}

// What is written to the file is rounded up to a size that a pipe can have. [L05]
TEST(PipeMaxSize, IsRoundedUp) {
  TestUser u{.user = {}, .limits = {.pipe_max_size = 5000}, .caps = {}};
  PipeInode pipe;
  EXPECT_EQ(u.pipe(&pipe), "8192");
  EXPECT_EQ(u.set_size(pipe, 4096), "4096");
  EXPECT_EQ(u.set_size(pipe, 8192), "8192");
  EXPECT_EQ(u.set_size(pipe, 8193), "-1 EPERM");
  u.limits.pipe_max_size = 0;
  EXPECT_EQ(u.pipe(), "4096");
}

// The creator pays for as long as the pipe lives. [E20]
TEST(PipeUserPages, AreGivenBackWithThePipe) {
  TestPipe p = TestPipe::pipe2(true);
  p.set_size(131072);
  EXPECT_EQ(p.user.pipe_bufs, 32U);
  p.write(10000);
  p.read(5000);
  free_pipe_info(p.inode, p.user, p.pages, newest_profile());
  EXPECT_EQ(p.user.pipe_bufs, 0U);
  EXPECT_EQ(p.pages.live(), 0U);
}

}  // namespace
}  // namespace ipcsim
