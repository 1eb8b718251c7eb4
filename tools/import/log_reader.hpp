// A whole log: its lines in order, with the two halves of each split call joined.
#pragma once

#include <deque>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/types.hpp"
#include "sim/trace/trace.hpp"
#include "tools/import/strace_line.hpp"

namespace ipcsim::strace {

/// A call: one line, or an unfinished and a resumed one.
struct CallRecord {
  i64 pid = 0;
  std::string_view name;
  std::string_view head;  ///< behind the opening parenthesis
  std::string_view tail;  ///< what the resumed line has, if any
  bool detached = false;  ///< strace lets go of the task in it
  bool split = false;     ///< two lines, or one and the call never returned
  bool finished = false;  ///< the line with the result is there
  u32 line = 0;           ///< where it began
  u32 end_line = 0;       ///< where its result stands
  std::optional<i64> time_ns;
  std::optional<i64> end_time_ns;
  std::optional<SleepNote> slept;  ///< between its beginning and its result

  /// All that is behind the opening parenthesis.
  [[nodiscard]] std::string text() const;
};

/// Something that happened, in the order of the log.
struct LogItem {
  enum class Kind : u8 {
    kEntry,       ///< calls[call] began
    kExit,        ///< calls[call] gave its result
    kSignal,      ///< `name` was delivered; `text` is its siginfo
    kExited,      ///< the task ended
    kKilled,      ///< `name` killed the task
    kSuperseded,  ///< the task `other_pid` called execve() and is `pid` from now on
    kLetGo,       ///< the task called execve(), and from there on strace does not show it (-b)
  };
  Kind kind = Kind::kEntry;
  u32 call = 0;
  i64 pid = 0;
  i64 other_pid = 0;
  u32 line = 0;
  std::optional<i64> time_ns;
  std::string_view name;
  std::string_view text;
};

/// One file of a log. `strace -ff` writes one a task.
struct LogText {
  std::string_view text;
  std::string name;        ///< for messages
  std::optional<i64> pid;  ///< whose lines these are, when they do not say
};

struct Log {
  /// Where each file begins: lines are counted through all of them.
  struct File {
    std::string name;
    u32 lines_before = 0;
  };
  std::vector<File> files;
  std::vector<CallRecord> calls;
  std::vector<LogItem> items;
  /// Lines that are none of strace's: number and the first bytes.
  std::vector<std::pair<u32, std::string>> strange_lines;
  /// Where the log was cut: lines that are left out, and why.
  std::vector<std::pair<u32, std::string>> cut_lines;
  u64 strange_count = 0;
  /// Of several files: an execve() that ends in the file of the process began in a thread's.
  struct Orphan {
    std::size_t item = 0;  ///< its end
    i64 by = 0;            ///< the thread
    std::string_view name;
    std::string_view tail;
  };
  std::vector<Orphan> orphans;
  u32 lines = 0;
  bool unix_clock = false;               ///< times count from 1970
  std::deque<std::string> mended_lines;  ///< lines that a remark of strace had cut in two

  /// The file that a line, counted through all of them, is in.
  [[nodiscard]] const File& file_of(u32 line) const;
  /// "FILE:LINE"
  [[nodiscard]] std::string where(u32 line) const;
  /// An error at a line; 0: the log as a whole.
  [[nodiscard]] TraceError error(u32 line, std::string message) const;
};

/// Longest line that is read, in bytes: `-s 1048576 -xx` makes lines of 4 MiB.
inline constexpr std::size_t kMostLineBytes = std::size_t{8} << 20U;

/// Reads the lines of `texts`; what is returned points into them. Several are put in order by their
/// times, a call's end by its beginning and duration; where two times are the same, calls overlap.
/// Fails when a text is no log of strace, is cut off in the middle of a line, or has halves of
/// calls that do not fit, or when several texts have no times that can be compared. REQUIRES: at
/// least one text.
[[nodiscard]] std::expected<Log, TraceError> read_log(std::span<const LogText> texts);

}  // namespace ipcsim::strace
