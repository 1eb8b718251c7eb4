// Random programs on a pipe, beside a model of it that is slow and obvious.
#include <algorithm>
#include <deque>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/model_pipe/random_steps.hpp"

namespace ipcsim {
namespace {

constexpr u64 kPage = 4096;
constexpr u64 kSeeds = 40;
constexpr std::size_t kSteps = 250;

/// Pages that the pipe has: one a slot, and those it keeps.
u32 pages_in_use(const PipeInode& pipe) {
  const auto kept =
      std::ranges::count_if(pipe.tmp_page, [](PageId page) { return page != kNoPage; });
  return pipe_occupancy(pipe) + static_cast<u32>(kept);
}

/// A pipe as a list of strings. Both ends stay open and nobody waits.
class PlainPipe {
 public:
  std::string write(const Step& step, bool packet) {
    std::string bytes;
    for (const UserSegment& s : step.segments) {
      bytes += s.data.to_string();
    }
    u64 done = 0;
    const u64 odd = bytes.size() % kPage;
    if (odd > 0 && !slots_.empty() && !slots_.back().packet && slots_.back().end + odd <= kPage) {
      if (step.fault < odd) {
        return "-1 EFAULT";
      }
      slots_.back().bytes += bytes.substr(0, odd);
      slots_.back().end += odd;
      done = odd;
    }
    while (done < bytes.size()) {
      const u64 len = std::min(kPage, bytes.size() - done);
      if (slots_.size() >= capacity_ || step.fault < done + len) {
        return done > 0                     ? fmt::format("{}", done)
               : slots_.size() >= capacity_ ? "-1 EAGAIN"
                                            : "-1 EFAULT";
      }
      slots_.push_back({bytes.substr(done, len), packet, len});
      done += len;
    }
    return fmt::format("{}", done);
  }

  std::string read(const Step& step, std::string& bytes) {
    const u64 room = total_len(step.segments);
    bool over = false;
    bytes.clear();
    while (!slots_.empty() && bytes.size() < room && !over) {
      Slot& slot = slots_.front();
      const u64 len = std::min<u64>(slot.bytes.size(), room - bytes.size());
      if (step.fault < bytes.size() + len) {
        return bytes.empty() ? "-1 EFAULT" : fmt::format("{}", bytes.size());
      }
      bytes += slot.bytes.substr(0, len);
      slot.bytes.erase(0, len);
      over = slot.packet;
      if (over || slot.bytes.empty()) {
        slots_.pop_front();
      }
    }
    return bytes.empty() ? "-1 EAGAIN" : fmt::format("{}", bytes.size());
  }

  std::string set_size(u64 size) {
    if (size / kPage < slots_.size()) {
      return "-1 EBUSY";
    }
    capacity_ = size / kPage;
    return fmt::format("{}", size);
  }

