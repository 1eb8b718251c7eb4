#include "tools/import/log_reader.hpp"

#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <range/v3/algorithm/find_if.hpp>
#include <range/v3/algorithm/upper_bound.hpp>

#include "tools/import/call_result.hpp"
#include "tools/import/log_merge.hpp"
#include "tools/import/log_text.hpp"
#include "tools/import/printable.hpp"

namespace ipcsim::strace {
namespace {

using LineKind = StraceLine::Kind;
using ItemKind = LogItem::Kind;
using Outcome = std::expected<void, TraceError>;

/// Strange lines that are remembered one by one.
constexpr std::size_t kMostStrangeLines = 1000;
constexpr u32 kMostLines = 0xffff'fff0U;

/// The result of a call without its duration.
std::string plain_result(const CallRecord& call) {
  const std::string text = call.text();
  const std::string_view result = result_text(text);
  return std::string(result.substr(0, result.rfind(" <")));
}

class Reader {
 public:
  /// Goes on with `log`, of which `file` is the last file.
  Reader(Log& log, const std::string& name, std::string_view text, std::optional<i64> pid)
      : log_(log),
        name_(name),
        nameless_(pid ? *pid : nameless_pid(text)),
        only_successes_(has_only_successes(text)),
        lines_at_ends_(has_lines_at_ends(text)),
        first_item_(log.items.size()) {}

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
  void note_detached(const StraceLine& line, i64 pid, std::optional<i64> time_ns);
  void forget_borrowed_result(i64 pid);
  void supersede(i64 pid, i64 by);
  std::string_view with_torn_half(std::string_view text);
  i64 pid_of(const StraceLine& line);
  LogItem& add_item(ItemKind kind, i64 pid, std::optional<i64> time_ns);

