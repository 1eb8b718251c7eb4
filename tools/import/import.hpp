// strace text -> trace.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/types.hpp"
#include "sim/kernel/environment.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

struct ImportOptions {
  /// The machine that the log was recorded on. Its tasks and, where the log has a clock, its time
  /// are taken from the log; uid, nice and limits of the first task are those of every task of the
  /// log that no other made.
  Environment environment;
  /// The trace's title; empty: the command that the log begins with.
  std::string title;
};

/// How often something happened to calls of one name.
using CallCounts = std::vector<std::pair<std::string, u64>>;

/// What became of a log, for its user.
struct ImportReport {
  u64 lines = 0;
  u64 tasks = 0;          ///< in the trace
  u64 tasks_dropped = 0;  ///< never had anything that the model has
  u64 calls_kept = 0;     ///< as they are, or for what they do to descriptors, tasks and signals
  u64 calls_dropped = 0;  ///< sum of the three lists below
  CallCounts dropped_by_call;    ///< on other files, or about other things; by name
  CallCounts no_effect_by_call;  ///< on pipes, FIFOs and queues, without effect on them; by name
  CallCounts
      inherited_pipe_by_call;  ///< on pipes from before the recording: not modelled yet; by name
  /// "LOG:LINE: what": calls on our objects that could not be imported, and lines that are none of
  /// strace's. Replaying the trace may show differences that come from them. Of more than
  /// kMostNotUnderstood only the first are listed.
  std::vector<std::string> not_understood;
  u64 not_understood_total = 0;
  u64 cut_strings = 0;         ///< data of which the log shows only the beginning
  u64 inherited_pipes = 0;     ///< from before the recording, that the trace has
  u64 passed_descriptors = 0;  ///< that a message or pidfd_getfd() took to another process
  u64 supposed_calls = 0;      ///< not in the log, but made up so that its results can be
  u64 unseen_descriptors = 0;  ///< descriptors that must be open though no line opened them
};

inline constexpr std::size_t kMostNotUnderstood = 1000;

/// Makes a trace of order `observed` of the text that strace wrote. `name` stands for the log in
/// messages and origins. Fails when the text is no log of strace, or contradicts itself in a
/// call on a pipe, FIFO or queue.
[[nodiscard]] std::expected<std::pair<Trace, ImportReport>, TraceError> import_strace(
    std::string_view text, std::string name, const ImportOptions& options);

/// One of several files that `strace -ff -o LOG` wrote: LOG.123 has the lines of task 123.
struct LogFile {
  std::string name;  ///< in messages and origins
  std::string_view text;
  std::optional<i64> pid;  ///< of the file's name
};

/// The same of several files. Their lines need times, and durations (-T) are of use: the order of
/// two tasks' calls is known from these alone.
[[nodiscard]] std::expected<std::pair<Trace, ImportReport>, TraceError> import_strace(
    std::span<const LogFile> logs, const ImportOptions& options);

/// The report for people, several lines.
[[nodiscard]] std::string to_text(const ImportReport& report);

}  // namespace ipcsim
