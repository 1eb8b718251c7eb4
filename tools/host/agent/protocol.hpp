// The memory that the coordinator, the supervisor and the agents share, and what they say to each
// other before they share it.
#pragma once

#include <atomic>
#include <cstddef>

#include "model/base/types.hpp"

namespace ipcsim::host {

/// Most tasks that live at one time.
inline constexpr u32 kMostSlots = 1024;
/// Room for the buffers of one call: the largest message of a queue (16 MiB) and what belongs to
/// it. A multiple of every page size.
inline constexpr u64 kWindowBytes = u64{20} << 20U;
/// Where the windows begin in the shared memory.
inline constexpr u64 kWindowsOffset = u64{1} << 20U;
/// The sparse whole.
inline constexpr u64 kSharedBytes = kWindowsOffset + kMostSlots * kWindowBytes;
/// Where every agent has the shared memory; fits processors with 39 address bits.
inline constexpr u64 kSharedAddress = u64{1} << 36U;
/// Where every agent has private memory for what vmsplice() hands out: named memory of 1 MiB each,
/// then pages that are used once.
inline constexpr u64 kPrivateAddress = u64{1} << 35U;
inline constexpr u64 kPrivateBytes = u64{1} << 30U;
inline constexpr u64 kMostPageNames = 64;
/// An address that is never mapped: below what the kernel lets anybody map.
inline constexpr u64 kBadAddress = 4096;
/// A process number that the kernel never gives out, and answers with ESRCH.
inline constexpr i32 kNobodysPid = 0x7fffffff;
/// Most buffers of a call that end in unmapped memory.
inline constexpr u32 kMostGuards = 8;

/// What an agent does when it is told to go on.
enum class Op : u32 {
  kNone,
  kSyscall,      ///< `nr` with `args`, after the stores
  kIa32Syscall,  ///< the same through the entry of 32-bit x86 programs; its buffers are in the
                 ///< window that ia32_window() says
  kAnswer,       ///< no call: the result is args[0]
  kStore,        ///< the stores alone
  kClone,        ///< clone() with the flags args[0] into the slot `child`
  kExec,         ///< execve() of this same agent
  kExit,         ///< exit() of the thread with the status args[0]
  kSigaction,    ///< args: signal, 0 default / 1 ignore / 2 handler, flags; the handler stores
                 ///< args[4] bytes, which are at args[3], in the interrupted call's buffer
  kSetrlimit,    ///< soft limit: args: resource, value
  kUnshare,      ///< unshare() with the flags args[0]
  kWriteFile,    ///< opens the file named args[0] and writes args[2] bytes at args[1] to it
  kOtherFd,      ///< makes descriptor args[0] /dev/null, with the O_ flags args[1]
  kSpin,         ///< never ends: for the test of the watchdog
};

/// Makes the kernel ring Header::bell when the task dies, before it closes the task's descriptors:
/// a list of "robust futexes" with one that the task seems to own, and the bell as one that it
/// seems to be about to take. Linux kernel/futex/core.c: exit_robust_list().
struct DeathNote {
  struct Link {
    u64 next;
  };
  Link head;         ///< `struct robust_list_head` from here
  i64 futex_offset;  ///< from a link to its futex
  u64 pending;
  Link link;
  std::atomic<u32> futex;  ///< the owner's number; the kernel sets kOwnerDied
};
inline constexpr u32 kOwnerDied = 0x4000'0000;

/// Bytes that a task stores in its private memory.
struct Store {
  u64 to = 0;
  u64 from = 0;
  u64 bytes = 0;
};

/// Whether a task exists.
enum class Life : u32 {
  kFree,      ///< the slot is nobody's
  kStarting,  ///< to be born
  kAlive,
  kExiting,   ///< called exit(): gone as soon as it has run
  kReplaced,  ///< ended by another thread's execve()
  kReaped,    ///< its process is gone, see `exit_*`
};

/// A task's place. The coordinator fills the call and adds 1 to `cmd`; the agent executes it,
/// leaves the result, and sets `done` to `cmd`.
struct alignas(512) Slot {
  std::atomic<u32> cmd;   ///< futex that the agent sleeps on
  std::atomic<u32> done;  ///< equal to `cmd`: the agent is parked
  std::atomic<Life> life;
  /// In the run's own PID namespace. Set by the kernel at clone(): until the coordinator has seen
  /// the task, as its maker has it.
  std::atomic<i32> tid;
  std::atomic<i32> tgid;
  std::atomic<i32> host_tid;  ///< as /proc of the coordinator shows it; 0 until born
  std::atomic<i32> host_tgid;
  std::atomic<u32> leader;  ///< 1: a process is reaped under this slot

