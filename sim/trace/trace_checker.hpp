// Whether the events of a trace can follow each other.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "sim/kernel/call.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// Follows which tasks exist and what call each is in. It knows nothing of what calls do.
class TraceChecker {
 public:
  explicit TraceChecker(const TraceHeader& header);

  /// Takes the next event. Returns what is wrong with it, in words; nothing is checked after that.
  [[nodiscard]] std::optional<std::string> check(const Event& event);

 private:
  struct Task {
    enum class State : u8 { kIdle, kInCall, kDead } state = State::kIdle;
    Call call;            ///< of kInCall
    bool asleep = false;  ///< of kInCall: the trace says that it sleeps
    u32 since = 0;        ///< the line from which on it is in that state
    u32 born = 0;         ///< the line of the call that made it; 0: the header has it
  };

  // These return the problem, if there is one.
  using Verdict = std::optional<std::string>;
  Verdict take(const CallEvent& event);
  Verdict take(const SleepEvent& event);
  Verdict take(const ReturnEvent& event);
  Verdict take(const DiedEvent& event);
  Verdict take(const SignalEvent& event);
  Verdict take(const HandledEvent& event);
  Verdict take(const AdvanceEvent& event);
  Verdict take(const OtherFdEvent& event);
  Verdict take(const StateEvent& event);
  static Verdict take(const NoteEvent& /*event*/) { return std::nullopt; }

  Verdict missing(TaskId task) const;
  Verdict busy(TaskId task) const;
  Verdict not_in(TaskId task, std::string_view call) const;
  void returned(TaskId task, const SysResult& result);
  [[nodiscard]] std::string since(u32 line) const;

  const bool settled_;
  std::map<TaskId, Task> tasks_;
  i64 now_ns_;
  u32 line_ = 0;        // of the event that is being checked
  bool begun_ = false;  // something has happened
};

}  // namespace ipcsim
