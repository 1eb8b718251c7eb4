// Notification pipes, by the source of 6.12: no kernel at hand has them, so nothing here was
// compared with one.
#include "model/pipe/watch_queue.hpp"

#include <string>

#include <gtest/gtest.h>

#include "model/base/kernel_profile.hpp"
#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {
namespace {

class WatchQueueTest : public testing::Test {
 protected:
  WatchQueueTest() { p_.inode.watch_queue.emplace(); }
  // A freed pipe gives its pages back.
  ~WatchQueueTest() override {
    free_pipe_info(p_.inode, p_.user, p_.pages, *p_.profile);
    EXPECT_EQ(p_.pages.live(), 0U);
  }

  std::string set_size(u32 notes) {
    const auto result =
        watch_queue_set_size(p_.inode, notes, p_.user, p_.limits, p_.caps, p_.pages);
    return result ? "0" : text_of(Result<Bytes>(fail(result.error())));
  }
  std::string post(char what, std::size_t bytes) {
    PipeEffects effects;
    post_one_notification(p_.inode, std::string(bytes, what), p_.pages, effects);
    return text_of(effects);
  }

  TestPipe p_ = TestPipe::pipe2(true);
};

TEST_F(WatchQueueTest, SizeIsSetOnce) {
  EXPECT_EQ(set_size(0), "-1 EINVAL");
  EXPECT_EQ(set_size(513), "-1 EINVAL");
  EXPECT_EQ(set_size(33), "0");  // two pages of 32 notes
  EXPECT_EQ(p_.inode.max_usage, 2U);
  EXPECT_EQ(p_.inode.nr_accounted, 2U);
  EXPECT_EQ(p_.inode.ring_size, 64U);
  EXPECT_EQ(p_.user.pipe_bufs, 2U);
  EXPECT_EQ(set_size(1), "-1 EBUSY");
  EXPECT_EQ(p_.set_size(65536), "-1 EBUSY");
}

TEST_F(WatchQueueTest, OnlyANotificationPipeHasASize) {
  TestPipe ordinary = TestPipe::pipe2(true);
  const auto result = watch_queue_set_size(ordinary.inode, 1, ordinary.user, ordinary.limits,
                                           ordinary.caps, ordinary.pages);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), Errno::kENODEV);
}

TEST_F(WatchQueueTest, RecordsAreReadWhole) {
  ASSERT_EQ(set_size(32), "0");
  EXPECT_EQ(post('a', 16), "wake rd_wait, SIGIO readers");
  post('b', 24);
  EXPECT_EQ(p_.read(15), "-1 ENOBUFS");
  EXPECT_EQ(p_.read(39), "16");  // the second does not fit whole
  EXPECT_EQ(p_.bytes(), std::string(16, 'a'));
  EXPECT_EQ(p_.read(100), "24");
  EXPECT_EQ(p_.read(100), "-1 EAGAIN");
}

// The ring takes more records than max_usage says: one a note.
TEST_F(WatchQueueTest, WhatHasNoRoomIsToldOnce) {
  ASSERT_EQ(set_size(32), "0");
  for (int i = 0; i < 32; ++i) {
    post('a', 8);
  }
  EXPECT_EQ(post('b', 8), "");  // lost
  EXPECT_EQ(p_.read(31 * 8), "248");
  EXPECT_EQ(p_.read(8), "8");  // the slot that says so
  EXPECT_TRUE(p_.inode.note_loss);
  post('c', 8);
  EXPECT_EQ(p_.read(7), "-1 ENOBUFS");
  EXPECT_EQ(p_.read(8), "8");
  EXPECT_EQ(p_.bytes(), std::string("\0\0\0\1\10\0\0\0", 8));
  EXPECT_EQ(p_.read(100), "8");
  EXPECT_EQ(p_.bytes(), std::string(8, 'c'));
}

// A note is free again when its record was read.
TEST_F(WatchQueueTest, NotesAreUsedAgain) {
  ASSERT_EQ(set_size(1), "0");
  for (int i = 0; i < 100; ++i) {
    post('a', 10);
    EXPECT_EQ(p_.read(100), "10");
  }
  EXPECT_EQ(p_.inode.head, 100U);
}

TEST_F(WatchQueueTest, NobodyElseWrites) {
  const auto answer = [&](std::string_view profile, u64 len) {
    const auto section = refuse_notification_write(p_.inode, len, {}, *find_profile(profile));
    return section ? text_of(section->result) : "no answer";
  };
  EXPECT_EQ(answer("linux-6.12", 0), "-1 EXDEV");
  EXPECT_EQ(answer("linux-6.6", 0), "no answer");
  EXPECT_EQ(answer("linux-6.6", 1), "-1 EXDEV");
  p_.inode.readers = 0;
  EXPECT_EQ(answer("linux-6.12", 1), "-1 EXDEV");
  EXPECT_EQ(answer("linux-6.6", 1), "-1 EPIPE");
}

}  // namespace
}  // namespace ipcsim