  // A task in a PID namespace of the trace's. Written by the coordinator before it is made.
  u32 pid_space;    ///< which one, by PidSpaces; 0: the run's own
  u32 first_there;  ///< 1: of its first process, which cannot have siblings
  u32 unreaped;     ///< 1: its process is a child of that one, and nobody waits for it
  i32 own_tid;      ///< as the task itself has it
  i32 own_tgid;

  // The call. Written by the coordinator while the agent is parked.
  Op op;
  i64 nr;
  u64 args[6];
  u32 child;
  u32 guards;
  u64 guard[kMostGuards];  ///< addresses of pages that must not be mapped during the call
  u64 buffer;              ///< of a call that reads one: where, for a handler that stores there
  u64 buffer_bytes;        ///< and how many bytes it has
  u64 stores;              ///< address of the `Store`s that the task makes first
  u32 store_count;

  // Its end.
  i64 result;
  u64 order;  ///< from Header::order

  // The end of the task, and of the process that it leads.
  u64 death_order;  ///< when it died, or 0: not noted
  u64 reap_order;   ///< when its process was reaped
  i32 exit_code;    ///< CLD_EXITED, CLD_KILLED ...
  i32 exit_status;
  DeathNote death_note;

  u64 stack;  ///< the thread's own stack, or 0

  // For the watchdog's report.
  std::atomic<u32> task;  ///< the task's number
  std::atomic<u32> call;  ///< index in `Call`, plus one

