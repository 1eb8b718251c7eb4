// The text of a log before its lines are understood: lines, clocks, whose lines have no pid.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools/import/strace_line.hpp"

namespace ipcsim::strace {

/// Takes the first line off `text`, without its newline.
[[nodiscard]] std::string_view take_line(std::string_view& text);

/// Makes one clock of strace's four kinds of time.
class LogClock {
 public:
  [[nodiscard]] std::optional<i64> read(const StraceLine& line);

 private:
  i64 now_ns_ = 0;
  i64 days_ns_ = 0;
};

/// The pid of the task whose lines have none: of standard error's lines strace marks only those
/// that come while there are several tasks. It is the first pid that no line says was made; 0 if
/// none is, or if the log begins with a pid.
[[nodiscard]] i64 nameless_pid(std::string_view text);

/// True for a log of strace -z, which leaves out calls that failed: none did among many.
[[nodiscard]] bool has_only_successes(std::string_view text);

/// True for such a log of several tasks: -z holds a line back until the call has ended, so it
/// stands there, and its time is from before. No call is in two halves, and times go back.
[[nodiscard]] bool has_lines_at_ends(std::string_view text);

/// -xx writes what -y prints behind a descriptor in hexadecimal too: 3<\x70\x69\x70\x65>. Here it
/// is as plain -y has it. A string in quotes never has a '<' before a "\x": it would be \x3c.
[[nodiscard]] std::string with_plain_annotations(std::string_view text);

}  // namespace ipcsim::strace
