// Which descriptor is which open file. Linux fs/file.c.
#include <gtest/gtest.h>

#include "sim/kernel/file.hpp"

namespace ipcsim {
namespace {

constexpr u64 kLimit = 1024;

/// Takes the lowest free descriptor from `lowest` on for `file`.
i32 open(FdTable& table, u32 file, i32 lowest = 0, u64 limit = kLimit) {
  const Result<Fd> fd = table.reserve(Fd{lowest}, limit, false);
  if (!fd) {
    return -1;
  }
  table.install(*fd, FileId{file});
  return fd->v;
}

// POSIX promises the lowest.
TEST(FdTable, GivesTheLowestFreeDescriptor) {
  FdTable table;
  EXPECT_EQ(open(table, 10), 0);
  EXPECT_EQ(open(table, 11), 1);
  EXPECT_EQ(open(table, 12), 2);
  EXPECT_EQ(table.clear(Fd{1}), FileId{11});
  EXPECT_EQ(table.clear(Fd{0}), FileId{10});
  EXPECT_EQ(open(table, 13), 0);
  EXPECT_EQ(open(table, 14), 1);
  EXPECT_EQ(open(table, 15), 3);
}

// F_DUPFD asks for the lowest from a number on, and leaves those below free.
TEST(FdTable, GivesTheLowestFromANumberOn) {
  FdTable table;
  EXPECT_EQ(open(table, 10, 5), 5);
  EXPECT_EQ(open(table, 11, 5), 6);
  EXPECT_EQ(open(table, 12), 0);
  EXPECT_EQ(open(table, 13, 1), 1);
}

// RLIMIT_NOFILE bounds new numbers, not those that are there.
TEST(FdTable, HasNoDescriptorFromTheLimitOn) {
  FdTable table;
  EXPECT_EQ(open(table, 10, 0, 2), 0);
  EXPECT_EQ(open(table, 11, 0, 2), 1);
  EXPECT_EQ(open(table, 12, 0, 2), -1);
  EXPECT_EQ(table.file(Fd{1}), FileId{11});
  EXPECT_EQ(open(table, 12, 0, 3), 2);
}

// However high the limit, a table has at most nr_open entries.
TEST(FdTable, EndsAtNrOpen) {
  FdTable table;
  constexpr u64 kNoLimit = ~u64{0};
  EXPECT_EQ(table.reserve(Fd{2'000'000'000}, kNoLimit, false), fail(Errno::kEMFILE));
  EXPECT_EQ(open(table, 10, 1'048'575, kNoLimit), 1'048'575);
  EXPECT_EQ(open(table, 11, 1'048'575, kNoLimit), -1);
}

// open() has its number before it has its file: others neither get nor see it.
TEST(FdTable, HidesAReservedDescriptor) {
  FdTable table;
  const Fd fd = table.reserve(Fd{0}, kLimit, true).value();
  EXPECT_TRUE(table.reserved(fd));
  EXPECT_EQ(table.file(fd), kNoFile);
  EXPECT_TRUE(table.open_fds().empty());
  EXPECT_EQ(open(table, 11), 1);
  table.install(fd, FileId{10});
  EXPECT_FALSE(table.reserved(fd));
  EXPECT_EQ(table.file(fd), FileId{10});
  EXPECT_TRUE(table.close_on_exec(fd));
}

// An open() that failed gives its number back.
TEST(FdTable, TakesAReservedDescriptorBack) {
  FdTable table;
  const Fd fd = table.reserve(Fd{0}, kLimit, false).value();
  table.unreserve(fd);
  EXPECT_EQ(table, FdTable{});
  EXPECT_EQ(open(table, 10), 0);
}

// dup2() does not ask whether a number is free.
TEST(FdTable, SetReplacesWhatWasThere) {
  FdTable table;
  table.set(Fd{4}, FileId{10}, true);
  table.set(Fd{4}, FileId{11}, false);
  EXPECT_EQ(table.file(Fd{4}), FileId{11});
  EXPECT_FALSE(table.close_on_exec(Fd{4}));
  EXPECT_EQ(open(table, 12), 0);
}

// Any number may be asked about.
TEST(FdTable, HasNothingBehindOtherNumbers) {
  const FdTable table;
  EXPECT_EQ(table.file(Fd{-1}), kNoFile);
  EXPECT_EQ(table.file(Fd{7}), kNoFile);
  EXPECT_FALSE(table.reserved(Fd{-1}));
  EXPECT_FALSE(table.reserved(Fd{7}));
}

// Exit closes in ascending order.
TEST(FdTable, ListsOpenDescriptorsInOrder) {
  FdTable table;
  table.set(Fd{7}, FileId{1}, false);
  table.set(Fd{2}, FileId{2}, false);
  static_cast<void>(table.reserve(Fd{0}, kLimit, false));
  EXPECT_EQ(table.open_fds(), (std::vector<Fd>{Fd{2}, Fd{7}}));
}

// What was opened and closed again leaves no trace in the value.
TEST(FdTable, EqualsWhatItWasBefore) {
  FdTable table;
  open(table, 10);
  const FdTable before = table;
  open(table, 11);
  EXPECT_NE(table, before);
  table.clear(Fd{1});
  EXPECT_EQ(table, before);
}

// fork() copies the descriptors, but not another thread's unfinished open().
TEST(FdTable, CopiesForOneWithoutReservations) {
  FdTable table;
  open(table, 10);
  static_cast<void>(table.reserve(Fd{0}, kLimit, false));
  open(table, 12);
  table.add_user();
  FdTable copy = table.copy_for_one();
  EXPECT_EQ(copy.users(), 1U);
  EXPECT_EQ(copy.open_fds(), (std::vector<Fd>{Fd{0}, Fd{2}}));
  EXPECT_EQ(open(copy, 13), 1);
  EXPECT_TRUE(table.reserved(Fd{1}));
}

// A table lives as long as somebody uses it.
TEST(FdTable, CountsItsUsers) {
  FdTable table;
  table.add_user();
  EXPECT_EQ(table.users(), 2U);
  EXPECT_EQ(table.drop_user(), 1U);
  EXPECT_EQ(table.drop_user(), 0U);
}

}  // namespace
}  // namespace ipcsim
