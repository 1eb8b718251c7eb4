// A small deterministic fuzzer: good traces with a few things changed in them. fuzz_parse_trace.cpp
// is the large one.
#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/trace/trace.hpp"
#include "tests/trace/fuzz_property.hpp"
#include "tests/trace/samples.hpp"

namespace ipcsim {
namespace {

constexpr std::array<std::string_view, 38> kPieces{"\"",
                                                   "\\",
                                                   "{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ",",
                                                   ":",
                                                   "\n",
                                                   "null",
                                                   "true",
                                                   "-1",
                                                   "0",
                                                   "4294967296",
                                                   "1e9",
                                                   "0.5",
                                                   "\"ret\"",
                                                   "\"errno\"",
                                                   "\"EAGAIN\"",
                                                   "\"out\"",
                                                   "\"task\"",
                                                   "\"call\"",
                                                   "\"mapped\":",
                                                   "\"hex\"",
                                                   "\"text\"",
                                                   "\"len\"",
                                                   "\"pattern\"",
                                                   "\"count\":",
                                                   "\\u0000",
                                                   "\\ud83d",
                                                   "\xc3",
                                                   std::string_view("\0", 1),
                                                   "\"read\"",
                                                   "\"exit\"",
                                                   "\"SIGKILL\"",
                                                   "\"O_RDWR\"",
                                                   "18446744073709551615",
                                                   "9223372036854775808"};

std::size_t place(Random& random, const std::string& text) { return random.below(text.size() + 1); }

void mutate(Random& random, std::string& text) {
  const std::size_t at = place(random, text);
  switch (random.below(7)) {
    case 0:
      if (at < text.size()) {
        text[at] = static_cast<char>(random.below(256));
      }
      break;
    case 1:
      text.erase(at, random.below(20));
      break;
    case 2:
      text.insert(at, text.substr(place(random, text), random.below(60)));
      break;
    case 3:
      text.insert(at, kPieces[random.below(kPieces.size())]);
      break;
    case 4:
      text.resize(at);
      break;
    case 5: {  // a digit for a digit, so that the form stays right
      const std::size_t digit = text.find_first_of("0123456789", at);
      if (digit != std::string::npos) {
        text[digit] = static_cast<char>('0' + random.below(10));
      }
      break;
    }
    default: {  // a line again, elsewhere
      const std::size_t from = text.find('\n', at);
      const std::size_t to = text.find('\n', place(random, text));
      if (from != std::string::npos && to != std::string::npos) {
        const std::size_t end = text.find('\n', from + 1);
        text.insert(to, text.substr(from, end - from));
      }
    }
  }
}

TEST(TraceMutations, NothingCrashesAndWhatIsReadIsReadBack) {
  Random random(7);
  int read = 0;
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    const std::string good = format_trace(random_trace(random, 8));
    ASSERT_TRUE(parse_trace(good, "good"));
    for (int i = 0; i < 20; ++i) {
      std::string text = good;
      for (u64 n = 1 + random.below(3); n > 0; --n) {
        mutate(random, text);
      }
      const auto fault = fuzz_fault(text);
      ASSERT_FALSE(fault) << *fault << "\nfrom\n" << text;
      ++(parse_trace(text, "t") ? read : refused);
    }
  }
  // Both must have been tried: a fuzzer whose every text is refused at once tests little.
  EXPECT_GT(read, 300);
  EXPECT_GT(refused, 2000);
}

}  // namespace
}  // namespace ipcsim
