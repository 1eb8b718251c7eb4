// Damaged logs: bytes changed, lines lost, doubled and swapped. A fixed generator, so that a
// failure repeats.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/base/types.hpp"
#include "tests/import/import_property.hpp"
#include "tests/import/log_files.hpp"

namespace ipcsim {
namespace {

/// Knuth's linear congruential generator; its high bits.
class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}
  u64 below(u64 limit) {
    state_ = state_ * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    return (state_ >> 33U) % limit;
  }

 private:
  u64 state_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1);
    lines.push_back(text.substr(at, end + 1 - at));
    at = end + 1;
  }
  return lines;
}

std::string damaged(const std::string& text, Random& random) {
  std::vector<std::string> lines = lines_of(text);
  for (u64 i = 0; i <= random.below(4) && !lines.empty(); ++i) {
    const std::size_t at = random.below(lines.size());
    const std::size_t other = random.below(lines.size());
    std::string& line = lines[at];
    constexpr std::string_view kBytes = "()[]{}<>=\"\\,|~?-+09x \n";
    switch (random.below(6)) {
      case 0:
        lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 1:
        std::swap(line, lines[other]);
        break;
      case 2:
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), std::string(lines[other]));
        break;
      case 3:
        line.erase(random.below(line.size()), random.below(8));
        line += line.ends_with('\n') ? "" : "\n";
        break;
      default:
        line[random.below(line.size())] = kBytes[random.below(kBytes.size())];
        break;
    }
  }
  std::string joined;
  for (const std::string& line : lines) {
    joined += line;
  }
  return joined;
}

TEST(Mutations, DamagedLogsAreRefusedOrMakeATrace) {
  constexpr u64 kRounds = 100;
  for (const auto& path : logs_in("logs")) {
    const std::string text = read_whole(path);
    for (u64 seed = 1; seed <= kRounds; ++seed) {
      Random random(seed);
      const std::string broken = broken_import(damaged(text, random));
      ASSERT_EQ(broken, "") << path << ", seed " << seed;
    }
  }
}

TEST(Mutations, CutLogsAreRefusedOrMakeATrace) {
  for (const auto& path : logs_in("logs")) {
    const std::string text = read_whole(path);
    for (std::size_t length = 0; length < text.size(); length += 97) {
      ASSERT_EQ(broken_import(std::string_view(text).substr(0, length)), "")
          << path << " " << length;
    }
  }
}

// A number that no process can have was not open before the log, and a flag word has a sign of its
// own nowhere. Found by fuzz_import.
TEST(Mutations, NumbersBeyondAllAreRefused) {
  EXPECT_EQ(broken_import("16569 pipe2([3, 4], 0) = 0\n16569 close(8369025) = 0\n"), "");
  EXPECT_EQ(broken_import("16569 pipe2([3, 4], 0) = 0\n"
                          "16569 clone(child_stack=NULL, flags=0xffffffff98765400|SIGCHLD) = 7\n"),
            "");
  EXPECT_EQ(broken_import("16569 pipe2([3, 4], 0) = 0\n16569 dup2(3, 8369025) = 8369025\n"), "");
}

}  // namespace
}  // namespace ipcsim
