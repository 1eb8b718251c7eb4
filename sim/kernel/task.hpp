// Tasks and processes of a simulated kernel, and the calls they are in.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "model/base/boxed.hpp"
#include "model/base/caps.hpp"
#include "model/base/types.hpp"
#include "model/mqueue/mqueue_inode.hpp"
#include "model/pipe/pipe_file.hpp"
#include "model/pipe/pipe_io.hpp"
#include "model/pipe/pipe_splice.hpp"
#include "sim/kernel/call.hpp"
#include "sim/kernel/credentials.hpp"
#include "sim/kernel/file.hpp"
#include "sim/kernel/signal_info.hpp"
#include "sim/kernel/stored_call.hpp"
#include "sim/kernel/wait_queue.hpp"

namespace ipcsim {

using ProcessId = Strong<struct ProcessIdTag, u32>;

// A call in progress: which file it holds, and the kernel function's locals that outlive a sleep.

struct WriteInProgress {
  FileId file;
  u32 rw_flags = 0;  ///< RWF_*
  PipeWrite locals;
  bool operator==(const WriteInProgress&) const = default;
};
struct ReadInProgress {
  FileId file;
  u32 rw_flags = 0;  ///< RWF_*
  PipeRead locals;
  SharedBytes bytes;  ///< what it has taken before it slept
  bool operator==(const ReadInProgress&) const = default;
};
/// F_SETPIPE_SZ between waking the writers and the new size's coming into force.
struct ResizeInProgress {
  FileId file;
  u32 slots = 0;
  bool operator==(const ResizeInProgress&) const = default;
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
/// A file that poll() waits for, with its entries in the file's wait queues.
struct PolledFile {
  FileId file;  ///< held while registered
  std::array<WaitEntryId, 2> entries{kNoWaitEntry, kNoWaitEntry};
  bool operator==(const PolledFile&) const = default;
};
/// poll(): the registrations it waits with.
struct PollInProgress {
  std::vector<PolledFile> files;
  bool operator==(const PollInProgress&) const = default;
};
/// epoll_wait(): asleep in the instance's queue.
struct EpollWaitInProgress {
  FileId file;
  bool operator==(const EpollWaitInProgress&) const = default;
};
/// pause(): waiting for a signal.
struct PauseInProgress {
  bool operator==(const PauseInProgress&) const = default;
};
/// vfork(): waiting for the child to exec or exit.
struct VforkInProgress {
  bool operator==(const VforkInProgress&) const = default;
};
/// execve(): waiting for the other threads to end.
struct ExecInProgress {
  bool operator==(const ExecInProgress&) const = default;
};

/// recvfrom() of an empty socket.
struct RecvInProgress {
  FileId file;
  bool operator==(const RecvInProgress&) const = default;
};

using CallInProgress =
    std::variant<std::monostate, WriteInProgress, ReadInProgress, OpenInProgress, MqSendInProgress,
                 MqReceiveInProgress, PollInProgress, EpollWaitInProgress, PauseInProgress,
                 VforkInProgress, ExecInProgress, SpliceInProgress, ResizeInProgress,
                 RecvInProgress>;

/// Where a task is.
enum class TaskState : u8 {
  kIdle,      ///< in user space, in no call
  kRunnable,  ///< on the run queue
  kAsleep,    ///< interruptibly asleep in a call
  kStopped,   ///< stopped on its way back to user space, in a call or in none
  kExiting,   ///< on its way out: it releases what it had, and nobody tells it of signals
              ///< (PF_EXITING)
  kDead,
};

/// A handler that is to run, with the mask that is put back after it (a frame on the user stack).
struct SignalFrame {
  SignalInfo info;
  SignalSet saved_mask;
  bool operator==(const SignalFrame&) const = default;
};

/// What taking the pending signals on the way back to user space has led to so far.
struct SignalsTaken {
  bool dies = false;   ///< the task is to die
  bool stops = false;  ///< the task is to stop here, and to go on from here
  bool handler_ran = false;
  bool restart = true;              ///< the first handler has SA_RESTART (true when none ran)
  std::vector<SignalFrame> frames;  ///< handlers that are to run, the last one first
  bool operator==(const SignalsTaken&) const = default;
};

/// A stopped task's way back to user space: what it takes up when it goes on.
struct ReturnInProgress {
  std::optional<Completion> completion;  ///< of its call; nothing: it is in none, or before one
  std::optional<Nanoseconds> deadline;   ///< of its call
  SignalsTaken taken;
  bool operator==(const ReturnInProgress&) const = default;
};

/// The pipe that a task has for itself from its first sendfile() between files until its end
/// (`task_struct.splice_pipe`). It is in no table, and empty between calls.
struct SplicePipe {
  UserId user;    ///< who is charged
  u32 slots = 0;  ///< of its ring
  bool operator==(const SplicePipe&) const = default;
};

/// What follows from a task's scheduling calls, besides its priority.
struct Sched {
  i32 nice = 0;         ///< static priority, -20 to 19
  u32 policy = 0;       ///< SCHED_*
  i32 rt_priority = 0;  ///< of SCHED_FIFO and SCHED_RR
  bool operator==(const Sched&) const = default;
};

/// What few tasks have.
struct TaskExtras {
  PendingSignals pending;                  ///< sent to this thread
  std::optional<SignalSet> saved_sigmask;  ///< put back when the call with a mask of its own ends
  std::shared_ptr<const ReturnInProgress> returning;  ///< of a stopped task
  std::optional<Nanoseconds> deadline;                ///< when the sleep times out
  /// When the call that is about to start again times out (`struct restart_block`).
  std::optional<Nanoseconds> restart_deadline;
  TaskId vfork_parent;  ///< asleep until this task execs or is gone
  Sched sched;
  std::optional<SplicePipe> splice_pipe;
  /// Where its children will be, once it has left the namespace that it is in for them.
  std::optional<PidNsId> pid_ns_for_children;

