#include "sim/workload/size_spec.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "model/base/check.hpp"
#include "model/base/text.hpp"

namespace ipcsim {
namespace {

/// Largest transfer that a call makes (MAX_RW_COUNT is below 2 GiB).
constexpr u64 kMostBytes = u64{1} << 40U;
constexpr u32 kMostWeight = 1'000'000;

std::unexpected<std::string> bad(std::string_view text, std::string_view expected) {
  return std::unexpected(fmt::format("\"{}\": expected {}", text, expected));
}

}  // namespace

std::expected<u64, std::string> parse_bytes(std::string_view text) {
  u64 number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || end - rest > 1) {
    return bad(text, "a size such as 4096, 64K or 1M");
  }
  u32 shift = 0;
  if (rest != end) {
    switch (*rest) {
      case 'k':
      case 'K':
        shift = 10;
        break;
      case 'm':
      case 'M':
        shift = 20;
        break;
      case 'g':
      case 'G':
        shift = 30;
        break;
      default:
        return bad(text, "a size such as 4096, 64K or 1M");
    }
  }
  if (number > (kMostBytes >> shift)) {
    return bad(text, "a size of at most 1024 G");
  }
  return number << shift;
}

std::string bytes_text(u64 bytes) {
  constexpr std::array<std::string_view, 4> kUnits{"B", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && bytes % 1024 == 0 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{} {}", bytes, kUnits[unit]);
}

SizeSpec SizeSpec::fixed(u64 bytes) {
  IPCSIM_CHECK(bytes > 0);
  SizeSpec spec;
  spec.fixed_ = bytes;
  return spec;
}

std::expected<SizeSpec::Choice, std::string> SizeSpec::parse_choice(std::string_view text) {
  Choice choice;
  std::string_view range = text;
  if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    range = text.substr(0, colon);
    const std::string_view weight = text.substr(colon + 1);
    const char* const end = weight.data() + weight.size();
    const auto [rest, error] = std::from_chars(weight.data(), end, choice.weight);
    if (error != std::errc{} || rest != end || choice.weight == 0 || choice.weight > kMostWeight) {
      return bad(text, "a weight of 1 to 1000000 behind the colon");
    }
  }
  const auto dots = range.find("..");
  const auto low = parse_bytes(range.substr(0, dots));
  if (!low) {
    return std::unexpected(low.error());
  }
  choice.low = choice.high = *low;
  if (dots != std::string_view::npos) {
    const auto high = parse_bytes(range.substr(dots + 2));
    if (!high) {
      return std::unexpected(high.error());
    }
    choice.high = *high;
  }
  if (choice.low == 0 || choice.low > choice.high) {
    return bad(range, "at least 1 byte, the lesser size first");
  }
  return choice;
}

std::expected<SizeSpec, std::string> SizeSpec::parse(std::string_view text) {
  SizeSpec spec;
  while (true) {
    const auto comma = text.find(',');
    const auto choice = parse_choice(text.substr(0, comma));
    if (!choice) {
      return std::unexpected(choice.error());
    }
    spec.choices_.push_back(*choice);
    spec.weights_ += choice->weight;
    if (comma == std::string_view::npos) {
      break;
    }
    text.remove_prefix(comma + 1);
  }
  if (spec.choices_.size() == 1 && spec.choices_.front().low == spec.choices_.front().high) {
    return fixed(spec.choices_.front().low);
  }
  return spec;
}

u64 SizeSpec::draw_choice(Random& random) const {
  u64 at = random.below(weights_);
  for (const Choice& choice : choices_) {
    if (at < choice.weight) {
      return choice.low + random.below(choice.high - choice.low + 1);
    }
    at -= choice.weight;
  }
  return fixed_;
}

u64 SizeSpec::largest() const {
  u64 most = choices_.empty() ? fixed_ : 0;
  for (const Choice& choice : choices_) {
    most = std::max(most, choice.high);
  }
  return most;
}

u64 SizeSpec::smallest() const {
  u64 least = choices_.empty() ? fixed_ : choices_.front().low;
  for (const Choice& choice : choices_) {
    least = std::min(least, choice.low);
  }
  return least;
}

std::string SizeSpec::text() const {
  if (choices_.empty()) {
    return fmt::format("{}", fixed_);
  }
  return joined(choices_, ",", [](const Choice& choice) {
    std::string one = choice.low == choice.high ? fmt::format("{}", choice.low)
                                                : fmt::format("{}..{}", choice.low, choice.high);
    return choice.weight == 1 ? one : fmt::format("{}:{}", one, choice.weight);
  });
}

}  // namespace ipcsim
