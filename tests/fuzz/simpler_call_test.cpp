#include "sim/fuzz/simpler_call.hpp"

#include <gtest/gtest.h>

#include "model/base/random.hpp"
#include "sim/fuzz/program.hpp"

namespace ipcsim {
namespace {

std::vector<std::string> simpler(const Call& call) {
  std::vector<std::string> texts;
  for (u32 n = 0;; ++n) {
    const auto one = simpler_call(call, n);
    if (!one) {
      return texts;
    }
    texts.push_back(to_text(*one));
  }
}

TEST(SimplerCall, TakesAwayOneThingAtATime) {
  EXPECT_EQ(simpler(Pipe2Call{.flags = OpenFlags{kONonblock | kODirect}, .pipefd = OutPtr::kBad}),
            (std::vector{
                to_text(Call(Pipe2Call{.flags = OpenFlags{kONonblock | kODirect}})),
                to_text(Call(Pipe2Call{.flags = OpenFlags{kODirect}, .pipefd = OutPtr::kBad})),
                to_text(Call(Pipe2Call{.flags = OpenFlags{kONonblock}, .pipefd = OutPtr::kBad}))}));
  EXPECT_EQ(simpler(CloseCall{.fd = Fd{3}}).size(), 0);
}

TEST(SimplerCall, TriesSizesNearPages) {
  const Call read = ReadCall{.fd = Fd{0}, .buf = {.data = {}, .len = 8200}};
  const auto of = [](u64 len) {
    return to_text(Call(ReadCall{.fd = Fd{0}, .buf = {.data = {}, .len = len}}));
  };
  EXPECT_EQ(simpler(read), (std::vector{of(0), of(8), of(8192), of(4100), of(4104), of(8199)}));
}

// Whatever is written stays a call that a trace can hold: all its bytes are there.
TEST(SimplerCall, KeepsBuffersWhole) {
  const Call write = WriteCall{
      .fd = Fd{0}, .buf = {.data = Payload::of_pattern(5000, 7), .len = 5000, .mapped = 100}};
  for (u32 n = 0; const auto one = simpler_call(write, n); ++n) {
    const UserSegment& buf = get<WriteCall>(*one).buf;
    EXPECT_EQ(buf.data, Payload::of_pattern(buf.len, 7));
  }
}

TEST(SimplerCall, ComesToAnEnd) {
  const ProgramOptions options{.steps = 100, .profile = &newest_profile()};
  for (u64 seed = 1; seed <= 20; ++seed) {
    Coverage ignored;
    for (const Event& event : write_program(options, seed, ignored).events) {
      const auto* made = std::get_if<CallEvent>(&event.body);
      if (made == nullptr) {
        continue;
      }
      Random chance(seed);
      std::optional<Call> call = made->call;
      int rounds = 0;
      while (call && rounds < 2'000'000) {
        ++rounds;
        u32 ways = 0;
        while (simpler_call(*call, ways)) {
          ++ways;
        }
        call = ways == 0 ? std::nullopt : simpler_call(*call, chance.below32(ways));
      }
      EXPECT_FALSE(call) << to_text(made->call);
    }
  }
}

TEST(SimplerCall, HasItsDescriptorsRenumbered) {
  const auto ten_more = [](Fd fd) { return Fd{fd.v + 10}; };
  EXPECT_EQ(to_text(with_descriptors(Call(TeeCall{.fd_in = Fd{1}, .fd_out = Fd{2}}), ten_more)),
            to_text(Call(TeeCall{.fd_in = Fd{11}, .fd_out = Fd{12}})));
  EXPECT_EQ(
      to_text(with_descriptors(Call(OpenCall{.pathname = "/dev/fd/7", .flags = {}}), ten_more)),
      to_text(Call(OpenCall{.pathname = "/dev/fd/17", .flags = {}})));
}

}  // namespace
}  // namespace ipcsim
