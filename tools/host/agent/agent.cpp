#include "tools/host/agent/agent.hpp"

#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/sched.h>

#include "tools/host/agent/initial_task.hpp"
#include "tools/host/agent/life.hpp"
#include "tools/host/agent/limits.hpp"
#include "tools/host/agent/raw_syscall.hpp"
#include "tools/host/agent/signal_action.hpp"

namespace ipcsim::host {
namespace {

constexpr u64 kSaSiginfo = 4;
/// POLL_IN to POLL_HUP.
constexpr i32 kMostPollCode = 6;

/// What the process's handlers store: a fork copies it, and an execve() forgets it.
struct HandlerBytes {
  u64 len;
  char bytes[kMostStored];
};
HandlerBytes stored_by[kSignals + 1];

/// The PID namespace of all tasks that share this memory.
u32 own_pid_space;

/// The slot of the task that runs this, found by its thread's number: a handler knows no more.
Slot* own_slot() {
  const i32 tid = static_cast<i32>(raw_call(__NR_gettid));
  for (u32 i = 0; i < shared().header().slots; ++i) {
    Slot& slot = shared().slot(i);
    const Life life = slot.life;
    const bool exists = life == Life::kStarting || life == Life::kAlive || life == Life::kExiting;
    if (exists && slot.pid_space == own_pid_space && slot.own_tid == tid) {
      return &slot;
    }
  }
  return nullptr;
}

/// The interrupted call reads these bytes if it starts again.
void store_in_buffer(const Slot& slot, i32 signal) {
  const HandlerBytes& from = stored_by[signal];
  auto* to = reinterpret_cast<volatile char*>(slot.buffer);
  const u64 len = from.len < slot.buffer_bytes ? from.len : slot.buffer_bytes;
  for (u64 at = 0; at < len; ++at) {
    to[at] = from.bytes[at];
  }
}

/// What `siginfo_t` holds of a signal that somebody sent.
struct SentInfo {
  i32 pid;
  u32 uid;
  u64 value;
};

/// SI_SIGIO: the code of a signal by O_ASYNC that has codes of its own.
constexpr i32 kSiSigio = -5;

/// What it holds of one that O_ASYNC sent.
struct PollInfo {
  i64 band;
  i32 fd;
};

/// `siginfo_t` as 64-bit kernels have it: three ints, then what depends on the code.
struct SigInfo {
  i32 signo;
  i32 error;
  i32 code;
  i32 padding;
  union Details {
    SentInfo sent;
    PollInfo poll;
  } details;
};

void note_signal(i32 signal, const SigInfo* info, void* /*context*/) {
  const u32 index = shared().header().handled.fetch_add(1);
  HandledNote& note = shared().handled(index);
  note.order = next_order();
  const Slot* slot = own_slot();
  note.task = slot == nullptr ? 0 : slot->task.load();
  note.signo = signal;
  note.code = info->code;
  const bool poll = (info->code > 0 && info->code <= kMostPollCode) || info->code == kSiSigio;
  note.pid = poll ? 0 : info->details.sent.pid;
  note.value = poll ? 0 : info->details.sent.value;
  note.band = poll ? info->details.poll.band : 0;
  note.fd = poll ? info->details.poll.fd : -1;
  if (slot != nullptr) {
    store_in_buffer(*slot, signal);
  }
  note.written.store(index + 1, std::memory_order_release);
}

/// Makes the call with its guards; `make(nr, args)` is the instruction.
i64 guarded_syscall(const Slot& slot, auto make) {
  const u64 page = shared().header().page_bytes;
  for (u32 i = 0; i < slot.guards; ++i) {
    raw_call(__NR_mprotect, slot.guard[i], page, PROT_NONE);
    // User-mode-linux copies from what its page table still has. The page stays: it is shared.
    raw_call(__NR_madvise, slot.guard[i], page, MADV_DONTNEED);
  }
  RawArgs args;
  for (u32 i = 0; i < 6; ++i) {
    args.v[i] = slot.args[i];
  }
  const i64 result = make(slot.nr, args);
  for (u32 i = 0; i < slot.guards; ++i) {
    raw_call(__NR_mprotect, slot.guard[i], page, PROT_READ | PROT_WRITE);
  }
  return result;
}

/// The window lies where 32 bits reach it while the call lasts.
i64 ia32_syscall(u32 index, const Slot& slot) {
  // Moving a shared mapping of length 0 makes one more of the same pages.
  const i64 window = raw_call(__NR_mremap, agent_window(index), 0, kWindowBytes,
                              MREMAP_MAYMOVE | MREMAP_FIXED, ia32_window(index));
  if (is_raw_error(window)) {
    return window;
  }
  const i64 result =
      guarded_syscall(slot, [](i64 nr, const RawArgs& args) { return raw_ia32_syscall(nr, args); });
  raw_call(__NR_munmap, window, kWindowBytes);
  return result;
}

void make_stores(const Slot& slot) {
  const auto* store = reinterpret_cast<const Store*>(slot.stores);
  for (u32 i = 0; i < slot.store_count; ++i, ++store) {
    auto* to = reinterpret_cast<volatile char*>(store->to);
    const auto* from = reinterpret_cast<const volatile char*>(store->from);
    for (u64 at = 0; at < store->bytes; ++at) {
      to[at] = from[at];
    }
  }
}

void note_stored(u64 signal, u64 from, u64 len) {
  if (signal > kSignals) {
    return;
  }
  HandlerBytes& to = stored_by[signal];
  to.len = len < kMostStored ? len : kMostStored;
  for (u64 at = 0; at < to.len; ++at) {
    to.bytes[at] = reinterpret_cast<const volatile char*>(from)[at];
  }
}

i64 set_action(const Slot& slot) {
  constexpr u64 kHandler = 2;
  note_stored(slot.args[0], slot.args[3], slot.args[4]);
  if (slot.args[1] != kHandler) {
    return set_signal_action(slot.args[0], slot.args[1], slot.args[2]);
  }
  return set_signal_action(slot.args[0], to_register(&note_signal), slot.args[2] | kSaSiginfo);
}

i64 make_other_fd(u64 fd, u64 flags) {
  const MoreDescriptors more;
  const i64 made = raw_call(__NR_openat, AT_FDCWD, shared().header().null_path, O_RDWR | flags, 0);
  if (is_raw_error(made) || made == static_cast<i64>(fd)) {
    return made;
  }
  const i64 result = raw_call(__NR_dup3, made, fd, flags);
  raw_call(__NR_close, made);
  return result;
}

i64 unshare(u64 flags) {
  const i64 result = raw_call(__NR_unshare, flags);
  if (result == 0 && (flags & CLONE_NEWUSER) != 0) {
    keep_caps_of_namespace();
  }
  return result;
}

/// A file of /proc: nobody may write it while the task may not be looked at.
i64 write_file(const Slot& slot) {
  raw_call(__NR_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  const MoreDescriptors more;
  const i64 fd = raw_call(__NR_openat, AT_FDCWD, slot.args[0], O_WRONLY | O_CLOEXEC, 0);
  if (is_raw_error(fd)) {
    return fd;
  }
  const i64 result = raw_call(__NR_write, fd, slot.args[1], slot.args[2]);
  raw_call(__NR_close, fd);
  return is_raw_error(result) ? result : 0;
}

/// In the child of a clone() `index` changes; the result is the caller's otherwise.
i64 execute(u32& index) {
  Slot& slot = shared().slot(index);
  switch (slot.op) {
    case Op::kSyscall:
      make_stores(slot);
      return guarded_syscall(slot,
                             [](i64 nr, const RawArgs& args) { return raw_syscall(nr, args); });
    case Op::kIa32Syscall:
      make_stores(slot);
      return ia32_syscall(index, slot);
    case Op::kAnswer:
      return static_cast<i64>(slot.args[0]);
    case Op::kStore:
      make_stores(slot);
      return 0;
    case Op::kClone:
      return clone_task(index);
    case Op::kExec:
      return execute_again(index);
    case Op::kExit:
      exit_thread(slot);
    case Op::kSigaction:
      return set_action(slot);
    case Op::kSetrlimit:
      return set_soft_limit(slot.args[0], slot.args[1]);
    case Op::kUnshare:
      return unshare(slot.args[0]);
    case Op::kWriteFile:
      return write_file(slot);
    case Op::kOtherFd:
      return make_other_fd(slot.args[0], slot.args[1]);
    case Op::kSpin:
      for (;;) {
        asm volatile("" ::: "memory");
      }
    case Op::kNone:
      break;
  }
  return 0;
}

}  // namespace

void note_own_pid_space(u32 space) { own_pid_space = space; }

void exit_group(i32 status) {
  for (;;) {
    raw_call(__NR_exit_group, status);
  }
}

i64 map_shared(i64 fd) {
  const i64 result = raw_call(__NR_mmap, kSharedAddress, kSharedBytes, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_NORESERVE, fd, 0);
  if (is_raw_error(result)) {
    return result;
  }
  const i64 memory =
      raw_call(__NR_mmap, kPrivateAddress, kPrivateBytes, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
  if (is_raw_error(memory)) {
    return memory;
  }
  // A huge page would be copied as a whole; fails, and does no harm, on a kernel without them.
  raw_call(__NR_madvise, kPrivateAddress, kPrivateBytes, MADV_NOHUGEPAGE);
  return 0;
}

void finish_call(Slot& slot, u32 cmd, i64 result) {
  slot.result = result;
  slot.order = next_order();
  slot.done.store(cmd, std::memory_order_release);
}

void agent_run(u32 index) {
  for (;;) {
    Slot& slot = shared().slot(index);
    const u32 last = slot.done.load(std::memory_order_relaxed);
    u32 cmd = slot.cmd.load(std::memory_order_acquire);
    while (cmd == last) {
      raw_call(__NR_futex, &slot.cmd, FUTEX_WAIT, last, nullptr, nullptr, 0);
      cmd = slot.cmd.load(std::memory_order_acquire);
    }
    const u32 before = index;
    const i64 result = execute(index);
    if (index == before) {
      slot.buffer_bytes = 0;
      finish_call(slot, cmd, result);
    }
  }
}

}  // namespace ipcsim::host
