// What a run of a workload is made of while it goes on.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "model/base/user_memory.hpp"
#include "model/mqueue/mq_ops.hpp"
#include "model/pipe/pipe_io.hpp"
#include "model/pipe/pipe_size.hpp"
#include "sim/kernel/wait_queue.hpp"
#include "sim/workload/fair_queue.hpp"
#include "sim/workload/run.hpp"

namespace ipcsim::workload {

inline constexpr i64 kPicosecondsPerNanosecond = 1000;

/// Means over stretches of equal length. The stretches double when they no longer suffice.
class TimelineMeter {
 public:
  void add(i64 from, i64 to, double value);
  [[nodiscard]] Timeline finish(i64 end) const;

 private:
  static constexpr std::size_t kStretches = 64;
  i64 stretch_ = kPicosecondsPerNanosecond;
  std::array<double, kStretches> area_{};
};

/// How full an object is, was, and was at most.
struct Meter {
  u64 bytes = 0;
  u64 places = 0;
  i64 since = 0;
  double byte_area = 0;
  double place_area = 0;
  u64 most_bytes = 0;
  u64 most_places = 0;
  TimelineMeter timeline;

  void change(i64 now, u64 new_bytes, u64 new_places, bool with_timeline);
};

/// Bytes of a write that are still on their way.
struct Mark {
  u64 end = 0;  ///< position in the stream behind its last byte
  i64 began = 0;
};

struct Object {
  bool queue = false;
  bool packets = false;
  PipeInode pipe;
  MqueueInode mq;
  WaitQueueId rd_wait;  ///< of a queue: pollers
  WaitQueueId wr_wait;
  i64 free_at = 0;  ///< when the lock is dropped
  Meter meter;
  u64 pages_allocated = 0;
  u64 pages_reused = 0;
  u64 stream_in = 0;
  u64 stream_out = 0;
  std::deque<Mark> marks;                  ///< of a pipe
  std::map<u32, std::deque<i64>> sent_at;  ///< of a queue, by priority: when each message was sent
};

struct File {
  u32 object = 0;
  PipeMode mode;
  u32 holds = 0;
};

/// Wakes every waiter that is not exclusive, and one exclusive one or all.
enum class WakeHow : u8 { kOne, kAll };

enum class TaskState : u8 { kNotStarted, kRunnable, kAsleep, kDone };
enum class CallPhase : u8 {
  kNextCall,  ///< the next section begins a call
  kPolling,   ///< in poll()
  kTransfer,  ///< in the transfer, or about to begin it after poll()
};

struct Task {
  u32 step = 0;
  u64 left = 0;  ///< of the step's amount
  TaskState state = TaskState::kNotStarted;
  CallPhase phase = CallPhase::kNextCall;
  bool in_transfer = false;  ///< the transfer has had a section
  bool completed = false;    ///< of a queue's sleeper: a peer has ended the call
  bool woken = false;        ///< and has not shown yet what for
  bool fresh = false;        ///< woken, and has not run since
  bool sleeps_for_room = false;
  bool slept_in_call = false;   ///< since the present call began
  bool pays_for_sleep = false;  ///< it slept, and has not run since
  u32 processor = 0;
  u32 run_next = kNobody;
  WaitEntryId entry = kNoWaitEntry;
  i64 ready_at = 0;   ///< when it can take its next section
  i64 asleep_at = 0;  ///< when its falling asleep is over
  i64 call_began = 0;
  i64 handed_sent_at = 0;  ///< of a receiver that got its message while asleep
  u64 call_bytes = 0;
  UserSegment buffer;
  PipeWrite write;
  PipeRead read;
  FifoOpen open;
  std::vector<std::pair<u32, u64>> ahead;  ///< bytes read beyond a step, by object
  Random random{1};
  RunCounts counts;
};

struct Processor {
  i64 now = 0;
  u32 first = kNobody;  ///< run queue
  u32 last = kNobody;
  u32 current = kNobody;  ///< who ran last
  FairQueue fair;         ///< of kFair, instead of the run queue
};

}  // namespace ipcsim::workload