 private:
  struct Slot {
    std::string bytes;
    bool packet;
    u64 end;  // how much of the page was ever used
  };
  std::deque<Slot> slots_;
  u64 capacity_ = 16;
};

/// Calls `test` with each seed; a failure says which.
template <class Test>
void with_each_seed(Test test) {
  for (u64 seed = 1; seed <= kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    test(Random(seed));
  }
}

// Every result and every byte, in order, is that of the list of strings.
TEST(PipeProperty, BehavesAsAListOfStrings) {
  with_each_seed([](Random random) {
    TestPipe p = TestPipe::pipe2(true);
    PlainPipe plain;
    bool packets = false;
    for (const Step& step : any_program(random, kSteps)) {
      const std::string result = run(p, step);
      std::string bytes;
      std::string expected;
      switch (step.kind) {
        case Step::Kind::kWrite:
          expected = step.segments.empty() ? "" : plain.write(step, packets);
          break;
        case Step::Kind::kRead:
          expected = plain.read(step, bytes);
          ASSERT_EQ(p.bytes(), bytes);
          break;
        case Step::Kind::kSetSize:
          expected = plain.set_size(step.size);
          break;
        case Step::Kind::kPacketsOn:
        case Step::Kind::kPacketsOff:
          packets = step.kind == Step::Kind::kPacketsOn;
          continue;
        case Step::Kind::kPoll:
          continue;
      }
      ASSERT_EQ(result.substr(0, expected.size() + 1), expected + " ");
    }
  });
}

// Without packets and faults the bytes that come out are those that went in, none lost, none twice.
TEST(PipeProperty, GivesBackTheStream) {
  with_each_seed([](Random random) {
    TestPipe p = TestPipe::pipe2(true);
    std::string in;
    std::string out;
    for (std::size_t i = 0; i < kSteps; ++i) {
      const u64 len = any_len(random);
      if (random.one_in(2)) {
        const Payload data = Payload::of_pattern(len, static_cast<u8>(in.size() % 251));
        const std::string result = p.write({{.data = data, .len = len}});
        if (!result.starts_with('-')) {
          in += data.to_string().substr(0, std::stoull(result));
        }
      } else {
        p.read(len);
        out += p.bytes();
      }
    }
    while (p.read(kPage)[0] != '-') {
      out += p.bytes();
    }
    EXPECT_EQ(out, in);
    EXPECT_GT(in.size(), 100000U);
  });
}

// Slots bound a pipe; each page has one place; nothing is left when the pipe has gone.
TEST(PipeProperty, AccountsForItsPages) {
  with_each_seed([](Random random) {
    TestPipe p = TestPipe::pipe2(true);
    for (const Step& step : any_program(random, kSteps)) {
      run(p, step);
      ASSERT_LE(pipe_occupancy(p.inode), p.inode.max_usage);
      ASSERT_EQ(p.pages.live(), pages_in_use(p.inode));
      ASSERT_EQ(p.user.pipe_bufs, p.inode.max_usage);
    }
    free_pipe_info(p.inode, p.user, p.pages, newest_profile());
    EXPECT_EQ(p.pages.live(), 0U);
    EXPECT_EQ(p.user.pipe_bufs, 0U);
  });
}

// State is a value: a copy goes on as the original does, and neither sees the other.
TEST(PipeProperty, CopiesGoOnAlike) {
  with_each_seed([](Random random) {
    TestPipe p = TestPipe::pipe2(true);
    const std::vector<Step> program = any_program(random, kSteps);
    const auto half = program.begin() + kSteps / 2;
    std::for_each(program.begin(), half, [&](const Step& step) { run(p, step); });
    TestPipe copy = p;
    const TestPipe kept = p;
    std::vector<std::string> first;
    std::for_each(half, program.end(), [&](const Step& step) { first.push_back(run(p, step)); });
    EXPECT_EQ(copy.inode, kept.inode);
    EXPECT_EQ(copy.pages, kept.pages);
    std::vector<std::string> second;
    std::for_each(half, program.end(),
                  [&](const Step& step) { second.push_back(run(copy, step)); });
    EXPECT_EQ(second, first);
    EXPECT_EQ(copy.inode, p.inode);
    EXPECT_EQ(copy.pages, p.pages);
  });
}

// Contents do not matter to a pipe: a run of lengths alone has the same results and the same rings.
TEST(PipeProperty, DoesNotLookAtTheContents) {
  with_each_seed([](Random random) {
    TestPipe whole = TestPipe::pipe2(true);
    TestPipe lengths = TestPipe::pipe2(true, false, Contents::kLengthsOnly);
    for (const Step& step : any_program(random, kSteps)) {
      ASSERT_EQ(run(lengths, step), run(whole, step));
      ASSERT_EQ(lengths.ring(), whole.ring());
      ASSERT_EQ(lengths.inode, whole.inode);
    }
    EXPECT_EQ(lengths.bytes(), "");
  });
}

// Random in a test is a seed: twice the same program, twice the same run.
TEST(PipeProperty, RunsTheSameTwice) {
  with_each_seed([](Random random) {
    const auto trail = [](Random chance) {
      TestPipe p = TestPipe::pipe2(true);
      std::string all;
      for (const Step& step : any_program(chance, kSteps)) {
        all += run(p, step) + p.ring() + "\n";
      }
      return all;
    };
    EXPECT_EQ(trail(random), trail(random));
  });
}

}  // namespace
}  // namespace ipcsim
