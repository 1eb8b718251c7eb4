// An explanation told for a person: who slept where, for how long, who ended it, what held what.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/replay/explain.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// One call of a trace, from its event to its end.
struct ToldCall {
  TaskId task;
  u32 event = 0;       ///< index of its CallEvent
  std::string text;    ///< "read(3, 100)"
  std::string result;  ///< "5 "hello"", empty: it did not end
  i64 began_ns = 0;
  std::optional<i64> ended_ns;
  bool slept = false;
  std::string where;            ///< what it slept on: "pipe:1", empty if it did not
  std::optional<u32> woken_by;  ///< index into Story::calls; nothing: time or a signal did
  i64 asleep_ns = 0;            ///< as recorded; else from its beginning to its waker's, at most
  i64 woken_ns = 0;             ///< when its waker's call began
  std::optional<RecordedSleep> recorded;  ///< what the recorder's kernel did
};

/// How full a pipe or queue was over time.
struct ToldObject {
  std::string name;  ///< "pipe:1", "queue q"
  struct Level {
    i64 time_ns = 0;
    u64 bytes = 0;
    u32 slots = 0;  ///< slots of a pipe, messages of a queue
  };
  std::vector<Level> levels;  ///< each change
  u64 most_bytes = 0;
  u32 most_slots = 0;
  u32 capacity = 0;  ///< slots or messages that fit
};

/// A task that is asleep where the trace ends.
struct ToldSleeper {
  TaskId task;
  std::string text;   ///< the call
  std::string where;  ///< "pipe:1"
  std::string waits;  ///< what would free it
};

/// How the sleeps that were recorded and those of the order that was found go together.
struct RecordedSleeps {
  u64 calls = 0;       ///< that slept as recorded, and ended
  u64 found = 0;       ///< of these, that sleep in the order too
  u64 wakers = 0;      ///< of these, whose waker was recorded
  u64 same_waker = 0;  ///< of these, woken by the same task
};

struct Story {
  std::vector<ToldCall> calls;  ///< by their events
  std::vector<ToldObject> objects;
  std::vector<ToldSleeper> sleepers;
  bool has_times = false;  ///< otherwise times are the places of events in the trace
};

/// The schedule of a settled trace: after each action the runnable tasks run in their order.
/// REQUIRES: each action can be posted where it stands, as run_settled() found.
[[nodiscard]] std::vector<ScheduleEntry> settled_schedule(const Trace& trace,
                                                          const KernelProfile& profile);

/// Compares a story's sleeps with the recorded ones.
[[nodiscard]] RecordedSleeps recorded_sleeps(const Story& story);

/// Goes through the schedule of an explanation once more. REQUIRES: the verdict is kExplained, and
/// the profile is the one it was found with.
[[nodiscard]] Story tell(const Trace& trace, const KernelProfile& profile,
                         const std::vector<ScheduleEntry>& schedule);

/// The story as text: sleeps from the longest on, at most `most_sleeps` of them.
[[nodiscard]] std::string to_text(const Story& story, std::size_t most_sleeps);

}  // namespace ipcsim
