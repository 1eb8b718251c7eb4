// Tasks and processes of a simulated kernel, and the calls they are in.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <variant>
#include <vector>

#include "model/base/caps.hpp"
#include "model/base/shared.hpp"
#include "model/base/types.hpp"
#include "model/mqueue/mqueue_inode.hpp"
#include "model/pipe/pipe_file.hpp"
#include "model/pipe/pipe_io.hpp"
#include "model/pipe/pipe_splice.hpp"
#include "sim/kernel/call.hpp"
#include "sim/kernel/credentials.hpp"
#include "sim/kernel/file.hpp"
#include "sim/kernel/stored_call.hpp"
#include "sim/kernel/wait_queue.hpp"

namespace ipcsim {

using ProcessId = Strong<struct ProcessIdTag, u32>;

/// A set of signals 1..64.
struct SignalSet {
  u64 bits = 0;

  [[nodiscard]] constexpr bool has(Signal s) const { return (bits >> (s.v - 1) & 1U) != 0; }
  constexpr void add(Signal s) { bits |= u64{1} << (s.v - 1); }
  constexpr void remove(Signal s) { bits &= ~(u64{1} << (s.v - 1)); }
  [[nodiscard]] constexpr bool empty() const { return bits == 0; }
  bool operator==(const SignalSet&) const = default;
};

// A call in progress: which file it holds, and the kernel function's locals that outlive a sleep.

struct WriteInProgress {
  FileId file;
  PipeWrite locals;
  bool operator==(const WriteInProgress&) const = default;
};
struct ReadInProgress {
  FileId file;
  PipeRead locals;
  bool operator==(const ReadInProgress&) const = default;
};
/// open() of a FIFO: the descriptor is reserved and the file made, but not yet visible.
struct OpenInProgress {
  FileId file;
  Fd fd;
  FifoOpen locals;
  bool operator==(const OpenInProgress&) const = default;
};
/// A sender or receiver in a queue's list. `ready`: a peer has completed it.
struct MqSendInProgress {
  FileId file;
  bool ready = false;
  bool operator==(const MqSendInProgress&) const = default;
};
struct MqReceiveInProgress {
  FileId file;
  bool ready = false;
  MqMessage message;
  bool operator==(const MqReceiveInProgress&) const = default;
};
/// splice(), tee(), sendfile() and vmsplice().
struct SpliceInProgress {
  std::vector<FileId> files;  ///< held: the input and the output; the one file of vmsplice()
  u64 pos = 0;                ///< the file's position or offset when the call began
  std::variant<PipeToPipe, SpliceOut, SpliceIn> locals;
  bool operator==(const SpliceInProgress&) const = default;
};
/// poll(): the registrations it waits with.
struct PollInProgress {
  std::vector<FileId> files;  ///< held while registered
  std::vector<WaitEntryId> entries;
  bool operator==(const PollInProgress&) const = default;
};
/// vfork(): waiting for the child to exec or exit.
struct VforkInProgress {
  bool operator==(const VforkInProgress&) const = default;
};
/// execve(): waiting for the other threads to end.
struct ExecInProgress {
  bool operator==(const ExecInProgress&) const = default;
};

using CallInProgress = std::variant<std::monostate, WriteInProgress, ReadInProgress, OpenInProgress,
                                    MqSendInProgress, MqReceiveInProgress, PollInProgress,
                                    VforkInProgress, ExecInProgress, SpliceInProgress>;

/// Where a task is.
enum class TaskState : u8 {
  kIdle,      ///< in user space, in no call
  kRunnable,  ///< on the run queue
  kAsleep,    ///< interruptibly asleep in a call
  kDead,
};

/// When a sleep times out, or never; to be used as a std::optional<Nanoseconds> half its size.
class Deadline {
 public:
  Deadline() = default;
  // Conversions on purpose: `task.deadline = later(...)`.
  Deadline(Nanoseconds time) : time_(std::min(time.v, kNever - 1)) {}
  Deadline(std::optional<Nanoseconds> time) : Deadline(time ? Deadline(*time) : Deadline()) {}

  explicit operator bool() const { return time_ != kNever; }
  /// REQUIRES: there is one.
  [[nodiscard]] Nanoseconds operator*() const { return Nanoseconds{time_}; }
  void reset() { time_ = kNever; }
  bool operator==(const Deadline&) const = default;

 private:
  static constexpr i64 kNever = std::numeric_limits<i64>::max();
  i64 time_ = kNever;
};

/// A thread (`struct task_struct`). A simulated system may have a million, most of them asleep.
struct Task {
  ProcessId process;
  FdTableId files;
  FsId fs;
  MmId mm;
  WaitEntryId wait_entry = kNoWaitEntry;
  Shared<Credentials> cred;  ///< empty for a number never used
  TaskState state = TaskState::kIdle;
  bool killed = false;  ///< SIGKILL is pending: it dies when it next runs
  u16 call_number = 0;  ///< which call it is in (`kCallNumber`), 0 when in none
  TaskId vfork_parent;  ///< asleep until this task execs or is gone
  SignalSet pending;    ///< sent to this thread
  SignalSet blocked;
  StoredCall call;          ///< the call it is in, empty in the section that began it
  CallInProgress progress;  ///< empty until the call first sleeps
  Deadline deadline;        ///< of the sleep
  i32 prio = 120;           ///< effective priority on the kernel's scale
  TaskId run_next;          ///< next on the run queue

  [[nodiscard]] bool in_call() const { return call_number != 0; }
  bool operator==(const Task&) const = default;
};

/// A thread that died in a call, and what that call had returned if it had.
struct DeadThread {
  TaskId task;
  std::optional<SysResult> result;
  bool operator==(const DeadThread&) const = default;
};

/// A process (`struct signal_struct` and what its threads share).
struct Process {
  TaskId leader;
  u32 live_threads = 1;
  u64 rlimit_nofile = 0;
  u64 rlimit_msgqueue = 0;
  SignalSet handled;         ///< signals with a handler
  SignalSet ignored;         ///< signals set to SIG_IGN
  SignalSet restart;         ///< signals whose handler has SA_RESTART
  SignalSet shared_pending;  ///< sent to the process
  bool exiting = false;      ///< every thread dies when it next runs
  Signal exit_signal;        ///< what killed it; 0: it exits by itself
  TaskId exec_waiter;        ///< the thread whose execve() waits for the others
  /// Threads that died in a call since the process began to exit, for the report at its end.
  std::vector<DeadThread> died_in_call;

  bool operator==(const Process&) const = default;
};

}  // namespace ipcsim
