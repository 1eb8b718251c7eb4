#include "tools/import/log_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>
#include <range/v3/algorithm/find.hpp>
#include <range/v3/algorithm/find_if.hpp>
#include <range/v3/algorithm/min_element.hpp>
#include <range/v3/algorithm/upper_bound.hpp>

#include "tools/import/printable.hpp"

namespace ipcsim::strace {
namespace {

using LineKind = StraceLine::Kind;
using ItemKind = LogItem::Kind;
using Outcome = std::expected<void, TraceError>;

/// Strange lines that are remembered one by one.
constexpr std::size_t kMostStrangeLines = 1000;
constexpr u32 kMostLines = 0xffff'fff0U;
constexpr i64 kNanosecondsPerDay = 86'400 * kNanosecondsPerSecond;

/// Takes the first line off `text`, without its newline.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// Makes one clock of strace's four kinds of time.
class LogClock {
 public:
  std::optional<i64> read(const StraceLine& line) {
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

 private:
  i64 now_ns_ = 0;
  i64 days_ns_ = 0;
};

/// The pid of the task whose lines have none: of standard error's lines strace marks only those
/// that come while there are several tasks. It is the first pid that no line says was made; 0 if
/// none is, or if the log begins with a pid.
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

int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// -xx writes what -y prints behind a descriptor in hexadecimal too: 3<\x70\x69\x70\x65>. Here it
/// is as plain -y has it. A string in quotes never has a '<' before a "\x": it would be \x3c.
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

class Reader {
 public:
  /// Goes on with `log`, of which `file` is the last file.
  Reader(Log& log, const std::string& name, i64 nameless)
      : log_(log), name_(name), nameless_(nameless), first_item_(log.items.size()) {}

  Outcome add_line(std::string_view line, bool cut_off);
  Outcome finish();
  /// What the times of the lines count from.
  [[nodiscard]] Clock clock() const { return kind_of_clock_; }

 private:
  [[nodiscard]] std::unexpected<TraceError> error(u32 line, std::string message) const {
    TraceError error = log_.error(line, std::move(message));
    error.file = name_;
    return std::unexpected(std::move(error));
  }
  Outcome add(const StraceLine& line);
  Outcome begin_call(const StraceLine& line, i64 pid, std::optional<i64> time_ns);
  Outcome end_call(const StraceLine& line, i64 pid, std::optional<i64> time_ns);
  void supersede(i64 pid, i64 by);
  i64 pid_of(const StraceLine& line);
  LogItem& add_item(ItemKind kind, i64 pid, std::optional<i64> time_ns);

