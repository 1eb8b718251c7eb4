#include "tools/import/strace_line.hpp"

#include <charconv>

#include "tools/import/strace_lexer.hpp"

namespace ipcsim::strace {
namespace {

using Kind = StraceLine::Kind;

/// The kernel's highest pid (PID_MAX_LIMIT); a larger number in a first column is a time.
constexpr i64 kMostPid = 4'194'304;
constexpr std::string_view kUnfinished = "<unfinished ...>";
constexpr std::string_view kDetached = "<detached ...>";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
}

std::string_view trim_end(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

/// The digits at the front, if they are a number that fits.
std::optional<i64> take_number(std::string_view& text) {
  i64 value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// Behind a pid: `<comm>` of -Y.
void skip_comm(std::string_view& text) {
  if (text.starts_with('<')) {
    text.remove_prefix(annotation_length(text));
  }
}

/// The pid column: "123 ", "123<comm> " or "[pid 123] ".
void take_pid(StraceLine& line, std::string_view& text) {
  std::string_view rest = text;
  const bool bracket = take(rest, "[pid ");
  skip_blanks(rest);
  const auto number = take_number(rest);
  if (!number || *number > kMostPid) {
    return;
  }
  skip_comm(rest);
  if (bracket ? !take(rest, "]") : !rest.starts_with(' ')) {
    return;
  }
  skip_blanks(rest);
  line.pid = number;
  text = rest;
}

/// "12:46:11" with an optional fraction, in nanoseconds since midnight.
std::optional<i64> time_of_day(std::string_view text) {
  i64 seconds = 0;
  for (const int part : {0, 1, 2}) {
    const auto number = take_number(text);
    if (!number || *number > 60 || (part < 2 && !take(text, ":"))) {
      return std::nullopt;
    }
    seconds = seconds * 60 + *number;
  }
  std::optional<i64> fraction = 0;
  if (text.starts_with('.')) {
    fraction = parse_seconds(text);
  } else if (!text.empty()) {
    return std::nullopt;
  }
  return fraction ? std::optional{seconds * kNanosecondsPerSecond + *fraction} : std::nullopt;
}

/// The time columns: -t, -tt, -ttt, -r, or an absolute one and "(+ 0.000123)".
void take_time(StraceLine& line, std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  if (word.empty() || !is_digit(word.front())) {
    return;
  }
  if (const auto of_day = time_of_day(word)) {
    line.clock = Clock::kDay;
    line.time_ns = *of_day;
  } else if (const auto seconds = parse_seconds(word)) {
    constexpr i64 kLongAgo = 100'000'000;  // seconds; a smaller number counts from the line before
    line.clock = *seconds / kNanosecondsPerSecond > kLongAgo ? Clock::kUnix : Clock::kPrevious;
    line.time_ns = *seconds;
  } else {
    return;
  }
  text.remove_prefix(word.size());
  skip_blanks(text);
  if (text.starts_with("(+")) {
    const std::size_t end = text.find(')');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    skip_blanks(text);
  }
}

/// "[  0] " of -n and "[00007f51ab3e0e9a] " of -i.
void skip_bracket_columns(std::string_view& text) {
  for (int columns = 0; columns < 2 && text.starts_with('['); ++columns) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos ||
        text.substr(1, end - 1).find_first_not_of("0123456789abcdef ?") != std::string_view::npos) {
      return;
    }
    text.remove_prefix(end + 1);
    skip_blanks(text);
  }
}

/// "+++ exited with 0 +++" and its relatives.
void read_plus(StraceLine& line, std::string_view text) {
  if (!text.ends_with(" +++")) {
    return;
  }
  text.remove_suffix(4);
  if (take(text, "exited with ")) {
    const auto status = take_number(text);
    line.kind = status && text.empty() ? Kind::kExited : Kind::kUnknown;
    line.number = status.value_or(0);
  } else if (take(text, "killed by ")) {
    line.kind = Kind::kKilled;
    line.name = text.substr(0, text.find(' '));  // "SIGABRT (core dumped)"
  } else if (take(text, "superseded by execve in pid ")) {
    const auto pid = take_number(text);
    line.kind = pid ? Kind::kSuperseded : Kind::kUnknown;
    line.number = pid.value_or(0);
  }
}

/// "--- SIGCHLD {si_signo=...} ---", "--- stopped by SIGTSTP ---"
void read_dashes(StraceLine& line, std::string_view text) {
  if (!text.ends_with(" ---")) {
    return;
  }
  text.remove_suffix(4);
  if (text.starts_with("stopped by ")) {
    line.kind = Kind::kNoise;
    return;
  }
  const std::size_t space = text.find(' ');
  line.kind = text.starts_with("SIG") ? Kind::kSignal : Kind::kUnknown;
  line.name = text.substr(0, space);
  line.text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
}

void read_resumed(StraceLine& line, std::string_view text) {
  const std::size_t end = text.find(" resumed>");
  if (end == std::string_view::npos) {
    return;
  }
  line.name = text.substr(0, end);
  line.text = text.substr(end + std::string_view(" resumed>").size());
  if (line.text.ends_with(kDetached)) {
    line.kind = Kind::kDetached;
    line.detached = true;
  } else if (line.text.contains(" = ")) {
    line.kind = Kind::kResumed;
  }
}

/// "name(", and an end that a call has.
void read_call(StraceLine& line, std::string_view text) {
  const std::size_t paren = text.find('(');
  if (paren == std::string_view::npos || paren == 0) {
    return;
  }
  for (const char c : text.substr(0, paren)) {
    const bool in_name =
        is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '?';
    if (!in_name) {
      return;
    }
  }
  line.name = text.substr(0, paren);
  line.text = trim_end(text.substr(paren + 1));
  // strace -ff: an execve() of a thread goes on in the file of the thread that led its process.
  if (const std::size_t moved = line.text.rfind(" <pid changed to ");
      moved != std::string_view::npos && line.text.ends_with(" ...>")) {
    line.kind = Kind::kUnfinished;
    line.text = line.text.substr(0, moved);
    return;
  }
  for (const std::string_view end : {kUnfinished, kDetached}) {
    if (line.text.ends_with(end)) {
      line.kind = Kind::kUnfinished;
      line.detached = end == kDetached;
      line.text.remove_suffix(end.size());
      return;
    }
  }
  const std::size_t result = line.text.rfind(" = ");
  if (result != std::string_view::npos && line.text.find(')') < result + 1) {
    line.kind = Kind::kCall;
  }
}

bool is_noise(std::string_view line) {
  return line.empty() || line.starts_with("strace: ") || line.starts_with(" > ") ||
         line.starts_with(" | ") || line.starts_with(" * ") || line.starts_with("[ Process PID=");
}

/// Standard error mixes "strace: Process 123 attached" into a line, which goes on in the next one.
bool read_attached(StraceLine& line, std::string_view text) {
  constexpr std::string_view kProcess = "strace: Process ";
  constexpr std::string_view kAttached = " attached";
  const std::size_t at = text.rfind(kProcess);
  if (at == std::string_view::npos || !text.ends_with(kAttached)) {
    return false;
  }
  std::string_view rest = text.substr(at + kProcess.size());
  const auto pid = take_number(rest);
  if (!pid || rest != kAttached) {
    return false;
  }
  line.kind = Kind::kAttached;
  line.number = *pid;
  line.text = text.substr(0, at);
  return true;
}

}  // namespace

