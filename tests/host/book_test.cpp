// What of the host's files is told to a trace.
#include "tests/host/support.hpp"
#include "tools/host/run_book.hpp"

namespace ipcsim {
namespace {

struct stat file_of_seconds(i64 atime, i64 mtime) {
  struct stat file{};
  file.st_ino = 7;
  file.st_mode = S_IFREG;
  file.st_atim.tv_sec = atime;
  file.st_mtim.tv_sec = mtime;
  file.st_ctim.tv_sec = mtime;
  return file;
}

// A second that ended on the host alone is none of the trace's.
TEST(FileBook, WholeSecondsAreThoseOfTheTrace) {
  host::FileBook book;
  EXPECT_EQ(book.told(file_of_seconds(100, 100), {}).changed.v, 0U);
  EXPECT_EQ(book.told(file_of_seconds(101, 100), {}).changed.v, 0U);
  book.second_began(102);
  EXPECT_EQ(book.told(file_of_seconds(101, 101), {}).changed.v, 0U) << "before the second began";
  EXPECT_EQ(book.told(file_of_seconds(102, 101), {}).changed.v, kAtimeChanged);
  EXPECT_EQ(book.told(file_of_seconds(103, 102), {}).changed.v, kMtimeChanged | kCtimeChanged);
  EXPECT_EQ(book.told(file_of_seconds(103, 103), {}).changed.v, 0U);
}

TEST(FileBook, FinerTimesAreToldAsTheyAre) {
  host::FileBook book;
  struct stat file = file_of_seconds(100, 100);
  file.st_atim.tv_nsec = 5;
  EXPECT_EQ(book.told(file, {}).changed.v, 0U);
  file.st_atim.tv_nsec = 6;
  EXPECT_EQ(book.told(file, {}).changed.v, kAtimeChanged);
  file.st_mtim.tv_sec = 101;
  EXPECT_EQ(book.told(file, {}).changed.v, kMtimeChanged);
}

}  // namespace
}  // namespace ipcsim
