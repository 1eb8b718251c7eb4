#include "tools/import/log_text.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <range/v3/algorithm/find.hpp>
#include <range/v3/algorithm/find_if.hpp>

#include "tools/import/log_reader.hpp"

namespace ipcsim::strace {
namespace {

using LineKind = StraceLine::Kind;

constexpr i64 kNanosecondsPerDay = 86'400 * kNanosecondsPerSecond;

int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::optional<i64> LogClock::read(const StraceLine& line) {
  switch (line.clock) {
    case Clock::kNone:
      return std::nullopt;
    case Clock::kUnix:
      return line.time_ns;
    case Clock::kPrevious:
      now_ns_ = std::min(now_ns_, kNanosecondsPerDay * 10'000) + line.time_ns;
      return now_ns_;
    case Clock::kDay:
      break;
  }
  if (line.time_ns + kNanosecondsPerDay / 2 < now_ns_ - days_ns_ &&
      days_ns_ < kNanosecondsPerDay * 10'000) {
    days_ns_ += kNanosecondsPerDay;  // past midnight
  }
  now_ns_ = days_ns_ + line.time_ns;
  return now_ns_;
}

i64 nameless_pid(std::string_view text) {
  std::set<i64> made;
  std::vector<i64> seen;
  bool some_nameless = false;
  while (!text.empty()) {
    const StraceLine line = parse_line(take_line(text).substr(0, kMostLineBytes));
    if (line.pid && !some_nameless) {
      return 0;
    }
    if (line.kind == LineKind::kAttached) {
      made.insert(line.number);
    }
    constexpr std::string_view kMakers[] = {"clone", "clone3", "fork", "vfork"};
    if (ranges::find(kMakers, line.name) != std::end(kMakers)) {
      const std::size_t at = line.text.rfind(" = ");
      i64 child = 0;
      if (at != std::string_view::npos) {
        std::from_chars(line.text.data() + at + 3, line.text.data() + line.text.size(), child);
      }
      made.insert(child);
    }
    if (!line.pid) {
      some_nameless = some_nameless || line.kind == LineKind::kCall;
    } else if (ranges::find(seen, *line.pid) == seen.end() && seen.size() < 64) {
      seen.push_back(*line.pid);
    }
  }
  const auto first = ranges::find_if(seen, [&](i64 pid) { return !made.contains(pid); });
  return some_nameless && first != seen.end() ? *first : 0;
}

std::string with_plain_annotations(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    const std::size_t at = text.find("<\\x");
    plain += text.substr(0, at == std::string_view::npos ? at : at + 1);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    while (text.size() >= 4 && text.starts_with("\\x") && hex_digit(text[2]) >= 0 &&
           hex_digit(text[3]) >= 0) {
      const char byte = static_cast<char>(hex_digit(text[2]) * 16 + hex_digit(text[3]));
      if (byte < ' ' || byte > '~' || byte == '<' || byte == '>' || byte == '\\') {
        plain += fmt::format("\\{:o}", static_cast<unsigned char>(byte));
      } else {
        plain += byte;
      }
      text.remove_prefix(4);
    }
  }
  return plain;
}

bool has_lines_at_ends(std::string_view text) {
  if (!has_only_successes(text) || text.contains(" resumed>")) {
    return false;
  }
  LogClock clock;
  std::optional<i64> before;
  std::optional<i64> pid;
  bool several = false;
  bool timed = false;
  while (!text.empty()) {
    const StraceLine line = parse_line(take_line(text));
    several = several || (pid && line.pid && *line.pid != *pid);
    pid = line.pid ? line.pid : pid;
    const bool counts = line.clock == Clock::kUnix || line.clock == Clock::kDay;
    const std::optional<i64> now = counts ? clock.read(line) : std::nullopt;
    timed = timed || line.clock != Clock::kNone;
    if (now && before && *now < *before) {
      return several;
    }
    before = now ? now : before;
  }
  return several && !timed;
}

bool has_only_successes(std::string_view text) {
  constexpr int kFewLines = 30;  // of which none may have failed by chance
  std::string_view rest = text;
  for (int line = 0; line < kFewLines; ++line) {
    if (rest.empty()) {
      return false;
    }
    std::ignore = take_line(rest);
  }
  return !text.contains(" = -1 E");
}

}  // namespace ipcsim::strace
