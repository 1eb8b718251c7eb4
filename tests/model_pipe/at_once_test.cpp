// The short way of a read or write against the long one. The same bytes in two buffers instead of
// one never take the short way; everything else must come out the same.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/base/kernel_profile.hpp"
#include "model/base/random.hpp"
#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {
namespace {

constexpr u64 kSeeds = 12;
constexpr int kSteps = 300;
constexpr u64 kPage = 4096;

UserSegment of(std::string bytes) {
  return {.data = Payload::of_bytes(bytes), .len = bytes.size()};
}

/// The buffer cut in two. REQUIRES: it has at least two bytes.
Segments in_two(const UserSegment& whole, u64 first) {
  const std::string bytes = whole.data.len() > 0 ? whole.data.to_string() : std::string();
  if (bytes.empty()) {
    return {{.data = {}, .len = first}, {.data = {}, .len = whole.len - first}};
  }
  return {of(bytes.substr(0, first)), of(bytes.substr(first))};
}

/// Two equal pipes, one for each way.
class Pair {
 public:
  Pair(const KernelProfile& profile, Contents contents, bool packets)
      : short_way_(TestPipe::pipe2(true, packets, contents)),
        long_way_(TestPipe::pipe2(true, packets, contents)) {
    short_way_.profile = long_way_.profile = &profile;
  }

  void step(Random& random) {
    const u64 len = 2 + random.below(random.below(3) == 0 ? 20 * kPage : kPage + 1);
    const u64 first = 1 + random.below(len - 1);
    switch (random.below(8)) {
      case 0:
        both([&](TestPipe& pipe) { return pipe.set_size(kPage << (random_shift_ % 6)); });
        ++random_shift_;
        break;
      case 1:
        both([](TestPipe& pipe) { return pipe.poll(TestPipe::kReadEnd); });
        break;
      case 2:
      case 3:
      case 4: {
        const UserSegment whole = of(std::string(len, static_cast<char>('a' + random.below(26))));
        compare(short_way_.write({whole}), long_way_.write(in_two(whole, first)),
                fmt::format("write of {}", len));
        break;
      }
      default: {
        const UserSegment whole{.data = {}, .len = len};
        compare(short_way_.read({whole}), long_way_.read(in_two(whole, first)),
                fmt::format("read of {}", len));
        EXPECT_EQ(short_way_.bytes(), long_way_.bytes());
        break;
      }
    }
  }

 private:
  template <class Operation>
  void both(Operation operation) {
    compare(operation(short_way_), operation(long_way_), "another call");
  }
  void compare(const std::string& a, const std::string& b, const std::string& what) {
    SCOPED_TRACE(what);
    EXPECT_EQ(a, b);
    EXPECT_EQ(short_way_.effects(), long_way_.effects());
    EXPECT_EQ(short_way_.ring(), long_way_.ring());
    EXPECT_TRUE(short_way_.inode == long_way_.inode);
    EXPECT_TRUE(short_way_.pages == long_way_.pages);
    long_way_.pages = short_way_.pages;  // the same page goes next
  }

  TestPipe short_way_;
  TestPipe long_way_;
  u32 random_shift_ = 0;
};

TEST(PipeAtOnce, ComesToTheSameAsTheLongWay) {
  for (const KernelProfile& profile : kernel_profiles()) {
    for (u64 seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
      SCOPED_TRACE(fmt::format("{}, seed {}", profile.name, seed));
      Random random(seed);
      Pair pair(profile, seed % 2 == 0 ? Contents::kKept : Contents::kLengthsOnly, seed % 6 == 0);
      for (int step = 0; step < kSteps && !HasFailure(); ++step) {
        pair.step(random);
      }
    }
  }
}

// A page that somebody shares is not kept, and says nothing of the cell that it leaves empty.
TEST(PipeAtOnce, KeepsAPageInAnEmptyFirstCell) {
  TestPipe pipe = TestPipe::pipe2(true);
  pipe.write(3 * kPage);
  pipe.read(2 * kPage);
  pipe.write(1);  // takes the first cell's page
  ASSERT_EQ(pipe.inode.tmp_page[0], kNoPage);
  const PageId full = pipe.inode.tmp_page[1];
  ASSERT_NE(full, kNoPage);
  const PageId shared = pipe.inode.slot(pipe.inode.tail).page;
  const PageId own = pipe.inode.slot(pipe.inode.tail + 1).page;
  pipe.pages.get(shared);
  EXPECT_EQ(pipe.read(kPage + 1), "4097");
  EXPECT_EQ(pipe.inode.tmp_page[0], own);
  EXPECT_EQ(pipe.inode.tmp_page[1], full);
  EXPECT_EQ(pipe.pages.refcount(shared), 1U);
}

}  // namespace
}  // namespace ipcsim