  friend bool operator==(const TaskExtras& a, const TaskExtras& b);
};
inline const TaskExtras kNoExtras;

/// A thread (`struct task_struct`). Many of them sleep at a time, so it is kept small.
struct Task {
  ProcessId process;
  FdTableId files;
  FsId fs;
  MmId mm;
  std::shared_ptr<const Credentials> cred;  ///< shared with copies; null for a number never used
  TaskState state = TaskState::kIdle;
  bool killed = false;        ///< SIGKILL is pending: it dies when it next runs
  bool stop_pending = false;  ///< its process stops: it stops when it next runs
  /// It was told to look at its signals (TIF_SIGPENDING): sleeps end, and no other signal chooses
  /// it. Of a signal to the process only the thread that was chosen is told.
  bool sigpending = false;
  u16 call_number = 0;  ///< which call it is in (`kCallNumber`), 0 when in none
  SignalSet blocked;
  Boxed<TaskExtras> extras;  ///< see rare()
  StoredCall call;           ///< the call it is in; empty in the only section of Kernel::syscall()
  CallInProgress progress;   ///< empty until the call first sleeps
  Nanoseconds entered;       ///< when the call began: timeouts count from here
  WaitEntryId wait_entry = kNoWaitEntry;
  i32 prio = 120;   ///< effective priority on the kernel's scale
  IpcNsId ipc;      ///< its IPC namespace
  TaskId run_next;  ///< next on the run queue

  [[nodiscard]] const TaskExtras& rare() const { return extras ? *extras : kNoExtras; }
  /// The same to be changed.
  [[nodiscard]] TaskExtras& make_rare() { return extras ? *extras : extras.emplace(); }
  void remove_pending(Signal signal) {
    if (extras) {
      extras->pending.remove(signal);
    }
  }
  /// True when the sleep's time is over.
  [[nodiscard]] bool timed_out(Nanoseconds now) const {
    return rare().deadline && *rare().deadline <= now;
  }
  [[nodiscard]] bool in_call() const { return call_number != 0; }
  /// True when it is in one of these calls.
  template <class... Calls>
  [[nodiscard]] bool in_any() const {
    return is_any_call<Calls...>(call_number);
  }
  /// It is in this call from now on.
  void enter(u16 number, Nanoseconds now) {
    call_number = number;
    entered = now;
  }
  /// It is back in user space.
  void leave() {
    call_number = 0;
    call = {};
    if (extras) {
      extras->restart_deadline.reset();
    }
    state = TaskState::kIdle;
  }
  friend bool operator==(const Task& a, const Task& b);
};

/// The files that the task's sleeping call holds.
[[nodiscard]] std::vector<FileId> held_files(const Task& task);

/// A thread that died in a call, and what that call had returned if it had, or why the model has no
/// answer to what it did; or in no call, where an execve() replaces it.
struct DeadThread {
  TaskId task;
  bool in_call = true;
  bool reported = false;  ///< as replaced by an execve(), which may still not return
  std::optional<SysResult> result;
  Boxed<std::string> not_modelled;
  bool operator==(const DeadThread&) const = default;
};

/// Most bytes that a handler stores.
inline constexpr u64 kMostHandlerStore = 256;
/// What a handler stores in the buffer of the call that it interrupts.
struct HandlerStore {
  Signal signal;
  Payload bytes;
  bool operator==(const HandlerStore&) const = default;
};

/// A process (`struct signal_struct` and what its threads share).
struct Process {
  TaskId leader;
  u32 live_threads = 1;
  PidNsId pid_ns;
  /// It is the first one of its PID namespace (SIGNAL_UNKILLABLE): signals by default do nothing.
  bool unkillable = false;
  u64 rlimit_nofile = 0;
  u64 rlimit_msgqueue = 0;
  SignalSet handled;    ///< signals with a handler
  SignalSet ignored;    ///< signals set to SIG_IGN
  SignalSet restart;    ///< signals whose handler has SA_RESTART
  SignalSet nodefer;    ///< with SA_NODEFER
  SignalSet resethand;  ///< with SA_RESETHAND
  std::vector<HandlerStore> handler_stores;
  PendingSignals shared_pending;  ///< sent to the process
  bool stopped = false;           ///< a stop signal was taken, and no SIGCONT since
  bool exiting = false;           ///< every thread dies when it next runs
  Signal exit_signal;             ///< what killed it; 0: it exits by itself
  u64 self_exec_id = 0;           ///< how often it has called execve()
  TaskId exec_waiter;             ///< the thread whose execve() waits for the others
  TaskId curr_target;             ///< the thread last chosen for a signal; nobody: the leader
  /// Threads that died since it began to exit, or an execve() to replace them.
  std::vector<DeadThread> dead_threads;

  bool operator==(const Process&) const = default;
};

}  // namespace ipcsim