  Log& log_;
  const std::string& name_;
  i64 nameless_;
  bool only_successes_;    // a call that failed leaves at most its beginning (-z)
  bool lines_at_ends_;     // a call's line stands where it ended (-z, several tasks)
  std::string_view torn_;  // the line before, if it says that its call is unfinished
  std::size_t first_item_;
  Clock kind_of_clock_ = Clock::kNone;
  LogClock clock_;
  std::map<i64, u32> unfinished_;  // pid -> index of its call
  std::set<i64> alive_;
  std::optional<i64> superseded_by_;  // the thread whose execve() ends here
  bool in_summary_ = false;           // the table of -C, at the end
  std::string_view carried_;          // the first half of a line that a remark of strace cut in two
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

/// -z tears a line in two where another task ends meanwhile: the first half looks unfinished, the
/// second has nothing before it. Returns the whole line, and forgets the first half; or `text`.
std::string_view Reader::with_torn_half(std::string_view text) {
  constexpr std::string_view kMark = "<unfinished ...>";
  const std::string_view half = std::exchange(torn_, {});
  if (half.empty() || parse_line(text).kind != LineKind::kUnknown) {
    return text;
  }
  const i64 pid = log_.items.back().pid;
  log_.items.pop_back();
  log_.calls.pop_back();
  unfinished_.erase(pid);
  return log_.mended_lines.emplace_back(std::string(half.substr(0, half.size() - kMark.size())) +
                                        std::string(text));
}

Outcome Reader::begin_call(const StraceLine& line, i64 pid, std::optional<i64> time_ns) {
  if (const auto open = unfinished_.find(pid); open != unfinished_.end() && !only_successes_) {
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
  call.detached = line.detached;
  const bool unfinished = line.kind == LineKind::kUnfinished;
  call.split = unfinished || lines_at_ends_;
  call.line = log_.lines;
  call.end_line = log_.lines;
  call.time_ns = time_ns;
  call.slept = line.slept;
  call.finished = !unfinished;
  log_.calls.push_back(call);
  add_item(ItemKind::kEntry, pid, time_ns).call = index;
  if (unfinished) {
    unfinished_[pid] = index;
  } else {
    unfinished_.erase(pid);  // one that failed, which is not shown
    add_item(ItemKind::kExit, pid, time_ns).call = index;
  }
  return {};
}

Outcome Reader::end_call(const StraceLine& line, i64 pid, std::optional<i64> time_ns) {
  const auto open = unfinished_.find(pid);
  if (open == unfinished_.end() && superseded_by_ && line.name.starts_with("execve")) {
    log_.orphans.push_back({log_.items.size(), *superseded_by_, line.name, line.text});
    superseded_by_.reset();
    add_item(ItemKind::kExit, pid, time_ns);
    return {};
  }
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
  call.slept = line.slept;
  add_item(ItemKind::kExit, pid, time_ns).call = open->second;
  unfinished_.erase(open);
  return {};
}

/// With -b strace lets go of a task at its execve(). At the end of its own run it lets go of all,
/// and nothing comes behind that.
void Reader::note_detached(const StraceLine& line, i64 pid, std::optional<i64> time_ns) {
  if (line.detached && line.name.starts_with("execve")) {
    add_item(ItemKind::kLetGo, pid, time_ns);
  }
}

/// A thread called execve() and takes over the pid of its process. What the old leader was in, if
/// anything, never returns.
void Reader::supersede(i64 pid, i64 by) {
  unfinished_.erase(pid);
  alive_.erase(by);
  superseded_by_ = by;
  if (auto open = unfinished_.extract(by)) {
    open.key() = pid;
    unfinished_.insert(std::move(open));
  }
}

/// Where SIGKILL overtakes strace, it cannot ask what the task's call returned, and prints what it
/// learned last, of another task: such a call has not returned.
void Reader::forget_borrowed_result(i64 pid) {
  std::size_t last = log_.items.size();
  while (last > first_item_ && log_.items[last - 1].pid != pid) {
    --last;
  }
  if (last < first_item_ + 2) {
    return;
  }
  const LogItem& end = log_.items[last - 1];
  const LogItem& before = log_.items[last - 2];
  if (end.kind != ItemKind::kExit || before.kind != ItemKind::kExit) {
    return;
  }
  CallRecord& call = log_.calls[end.call];
  if (call.split && call.pid == pid &&
      plain_result(call) == plain_result(log_.calls[before.call])) {
    call.tail = "<unfinished ...>) = ?";
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
  const std::size_t known = alive_.size();
  const i64 pid = pid_of(line);
  if (line.kind == LineKind::kResumed && alive_.size() > known && !superseded_by_) {
    log_.cut_lines.emplace_back(
        log_.lines, fmt::format("the log begins in the middle of this task's {}, which is left out",
                                line.name));
    return {};
  }
  switch (line.kind) {
    case LineKind::kCall:
    case LineKind::kUnfinished:
      if (auto begun = begin_call(line, pid, time_ns); !begun) {
        return begun;
      }
      note_detached(line, pid, time_ns);
      return {};
    case LineKind::kDetached:
      note_detached(line, pid, time_ns);
      return {};
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
  if (line.kind == LineKind::kKilled && line.name == "SIGKILL") {
    forget_borrowed_result(pid);
  }
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
  if (lines_at_ends_) {
    text = with_torn_half(text);
  }
  const StraceLine line = parse_line(text);
  if (lines_at_ends_ && line.kind == LineKind::kUnfinished) {
    torn_ = text.ends_with("<unfinished ...>") ? text : std::string_view{};
  }
  if (line.kind == LineKind::kAttached) {
    carried_ = line.text;
  } else if (line.kind == LineKind::kUnknown) {
    in_summary_ = in_summary_ || text.starts_with("% time ");
    if (in_summary_) {
      return {};
    }
    if (cut_off && log_.items.size() > first_item_) {
      log_.cut_lines.emplace_back(log_.lines, "the log ends in the middle of a line");
      return {};
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
    if (lines_at_ends_ && log_.orphans.empty()) {
      put_beginnings_apart(log_, first_item_);
    }
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
    Reader reader(log, file.name, text, file.pid);
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
  if (auto joined = join_orphans(log); !joined) {
    return std::unexpected(std::move(joined.error()));
  }
  if (texts.size() > 1) {
    merge(log, std::move(lanes));
  }
  return log;
}

}  // namespace ipcsim::strace
