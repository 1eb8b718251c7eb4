// A program's buffers, walked as copy_page_from_iter() and copy_page_to_iter() walk them.
#include "model/base/user_memory.hpp"

#include <array>

#include <gtest/gtest.h>

namespace ipcsim {
namespace {

using Segments = std::vector<UserSegment>;

UserSegment segment(std::string bytes, u64 mapped = UserSegment::kAllMapped) {
  const u64 len = bytes.size();
  return {.data = Payload::of_bytes(bytes), .len = len, .mapped = mapped};
}

UserSegment room(u64 len, u64 mapped = UserSegment::kAllMapped) {
  return {.data = {}, .len = len, .mapped = mapped};
}

/// Takes up to `len` bytes out of `source`; shorter when it faults.
std::string taken(UserSource& source, u64 len) {
  std::string text(len, '?');
  text.resize(source.copy(std::as_writable_bytes(std::span{text}).data(), len));
  return text;
}

/// Puts `text` into `sink`; says how many bytes fitted.
u64 put(UserSink& sink, const std::string& text) {
  return sink.copy(std::as_bytes(std::span{text}).data(), text.size());
}

// writev() takes its segments as one run of bytes, empty ones too.
TEST(UserSource, JoinsSegments) {
  const Segments segments{segment("ab"), segment(""), segment("cdef")};
  UserSource source(segments, 0);
  EXPECT_EQ(source.remaining(), 6U);
  EXPECT_EQ(taken(source, 3), "abc");
  EXPECT_EQ(taken(source, 3), "def");
  EXPECT_EQ(source.remaining(), 0U);
}

// A write() that slept goes on where it was.
TEST(UserSource, StartsBehindWhatIsDone) {
  const Segments segments{segment("ab"), segment(""), segment("cdef")};
  for (u64 done = 0; done <= 6; ++done) {
    UserSource source(segments, done);
    EXPECT_EQ(taken(source, 6 - done), std::string("abcdef").substr(done));
  }
}

// A bad pointer gives nothing.
TEST(UserSource, FaultsAtOnceWhenNothingIsMapped) {
  const Segments segments{segment("abcd", 0)};
  UserSource source(segments, 0);
  EXPECT_EQ(taken(source, 4), "");
}

// A page that ends early gives what is before its end.
TEST(UserSource, CopiesUpToTheFault) {
  const Segments segments{segment("abcd", 3)};
  UserSource source(segments, 0);
  EXPECT_EQ(taken(source, 2), "ab");
  EXPECT_EQ(taken(source, 2), "c");
  EXPECT_EQ(source.remaining(), 1U);
}

// What lies behind a bad segment is not reached.
TEST(UserSource, StopsAtABadSegment) {
  const Segments segments{segment("ab"), segment("cd", 0), segment("ef")};
  UserSource source(segments, 0);
  EXPECT_EQ(taken(source, 6), "ab");
}

// Without contents only the lengths count.
TEST(UserSource, CountsWithoutCopying) {
  const Segments segments{segment("abcd", 3), segment("ef")};
  UserSource source(segments, 0);
  EXPECT_EQ(source.copy(nullptr, 6), 3U);
}

// readv() fills its segments in order.
TEST(UserSink, AppendsWhatArrives) {
  const Segments segments{room(3), room(0), room(4)};
  SharedBytes out;
  UserSink sink(segments, &out);
  EXPECT_EQ(sink.remaining(), 7U);
  EXPECT_EQ(put(sink, "abcde"), 5U);
  EXPECT_EQ(put(sink, "fg"), 2U);
  EXPECT_EQ(sink.remaining(), 0U);
  EXPECT_EQ(out.view(), "abcdefg");
}

// A piece that does not fit is not counted as read, though some of it was copied.
TEST(UserSink, DropsAPieceThatFaults) {
  const Segments segments{room(4), room(6, 2)};
  SharedBytes out;
  UserSink sink(segments, &out);
  EXPECT_EQ(put(sink, "abc"), 3U);
  EXPECT_EQ(put(sink, "defgh"), 3U);
  EXPECT_EQ(out.view(), "abc");
}

// Without contents only the lengths count.
TEST(UserSink, CountsWithoutCopying) {
  const Segments segments{room(4), room(6, 2)};
  UserSink sink(segments, nullptr);
  EXPECT_EQ(sink.copy(nullptr, 10), 6U);
}

// write() is refused by its total, before a byte is touched.
TEST(TotalLen, AddsAllLengths) {
  EXPECT_EQ(total_len(Segments{room(3, 0), room(0), room(4)}), 7U);
  EXPECT_EQ(total_len(Segments{}), 0U);
}

}  // namespace
}  // namespace ipcsim
