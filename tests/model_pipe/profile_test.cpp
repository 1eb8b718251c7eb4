// What each kernel version tells whom, and what it keeps. Results that a program can see are in
// traces/profiles; these are the effects behind them. The versions' rules are those of
// model/base/kernel_profile_switches.cpp.
#include <gtest/gtest.h>

#include "model/base/kernel_profile.hpp"
#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {
namespace {

TestPipe pipe_of(std::string_view profile, bool nonblock = true, bool packets = false) {
  TestPipe p = TestPipe::pipe2(nonblock, packets);
  p.profile = find_profile(profile);
  return p;
}

constexpr std::string_view kOld[] = {"linux-4.19", "linux-5.4"};
constexpr std::string_view kMiddle[] = {"linux-5.5", "linux-5.10"};
constexpr std::string_view kNew[] = {"linux-5.15", "linux-6.1",  "linux-6.6", "linux-6.12",
                                     "linux-6.14", "linux-6.18", "linux-7.2"};

// To 5.4 every write that changed something told readers.
TEST(PipeProfile, OldWritesTellOfEveryChange) {
  for (const std::string_view profile : kOld) {
    TestPipe p = pipe_of(profile);
    p.write(5);
    EXPECT_EQ(p.effects(), "wake rd_wait, SIGIO readers") << profile;
    p.write(5);  // merges
    EXPECT_EQ(p.effects(), "wake rd_wait, SIGIO readers") << profile;
    p.write({segment(4096, 0)});  // a page was taken, though nothing came of it
    EXPECT_EQ(p.effects(), "wake rd_wait, SIGIO readers") << profile;
    p.set_size(4096);
    p.write(4096);
    EXPECT_EQ(p.effects(), "") << profile;  // EAGAIN
  }
}

// From 5.5 to 5.13 only the write that found the pipe empty did.
TEST(PipeProfile, MiddleWritesTellWhenThePipeWasEmpty) {
  for (const std::string_view profile : kMiddle) {
    TestPipe p = pipe_of(profile);
    p.write(5);
    EXPECT_EQ(p.effects(), "wake rd_wait, SIGIO readers") << profile;
    p.poll(TestPipe::kReadEnd);
    p.write(5);
    EXPECT_EQ(p.effects(), "") << profile;
  }
}

// From 5.14 on a pipe that was ever polled tells of each call, also of one that fails, and SIGIO is
// sent at every one.
TEST(PipeProfile, NewWritesTellPollersOfEveryCall) {
  for (const std::string_view profile : kNew) {
    TestPipe p = pipe_of(profile);
    p.write(5);
    p.write(5);
    EXPECT_EQ(p.effects(), "SIGIO readers") << profile;
    p.poll(TestPipe::kReadEnd);
    p.write(5);
    EXPECT_EQ(p.effects(), "wake rd_wait, SIGIO readers") << profile;
    p.set_size(4096);
    EXPECT_EQ(p.write(4096), "-1 EAGAIN");
    EXPECT_EQ(p.effects(), "wake rd_wait, SIGIO readers") << profile;
  }
}

// Whom a read tells: of a byte of a full ring, of the slot that makes room, of a slot when there
// was room.
TEST(PipeProfile, ReadsTellWritersByVersion) {
  struct Row {
    std::string_view profile;
    std::string_view one_byte;
    std::string_view slot_of_full;
    std::string_view slot;
  };
  constexpr std::string_view kWake = "wake wr_wait, SIGIO writers";
  constexpr std::string_view kSigio = "SIGIO writers";
  for (const Row& row :
       {Row{"linux-5.4", "", kWake, kWake}, Row{"linux-5.10", kWake, kWake, ""},
        Row{"linux-6.12", kWake, kWake, kSigio}, Row{"linux-6.14", kSigio, kWake, kSigio},
        Row{"linux-7.2", kSigio, kWake, kSigio}}) {
    TestPipe p = pipe_of(row.profile);
    p.set_size(8192);
    p.write(8192);
    p.read(1);
    EXPECT_EQ(p.effects(), row.one_byte) << row.profile;
    p.read(4095);
    EXPECT_EQ(p.effects(), row.slot_of_full) << row.profile;
    p.read(4096);
    EXPECT_EQ(p.effects(), row.slot) << row.profile;
  }
}

// To 6.14 a read that is about to sleep tells writers first; with slots that have no bytes it may
// have made room.
TEST(PipeProfile, ReadsTellBeforeTheySleep) {
  for (const auto& [profile, effects] : {std::pair{"linux-5.10", "wake wr_wait, SIGIO writers"},
                                         std::pair{"linux-6.12", "wake wr_wait, SIGIO writers"},
                                         std::pair{"linux-6.14", "wake wr_wait, SIGIO writers"}}) {
    TestPipe p = pipe_of(profile, false);
    p.set_size(4096);
    EXPECT_EQ(p.write({segment(100, 0)}), "-1 EFAULT") << profile;
    TestCall call = p.start_read(10);
    EXPECT_EQ(p.read_section(call), "asleep") << profile;
    EXPECT_EQ(p.effects(), effects) << profile;
  }
  for (const auto& [profile, effects] :
       {std::pair{"linux-5.4", ""}, std::pair{"linux-5.10", ""},
        std::pair{"linux-5.15", "SIGIO writers"}, std::pair{"linux-6.18", ""}}) {
    TestPipe p = pipe_of(profile, false);
    TestCall call = p.start_read(10);
    EXPECT_EQ(p.read_section(call), "asleep") << profile;
    EXPECT_EQ(p.effects(), effects) << profile;
  }
}

// The baton is passed where sleepers are woken one at a time.
TEST(PipeProfile, BatonIsPassedFrom56On) {
  for (const auto& [profile, effects] :
       {std::pair{"linux-5.4", "wake wr_wait, SIGIO writers"}, std::pair{"linux-5.5", ""},
        std::pair{"linux-5.10", "wake rd_wait"},
        std::pair{"linux-6.18", "wake rd_wait, SIGIO writers"}}) {
    TestPipe p = pipe_of(profile, false);
    TestCall call = p.start_read(4096);
    ASSERT_EQ(p.read_section(call), "asleep");
    p.write(8192);
    EXPECT_EQ(p.read_section(call), "4096") << profile;
    EXPECT_EQ(p.effects(), effects) << profile;
  }
}

// To 5.5 every close told everybody who was left.
TEST(PipeProfile, ClosesTellByVersion) {
  for (const auto& [profile, first, second] :
       {std::tuple{"linux-5.5", "wake all rd_wait, wake all wr_wait, SIGIO readers, SIGIO writers",
                   "wake all rd_wait, wake all wr_wait, SIGIO readers, SIGIO writers"},
        std::tuple{"linux-5.10", "",
                   "wake all rd_wait, wake all wr_wait, SIGIO readers, SIGIO writers"}}) {
    TestPipe p = TestPipe::fifo();
    p.profile = find_profile(profile);
    const u32 both = p.open("rw", false);
    const u32 writer = p.open("w", false);
    const u32 reader = p.open("r", false);
    p.close(writer);
    EXPECT_EQ(p.effects(), first) << profile;
    p.close(both);
    EXPECT_EQ(p.effects(), second) << profile;
    p.close(reader);
    EXPECT_EQ(p.effects(), "") << profile;
  }
}

// A resize tells nobody, everybody, one writer.
TEST(PipeProfile, ResizesTellByVersion) {
  for (const auto& [profile, effects] :
       {std::pair{"linux-5.4", ""}, std::pair{"linux-5.5", "wake all rd_wait"},
        std::pair{"linux-5.10", "wake any wr_wait"}, std::pair{"linux-6.18", "wake any wr_wait"}}) {
    TestPipe p = pipe_of(profile);
    p.set_size(8192);
    EXPECT_EQ(p.effects(), effects) << profile;
  }
}

// From 5.8 to 6.7 the wake-up comes before the size: a writer that looks then sees a full ring.
TEST(PipeProfile, GrowingWakesTooEarly) {
  TestPipe p = pipe_of("linux-6.6", false);
  p.set_size(4096);
  pipe_use_ring(p.inode, 1);
  p.write(4096);
  TestCall call = p.start_write(4096);
  ASSERT_EQ(p.write_section(call), "asleep");
  EXPECT_EQ(p.set_size(8192), "8192");
  EXPECT_EQ(p.write_section(call), "asleep");
  pipe_use_ring(p.inode, 2);
  EXPECT_EQ(p.write_section(call), "4096");
}

// 7.2: at most 8 pages are taken before the lock, and the cells of tmp_page get what is left,
// whatever the write came to.
TEST(PipeProfile, PagesTakenBeforeTheLockAreKept) {
  TestPipe p = pipe_of("linux-7.2");
  p.close(TestPipe::kReadEnd);
  EXPECT_EQ(p.write(4097), "-1 EPIPE");
  EXPECT_EQ(p.ring(), "head=0 tail=0 readers=0 files=1 tmp_page=[pg0,pg1] | empty");
  TestPipe q = pipe_of("linux-7.2");
  EXPECT_EQ(q.write(9 * 4096), "36864");
  EXPECT_EQ(q.inode.tmp_page[0], kNoPage);
  EXPECT_EQ(q.write(4096), "4096");
  EXPECT_EQ(q.inode.tmp_page[0], kNoPage);
}

// Before there was a flag, a slot's operations said whether it may be appended to, so that stale
// flags did no harm.
TEST(PipeProfile, MergingAsksTheOperationsOrTheFlag) {
  for (const auto& [profile, slots] : {std::pair{"linux-5.5", 2U}, std::pair{"linux-5.10", 1U}}) {
    TestPipe p = pipe_of(profile);
    p.write(5);
    p.inode.slot(0).ops = PipeBufOps::kPageCache;  // with the flags that a write left
    p.write(5);
    EXPECT_EQ(pipe_occupancy(p.inode), slots) << profile;
  }
}

// Where reads wait for sleeping writers the pipe counts those, and nowhere else.
TEST(PipeProfile, SleepingWritersAreCountedTo54) {
  for (const auto& [profile, count] : {std::pair{"linux-5.4", 1U}, std::pair{"linux-5.5", 0U}}) {
    TestPipe p = pipe_of(profile, false);
    TestCall call = p.start_write(17 * 4096);
    EXPECT_EQ(p.write_section(call), "asleep");
    EXPECT_EQ(p.inode.waiting_writers, count) << profile;
    EXPECT_EQ(p.write_section(call, true), "65536") << profile;  // a signal
    EXPECT_EQ(p.inode.waiting_writers, 0U) << profile;
  }
}

}  // namespace
}  // namespace ipcsim
