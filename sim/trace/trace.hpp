// A trace as values: an environment, then events. traces/README.md specifies the text form.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/base/caps.hpp"
#include "model/base/types.hpp"
#include "model/mqueue/mq_limits.hpp"
#include "model/pipe/pipe_size.hpp"
#include "sim/kernel/call.hpp"
#include "sim/kernel/environment.hpp"
#include "sim/kernel/signal_info.hpp"
#include "sim/trace/object_state.hpp"

namespace ipcsim {

/// The version of the format that this program reads and writes.
inline constexpr int kTraceVersion = 1;

/// The greatest descriptor that a trace may declare as open: one below the usual fs.nr_open.
inline constexpr i32 kMostOtherFd = 1'048'575;
/// The greatest number that a trace may give a task. Both bound what a table of them can cost.
inline constexpr u32 kMostTask = 1'000'000;

/// What the order of the events means.
enum class TraceOrder : u8 {
  /// Each event happened when every task slept or was idle, and was run until that was so again:
  /// the order of the returns is the order of completion, and is checked.
  kSettled,
  /// As settled, but between two such moments the tasks ran on several CPUs: any order of their
  /// lock-held sections is right. Actions with nothing between them happened at the same time.
  kConcurrent,
  /// Calls overlapped freely, as a recorder saw them: a call took effect somewhere between its
  /// event
  /// and its return's, and any interleaving that gives every result is right.
  kObserved,
};

/// The first line of a trace.
struct TraceHeader {
  std::string title;  ///< one line for people: what the trace shows
  TraceOrder order = TraceOrder::kSettled;
  Environment environment;  ///< all that results depend on
  bool operator==(const TraceHeader&) const = default;
};

/// A task makes a call. With `result` it is also its return (the one-line form).
struct CallEvent {
  TaskId task;
  Call call;
  std::optional<SysResult> result;
  bool operator==(const CallEvent&) const = default;
};
/// The task's call is asleep when everything has settled.
struct SleepEvent {
  TaskId task;
  std::string call;
  bool operator==(const SleepEvent&) const = default;
};
/// The task's call returned.
struct ReturnEvent {
  TaskId task;
  std::string call;
  SysResult result;
  bool operator==(const ReturnEvent&) const = default;
};
/// The task is gone: killed by `signal`, or 0: its process ended while it was in a call.
struct DiedEvent {
  TaskId task;
  Signal signal;
  bool operator==(const DiedEvent&) const = default;
};
/// A signal from outside, to this task alone (as tgkill() sends it).
struct SignalEvent {
  TaskId task;
  Signal signal;
  bool operator==(const SignalEvent&) const = default;
};
/// A handler of the task ran, for this signal.
struct HandledEvent {
  TaskId task;
  SignalInfo info;
  bool operator==(const HandledEvent&) const = default;
};
/// Virtual time goes on by so much; timeouts in it expire.
struct AdvanceEvent {
  Nanoseconds ns;
  bool operator==(const AdvanceEvent&) const = default;
};
/// The task's descriptor `fd` becomes some file that is not under study (`what` says which).
struct OtherFdEvent {
  TaskId task;
  Fd fd;
  bool cloexec = false;
  std::string what;
  bool operator==(const OtherFdEvent&) const = default;
};
/// A remark for readers. No machine sees it.
struct NoteEvent {
  std::string text;
  bool operator==(const NoteEvent&) const = default;
};

/// What the object behind a descriptor looks like when everything has settled. Only the fields that
/// are given say something.
struct StateEvent {
  TaskId holder;  ///< whose descriptor; it need not act
  Fd fd;
  ObjectState object;
  bool operator==(const StateEvent&) const = default;
};

using EventBody = std::variant<CallEvent, SleepEvent, ReturnEvent, DiedEvent, SignalEvent,
                               HandledEvent, AdvanceEvent, OtherFdEvent, NoteEvent, StateEvent>;

/// How a call slept on the recorder's kernel: whenever its task gave the processor up until
/// something happened or a signal came.
struct RecordedSleep {
  u64 times = 0;
  i64 ns = 0;            ///< in all
  TaskId woken_by = {};  ///< who ended the last one; kNoTask: nobody of the trace, or a timer

  bool operator==(const RecordedSleep&) const = default;
};

/// One line of a trace.
struct Event {
  EventBody body;
  u32 line = 0;                        ///< line in the file, from 1; 0 when it came from no file
  std::optional<i64> time_ns;          ///< when, on the recorder's clock; for people only
  std::optional<RecordedSleep> slept;  ///< of a call that ends here; for people only
  /// Where the event came from (a line of an strace log), for messages.
  std::string origin;

  /// The line number is no part of an event.
  friend bool operator==(const Event& a, const Event& b) {
    return a.body == b.body && a.time_ns == b.time_ns && a.slept == b.slept && a.origin == b.origin;
  }
};

/// A whole trace.
struct Trace {
  std::string name;  ///< the file's path, for messages
  TraceHeader header;
  std::vector<Event> events;

  /// The name is no part of a trace.
  friend bool operator==(const Trace& a, const Trace& b) {
    return a.header == b.header && a.events == b.events;
  }
};

/// Why a text is no trace: where, and what was expected there.
struct TraceError {
  std::string file;
  u32 line = 0;    ///< 0: the file as a whole
  u32 column = 0;  ///< in bytes, from 1; 0: the line as a whole
  std::string message;
  /// "FILE:LINE:COLUMN: MESSAGE", without the numbers that are 0
  [[nodiscard]] std::string text() const;
};

/// Reads a trace. `name` stands for the file in messages. Checks what parse_event() and
/// check_trace() check, in the order of the lines.
[[nodiscard]] std::expected<Trace, TraceError> parse_trace(std::string_view text, std::string name);
/// Reads one event, a line without its newline, or says in words what is wrong with it. Checks all
/// that can be seen without the other lines: types, ranges, names, and that a result fits its call.
[[nodiscard]] std::expected<Event, std::string> parse_event(std::string_view line);
/// Whether the events can follow each other: the tasks exist, a call begins in a task that is in
/// none, and a sleep or return belongs to the call in progress. What the calls do is not looked at.
/// In a settled trace a call that is not said to sleep may be left without a result: such a trace
/// is a program that nobody has recorded yet.
[[nodiscard]] std::expected<void, TraceError> check_trace(const Trace& trace);

/// The text of a trace: JSON Lines, one event a line, keys in a fixed order. Reading it back gives
/// an equal trace, except that bytes in texts for people that are not UTF-8 become U+FFFD.
/// REQUIRES: a buffer that the kernel reads has all its bytes up to `mapped`.
[[nodiscard]] std::string format_trace(const Trace& trace);
/// One event as a line, without the newline.
[[nodiscard]] std::string format_event(const Event& event);

}  // namespace ipcsim
