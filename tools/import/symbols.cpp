#include "tools/import/symbols.hpp"

#include <array>
#include <charconv>
#include <string>

namespace ipcsim::strace {
namespace {

constexpr std::array kMoreOpenFlags = std::to_array<NamedNumber>({
    {"O_RDONLY", 0},
    {"O_ACCMODE", kOAccmode},
    {"O_NDELAY", kONonblock},
    {"O_SYNC", kODsync | 04000000U},
    {"O_TMPFILE", kODirectory | 020000000U},
    {"O_NOTIFICATION_PIPE", kONotificationPipe},
    {"FASYNC", kOAsync},
});

/// Other names of signals.
constexpr std::array kMoreSignals = std::to_array<NamedNumber>({{"SIGIOT", 6},
                                                                {"SIGBUS", 7},
                                                                {"SIGCLD", 17},
                                                                {"SIGPOLL", 29},
                                                                {"SIGINFO", 30},
                                                                {"SIGRTMIN", 32}});

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

/// Decimal, 0x or octal, the whole text.
std::optional<u64> plain_number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
    base = 16;
  } else if (text.size() > 1 && text.starts_with('0')) {
    base = 8;
  }
  u64 value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  const bool whole = error == std::errc{} && end == text.data() + text.size() && !text.empty();
  return whole ? std::optional{value} : std::nullopt;
}

/// Takes the first of the names and numbers that '|' joins off `text`; a comment may stand behind
/// each.
std::string_view take_part(std::string_view& text) {
  const std::string_view part = text.substr(0, text.find('|'));
  text.remove_prefix(part.size() == text.size() ? text.size() : part.size() + 1);
  return trim(part.substr(0, part.find("/*")));
}

std::optional<u64> joined_flags(std::string_view text, std::span<const NamedNumber> names,
                                std::span<const NamedNumber> more) {
  u64 value = 0;
  while (!text.empty()) {
    const std::string_view part = take_part(text);
    auto bits = plain_number(part);
    bits = bits ? bits : number_of(names, part);
    bits = bits ? bits : number_of(more, part);
    if (!bits) {
      return std::nullopt;
    }
    value |= *bits;
  }
  return value;
}

std::optional<u64> flags_with(const Node& node, std::span<const NamedNumber> names,
                              std::span<const NamedNumber> more) {
  if (node.kind == Node::Kind::kNumber) {
    return node.number;
  }
  if (node.kind != Node::Kind::kExpression) {
    return std::nullopt;
  }
  return joined_flags(node.text, names, more);
}

}  // namespace

std::optional<u64> flags_value(const Node& node, std::span<const NamedNumber> names) {
  return flags_with(node, names, {});
}

u64 bits_of_numbers(const Node& node) {
  u64 bits = node.kind == Node::Kind::kNumber ? node.number : 0;
  std::string_view text = node.kind == Node::Kind::kExpression ? node.text : std::string_view{};
  while (!text.empty()) {
    bits |= plain_number(take_part(text)).value_or(0);
  }
  return bits;
}

std::optional<u64> open_flags_value(const Node& node) {
  return flags_with(node, open_flag_names(), kMoreOpenFlags);
}

std::optional<u64> limit_value(const Node& node) {
  if (node.kind == Node::Kind::kNumber) {
    return node.number;
  }
  if (node.is("RLIM64_INFINITY") || node.is("RLIM_INFINITY")) {
    return ~u64{0};
  }
  const std::size_t star = node.text.find('*');
  if (node.kind != Node::Kind::kExpression || star == std::string_view::npos) {
    return std::nullopt;
  }
  const auto a = plain_number(trim(node.text.substr(0, star)));
  const auto b = plain_number(trim(node.text.substr(star + 1)));
  return a && b ? std::optional{*a * *b} : std::nullopt;
}

std::optional<Signal> signal_value(std::string_view text) {
  if (const auto number = plain_number(text)) {
    return *number <= kMostSignal ? std::optional{Signal{static_cast<u32>(*number)}} : std::nullopt;
  }
  const std::string full = text.starts_with("SIG") ? std::string(text) : "SIG" + std::string(text);
  auto number = number_of(signal_names(), full);
  number = number ? number : number_of(kMoreSignals, full);
  constexpr std::string_view kRealTime = "SIGRT_";
  if (!number && full.starts_with(kRealTime)) {
    number = plain_number(std::string_view(full).substr(kRealTime.size()));
    number = number && *number <= 32 ? std::optional{*number + 32} : std::nullopt;
  }
  return number ? std::optional{Signal{static_cast<u32>(*number)}} : std::nullopt;
}

std::optional<u64> signal_set_value(const Node& node) {
  if (node.kind != Node::Kind::kList) {
    return std::nullopt;
  }
  u64 bits = 0;
  for (const Node& item : node.items) {
    const auto signal = signal_value(item.text);
    if (!signal || signal->v == 0) {
      return std::nullopt;
    }
    bits |= signal_bit(*signal);
  }
  return node.complement ? ~bits : bits;
}

}  // namespace ipcsim::strace