  // How a process of the beginning is set up.
  u32 uid;  ///< all its user and group ids
  i32 nice;
  u64 rlimit_nofile;
  u64 rlimit_msgqueue;
};

/// A step of the set-up that can fail, for messages.
enum class Step : u32 {
  kNone,
  kSocket,
  kMounts,
  kFolder,
  kSharedFile,
  kMap,
  kReadLimit,
  kWriteLimit,
  kParentWatch,
  kStartTask,
  kNice,
  kRlimitNofile,
  kRlimitMsgqueue,
  kIdentity,
  kCapabilities,
};

/// Most bytes that a handler stores.
inline constexpr u64 kMostStored = 256;

/// A handler that ran. Written by the task, read when everything has settled.
struct alignas(64) HandledNote {
  std::atomic<u32> written;  ///< the number of the note, from 1: this one is complete
  u32 task;                  ///< the task's number
  i32 signo;
  i32 code;
  i32 pid;    ///< with SI_USER and its like
  i32 fd;     ///< with POLL_*
  i64 band;   ///< the same
  u64 value;  ///< si_value
  u64 order;  ///< from Header::order
};
/// Notes that a run can have between two readings.
inline constexpr u32 kMostHandled = 4000;
inline constexpr u64 kHandledOffset = u64{768} << 10U;

/// Why the set-up failed: an error number and where.
struct SetupError {
  Step step = Step::kNone;
  i32 error = 0;
};

/// How a run is kept apart from the machine.
enum class Isolation : u32 {
  kNamespaces,     ///< pid, IPC and mount namespaces, made with privilege
  kUserNamespace,  ///< the same inside a user namespace
  kFolder,         ///< none: a temporary folder and unique queue names
};

inline constexpr u32 kMqLimitCount = 5;
inline constexpr std::size_t kPathBytes = 256;

/// First message, to the supervisor.
struct Setup {
  Isolation isolation = Isolation::kNamespaces;
  bool own_uid = false;    ///< tasks may get ids of their own
  u32 root_id = 0;         ///< own_uid: the host's id for the trace's 0
  bool keep_root = false;  ///< own_uid: 0 stays 0, but as a real uid
  bool sets_nice = false;  ///< tasks get the nice values of their slots
  bool realtime = false;   ///< tasks run under SCHED_FIFO, at `task_priority`
  u32 task_priority = 0;
  u32 reaping_priority = 0;
  u64 caps = 0;  ///< capabilities of the tasks
  u64 mq_limits[kMqLimitCount] = {};
  u64 file_bytes = 0;            ///< most bytes of a regular file, should a trace make one
  char folder[kPathBytes] = {};  ///< kFolder: to be made; otherwise any folder to mount on
};

/// Second message, from the supervisor, with the shared memory's descriptor; the fourth too.
struct Ready {
  SetupError failure;
  u64 detail = 0;  ///< kReadLimit, kWriteLimit: which one
};

/// Third message, to the supervisor: the slots of the first `initial_tasks` tasks are filled.
struct Go {
  u32 initial_tasks = 0;
};

/// The start of the shared memory.
struct alignas(64) Header {
  std::atomic<u64> order;        ///< completions, deaths and handlers so far
  std::atomic<u32> deaths;       ///< processes reaped so far
  std::atomic<u32> bell;         ///< futex, always 0: rung at every death and execve()
  std::atomic<u32> slots;        ///< slots from here on were never used
  std::atomic<u32> handled;      ///< handlers run: notes so far
  std::atomic<u32> queue_names;  ///< kFolder: names "PREFIX0", "PREFIX1" ... may exist
  u32 page_bytes;
  i32 supervisor;  ///< its pid as tasks see it
  Isolation isolation;
  u64 file_bytes;
  SetupError start_failure;      ///< of a task of the beginning
  char attach_path[kPathBytes];  ///< where an agent finds the shared memory after execve()
  char null_path[kPathBytes];    ///< /dev/null
  char proc_path[kPathBytes];    ///< the coordinator's /proc
  char queue_prefix[kPathBytes];
  char folder[kPathBytes];  ///< kFolder: to be removed
};

inline constexpr u64 kSlotsOffset = 4096;
static_assert(sizeof(Header) <= kSlotsOffset);
static_assert(kSlotsOffset + kMostSlots * sizeof(Slot) <= kHandledOffset);
static_assert(kHandledOffset + kMostHandled * sizeof(HandledNote) <= kWindowsOffset);
static_assert(std::atomic<u64>::is_always_lock_free && std::atomic<u32>::is_always_lock_free);

/// The shared memory at the place where it is mapped.
class Shared {
 public:
  Shared() = default;
  explicit Shared(u64 base) : base_(base) {}

  [[nodiscard]] u64 base() const { return base_; }
  [[nodiscard]] Header& header() const { return *reinterpret_cast<Header*>(base_); }
  [[nodiscard]] Slot& slot(u32 index) const {
    return *reinterpret_cast<Slot*>(base_ + kSlotsOffset + index * sizeof(Slot));
  }
  /// The note of the handler that ran as number `index`, from 0.
  [[nodiscard]] HandledNote& handled(u32 index) const {
    return *reinterpret_cast<HandledNote*>(base_ + kHandledOffset +
                                           index % kMostHandled * sizeof(HandledNote));
  }
  /// A slot's buffers.
  [[nodiscard]] std::byte* window(u32 index) const {
    return reinterpret_cast<std::byte*>(base_ + kWindowsOffset + index * kWindowBytes);
  }

 private:
  u64 base_ = 0;
};

/// Where an agent has the window of a slot.
[[nodiscard]] constexpr u64 agent_window(u32 index) {
  return kSharedAddress + kWindowsOffset + index * kWindowBytes;
}

/// Slots whose tasks can make calls as 32-bit programs do.
inline constexpr u32 kIa32Slots = 128;
/// Where such a slot's window is as well, while the call lasts: pointers of 32 bits reach it.
/// REQUIRES: index < kIa32Slots.
[[nodiscard]] constexpr u64 ia32_window(u32 index) {
  return (u64{1} << 28U) + index * kWindowBytes;
}
static_assert(ia32_window(kIa32Slots) <= u64{3} << 30U);

}  // namespace ipcsim::host