  Log& log_;
  const std::string& name_;
  i64 nameless_;
  std::size_t first_item_;
  Clock kind_of_clock_ = Clock::kNone;
  LogClock clock_;
  std::map<i64, u32> unfinished_;  // pid -> index of its call
  std::set<i64> alive_;
  bool in_summary_ = false;   // the table of -C, at the end
  std::string_view carried_;  // the first half of a line that a remark of strace cut in two
};

LogItem& Reader::add_item(ItemKind kind, i64 pid, std::optional<i64> time_ns) {
  log_.items.push_back({.kind = kind,
                        .call = 0,
                        .pid = pid,
                        .other_pid = 0,
                        .line = log_.lines,
                        .time_ns = time_ns,
                        .name = {},
                        .text = {}});
  return log_.items.back();
}

i64 Reader::pid_of(const StraceLine& line) {
  const i64 only = alive_.size() == 1 ? *alive_.begin() : nameless_;
  const i64 pid = line.pid.value_or(only);
  alive_.insert(pid);
  return pid;
}

Outcome Reader::begin_call(const StraceLine& line, i64 pid, std::optional<i64> time_ns) {
  if (const auto open = unfinished_.find(pid); open != unfinished_.end()) {
    const CallRecord& call = log_.calls[open->second];
    return error(log_.lines,
                 fmt::format("{} begins while the task's {} of line {} is unfinished; expected "
                             "\"<... {} resumed>\" before it",
                             line.name, call.name, call.line - log_.file_of(call.line).lines_before,
                             call.name));
  }
  const u32 index = static_cast<u32>(log_.calls.size());
  CallRecord call;
  call.pid = pid;
  call.name = line.name;
  call.head = line.text;
  call.split = line.kind == LineKind::kUnfinished;
  call.line = log_.lines;
  call.end_line = log_.lines;
  call.time_ns = time_ns;
  call.finished = !call.split;
  log_.calls.push_back(call);
  add_item(ItemKind::kEntry, pid, time_ns).call = index;
  if (call.split) {
    unfinished_[pid] = index;
  } else {
    add_item(ItemKind::kExit, pid, time_ns).call = index;
  }
  return {};
}

Outcome Reader::end_call(const StraceLine& line, i64 pid, std::optional<i64> time_ns) {
  const auto open = unfinished_.find(pid);
  if (open == unfinished_.end()) {
    return error(log_.lines, fmt::format("{} is resumed, but no line before it left one of this "
                                         "task unfinished",
                                         line.name));
  }
  CallRecord& call = log_.calls[open->second];
  if (call.name != line.name) {
    return error(log_.lines,
                 fmt::format("{} is resumed, but line {} left {} unfinished", line.name,
                             call.line - log_.file_of(call.line).lines_before, call.name));
  }
  call.tail = line.text;
  call.finished = true;
  call.end_line = log_.lines;
  call.end_time_ns = time_ns;
  add_item(ItemKind::kExit, pid, time_ns).call = open->second;
  unfinished_.erase(open);
  return {};
}

/// A thread called execve() and takes over the pid of its process. What the old leader was in, if
/// anything, never returns.
void Reader::supersede(i64 pid, i64 by) {
  unfinished_.erase(pid);
  alive_.erase(by);
  if (auto open = unfinished_.extract(by)) {
    open.key() = pid;
    unfinished_.insert(std::move(open));
  }
}

Outcome Reader::add(const StraceLine& line) {
  if (line.kind == LineKind::kNoise) {
    return {};
  }
  if (line.kind == LineKind::kAttached) {
    alive_.insert(line.number);
    return {};
  }
  const std::optional<i64> time_ns = clock_.read(line);
  log_.unix_clock = log_.unix_clock || line.clock == Clock::kUnix;
  kind_of_clock_ = line.clock == Clock::kNone ? kind_of_clock_ : line.clock;
  const i64 pid = pid_of(line);
  switch (line.kind) {
    case LineKind::kCall:
    case LineKind::kUnfinished:
      return begin_call(line, pid, time_ns);
    case LineKind::kResumed:
      return end_call(line, pid, time_ns);
    case LineKind::kSignal: {
      LogItem& item = add_item(ItemKind::kSignal, pid, time_ns);
      item.name = line.name;
      item.text = line.text;
      return {};
    }
    case LineKind::kSuperseded:
      add_item(ItemKind::kSuperseded, pid, time_ns).other_pid = line.number;
      supersede(pid, line.number);
      return {};
    default:
      break;
  }
  unfinished_.erase(pid);
  alive_.erase(pid);
  add_item(line.kind == LineKind::kKilled ? ItemKind::kKilled : ItemKind::kExited, pid, time_ns)
      .name = line.name;
  return {};
}

Outcome Reader::add_line(std::string_view text, bool cut_off) {
  if (log_.lines == kMostLines) {
    return error(0, "the log has too many lines");
  }
  ++log_.lines;
  if (text.size() > kMostLineBytes) {
    return error(log_.lines, fmt::format("the line is longer than {} bytes", kMostLineBytes));
  }
  if (text.contains('\0')) {
    return error(log_.lines, "this is binary data; expected the text that strace writes");
  }
  if (!carried_.empty()) {
    text = log_.mended_lines.emplace_back(std::string(carried_) + std::string(text));
    carried_ = {};
  }
  if (text.contains("<\\x")) {
    text = log_.mended_lines.emplace_back(with_plain_annotations(text));
  }
  const StraceLine line = parse_line(text);
  if (line.kind == LineKind::kAttached) {
    carried_ = line.text;
  } else if (line.kind == LineKind::kUnknown) {
    in_summary_ = in_summary_ || text.starts_with("% time ");
    if (in_summary_) {
      return {};
    }
    if (cut_off && log_.items.size() > first_item_) {
      return error(log_.lines, "the log ends in the middle of a line");
    }
    ++log_.strange_count;
    if (log_.strange_lines.size() < kMostStrangeLines) {
      log_.strange_lines.emplace_back(log_.lines, printable(text, 60));
    }
    return {};
  }
  return add(line);
}

Outcome Reader::finish() {
  if (log_.items.size() > first_item_) {
    return {};
  }
  const u32 before = log_.files.back().lines_before;
  const auto strange =
      ranges::find_if(log_.strange_lines, [&](const auto& line) { return line.first > before; });
  if (strange == log_.strange_lines.end()) {
    return error(0, "the log is empty; expected lines of strace");
  }
  return error(strange->first, fmt::format("this is no log of strace: expected a line such as "
                                           "'123 read(3, \"x\", 1) = 1', found '{}'",
                                           strange->second));
}

/// The duration that -T prints at a line's end: "<0.000123>". Nothing if there is none.
std::optional<i64> duration_of(std::string_view text) {
  const std::size_t open = text.rfind('<');
  return text.ends_with('>') && open != std::string_view::npos
             ? parse_seconds(text.substr(open + 1, text.size() - open - 2))
             : std::nullopt;
}

/// One file's items on their way into the order of all.
struct Lane {
  std::size_t at = 0;
  std::size_t end = 0;
};

/// When the item at `lane.at` happened. A call whose line does not say how long it took may have
/// ended as late as its task's next line.
i64 time_of(const Log& log, const Lane& lane) {
  const LogItem& item = log.items[lane.at];
  if (item.kind != ItemKind::kExit) {
    return item.time_ns.value_or(0);
  }
  const CallRecord& call = log.calls[item.call];
  const i64 next = lane.at + 1 < lane.end ? log.items[lane.at + 1].time_ns.value_or(0)
                                          : std::numeric_limits<i64>::max();
  const auto duration = duration_of(call.head);
  return duration && item.time_ns ? std::min(next, *item.time_ns + *duration) : next;
}

/// Puts the items of several files, each in order, into one order. At equal times beginnings come
/// first, so that calls whose order is not known overlap.
void merge(Log& log, std::vector<Lane> lanes) {
  std::vector<LogItem> merged;
  merged.reserve(log.items.size());
  const auto key = [&](const Lane& lane) {
    return std::pair{time_of(log, lane), log.items[lane.at].kind != ItemKind::kEntry};
  };
  while (!lanes.empty()) {
    const auto first = ranges::min_element(lanes, {}, key);
    LogItem& item = log.items[first->at];
    if (item.kind == ItemKind::kExit && item.time_ns && duration_of(log.calls[item.call].head)) {
      item.time_ns = time_of(log, *first);
      log.calls[item.call].end_time_ns = item.time_ns;
    }
    merged.push_back(item);
    if (++first->at == first->end) {
      lanes.erase(first);
    }
  }
  log.items = std::move(merged);
  // What an end's line came to is known at its beginning: the calls overlap all the same.
  for (CallRecord& call : log.calls) {
    call.split = true;
  }
}

Outcome check_clock(const Log& log, const std::string& name, Clock clock) {
  if (clock == Clock::kUnix || clock == Clock::kDay) {
    return {};
  }
  TraceError error = log.error(
      0,
      "the lines have no times that can be compared with those of the other files; expected "
      "logs of strace -ff with -ttt or -tt");
  error.file = name;
  return std::unexpected(std::move(error));
}

}  // namespace

std::string CallRecord::text() const {
  // A task that is killed in a call leaves "read(3,  <unfinished ...>) = ?".
  constexpr std::string_view kNeverReturned = "<unfinished ...>) = ?";
  std::string joined;
  joined.reserve(head.size() + tail.size());
  joined.append(head).append(tail);
  const std::size_t at = joined.rfind(kNeverReturned);
  if (at != std::string::npos && joined.size() - at < kNeverReturned.size() + 20) {
    joined.erase(at, kNeverReturned.find(')'));
  }
  return joined;
}

const Log::File& Log::file_of(u32 line) const {
  const auto after =
      ranges::upper_bound(files, line, {}, [](const File& file) { return file.lines_before + 1; });
  return after == files.begin() ? files.front() : *(after - 1);
}

std::string Log::where(u32 line) const {
  const File& file = file_of(line);
  return fmt::format("{}:{}", file.name, line - file.lines_before);
}

TraceError Log::error(u32 line, std::string message) const {
  const File& file = file_of(line);
  return {.file = file.name,
          .line = line == 0 ? 0 : line - file.lines_before,
          .message = std::move(message)};
}

std::expected<Log, TraceError> read_log(std::span<const LogText> texts) {
  Log log;
  std::vector<Lane> lanes;
  for (const LogText& file : texts) {
    std::string_view text = file.text;
    log.files.push_back({file.name, log.lines});
    const std::size_t first = log.items.size();
    Reader reader(log, file.name, file.pid ? *file.pid : nameless_pid(text));
    while (!text.empty()) {
      const bool cut_off = !text.contains('\n');
      if (auto added = reader.add_line(take_line(text), cut_off); !added) {
        return std::unexpected(std::move(added.error()));
      }
    }
    if (auto finished = reader.finish(); !finished) {
      return std::unexpected(std::move(finished.error()));
    }
    lanes.push_back({first, log.items.size()});
    if (texts.size() > 1) {
      if (auto checked = check_clock(log, file.name, reader.clock()); !checked) {
        return std::unexpected(std::move(checked.error()));
      }
    }
  }
  if (texts.size() > 1) {
    merge(log, std::move(lanes));
  }
  return log;
}

}  // namespace ipcsim::strace
