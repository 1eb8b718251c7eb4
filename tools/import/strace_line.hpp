// One line of strace: who, when, and what kind of line it is.
#pragma once

#include <optional>
#include <string_view>

#include "model/base/types.hpp"

namespace ipcsim::strace {

/// What a time column counts from.
enum class Clock : u8 {
  kNone,
  kUnix,      ///< -ttt: since 1970
  kDay,       ///< -t, -tt: since midnight
  kPrevious,  ///< -r: since the line before
};

/// What our own recorder adds to the end of a call, and strace cannot tell:
/// `{slept 2 times, <0.000012345>, woken by 123}`.
struct SleepNote {
  i64 times = 0;
  i64 ns = 0;
  i64 woken_by = 0;  ///< a pid; 0: not known
};

struct StraceLine {
  enum class Kind : u8 {
    kCall,        ///< name(text: the whole call in one line
    kUnfinished,  ///< name(text <unfinished ...>
    kResumed,     ///< <... name resumed>text
    kSignal,      ///< --- name {text} ---
    kExited,      ///< +++ exited with number +++
    kKilled,      ///< +++ killed by name +++
    kSuperseded,  ///< +++ superseded by execve in pid number +++
    kDetached,    ///< <... name resumed>text <detached ...>: the call goes on unseen
    kAttached,    ///< strace: Process number attached, behind `text` of a line that goes on
    kNoise,       ///< strace's own remarks, dumps, stack traces, an empty line
    kUnknown,     ///< no line of strace
  };
  Kind kind = Kind::kUnknown;
  std::optional<i64> pid;
  Clock clock = Clock::kNone;
  i64 time_ns = 0;
  std::string_view name;
  std::string_view text;
  i64 number = 0;
  std::optional<SleepNote> slept;
  bool detached = false;  ///< strace lets go of the task: nothing that it does is shown any more
};

/// Takes a line apart, without its newline. Never fails: what it cannot be is kUnknown.
[[nodiscard]] StraceLine parse_line(std::string_view line);

/// A number of seconds with up to nine digits behind the point, in nanoseconds.
[[nodiscard]] std::optional<i64> parse_seconds(std::string_view text);

}  // namespace ipcsim::strace