std::optional<i64> parse_seconds(std::string_view text) {
  i64 seconds = 0;
  if (!text.starts_with('.')) {
    const auto number = take_number(text);
    if (!number || *number > i64{9'000'000'000}) {
      return std::nullopt;
    }
    seconds = *number;
  }
  i64 fraction = 0;
  i64 unit = kNanosecondsPerSecond;
  if (take(text, ".")) {
    while (!text.empty() && is_digit(text.front()) && unit > 1) {
      unit /= 10;
      fraction += unit * (text.front() - '0');
      text.remove_prefix(1);
    }
  }
  return text.empty() ? std::optional{seconds * kNanosecondsPerSecond + fraction} : std::nullopt;
}

namespace {

/// Takes the note of a call's sleeps from the end of a line, if it is there.
std::optional<SleepNote> take_sleeps(std::string_view& text) {
  constexpr std::string_view kBegin = " {slept ";
  const std::size_t at = text.ends_with('}') ? text.rfind(kBegin) : std::string_view::npos;
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  std::string_view rest = text.substr(at + kBegin.size());
  rest.remove_suffix(1);
  const auto times = take_number(rest);
  if (!times || *times < 1 || !take(rest, " times, <")) {
    return std::nullopt;
  }
  const std::size_t end = rest.find('>');
  const auto ns = parse_seconds(rest.substr(0, end));
  if (!ns || end == std::string_view::npos) {
    return std::nullopt;
  }
  rest.remove_prefix(end + 1);
  std::optional<i64> by = 0;
  if (take(rest, ", woken by ")) {
    by = take_number(rest);
  }
  if (!by || !rest.empty()) {
    return std::nullopt;
  }
  text = text.substr(0, at);
  return SleepNote{*times, *ns, *by};
}

}  // namespace

StraceLine parse_line(std::string_view text) {
  StraceLine line;
  text = trim_end(text);
  line.slept = take_sleeps(text);
  if (read_attached(line, text)) {
    return line;
  }
  if (is_noise(text)) {
    line.kind = Kind::kNoise;
    return line;
  }
  skip_blanks(text);
  take_pid(line, text);
  take_time(line, text);
  skip_bracket_columns(text);
  if (take(text, "+++ ")) {
    read_plus(line, text);
  } else if (take(text, "--- ")) {
    read_dashes(line, text);
  } else if (take(text, "<... ")) {
    read_resumed(line, text);
  } else {
    read_call(line, text);
  }
  return line;
}

}  // namespace ipcsim::strace
