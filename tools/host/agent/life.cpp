#include "tools/host/agent/life.hpp"

#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/sched.h>

#include "tools/host/agent/agent.hpp"
#include "tools/host/agent/entry.hpp"
#include "tools/host/agent/initial_task.hpp"
#include "tools/host/agent/limits.hpp"
#include "tools/host/agent/raw_syscall.hpp"
#include "tools/host/agent/signal_action.hpp"
#include "tools/host/agent/text.hpp"

namespace ipcsim::host {
namespace {

constexpr u64 kStackBytes = 64 * 1024;
constexpr i64 kEmfile = 24;

/// Exit status of an agent that could not go on.
constexpr i32 kAgentLost = 253;

void find_host_ids(Slot& slot) {
  Text<kPathBytes> path;
  path.add(shared().header().proc_path).add("/thread-self");
  // "TGID/task/TID"
  char link[64] = {};
  raw_call(__NR_readlinkat, AT_FDCWD, path.chars, link, sizeof link - 1);
  const char* at = link;
  slot.host_tgid = static_cast<i32>(take_number(at));
  while (*at != '\0' && (*at < '0' || *at > '9')) {
    ++at;
  }
  slot.host_tid = static_cast<i32>(take_number(at));
}

/// Without a pid namespace every process must die with the supervisor by itself.
void die_with_supervisor() {
  raw_call(__NR_prctl, PR_SET_PDEATHSIG, kSigkillNumber, 0, 0, 0);
  if (raw_call(__NR_getppid) != shared().header().supervisor) {
    exit_group(kAgentLost);
  }
}

void have_death_noted(Slot& slot) {
  DeathNote& note = slot.death_note;
  slot.death_order = 0;
  note.futex = static_cast<u32>(slot.own_tid);
  note.head.next = to_register(&note.link);
  note.link.next = to_register(&note.head);
  note.futex_offset = static_cast<i64>(to_register(&note.futex) - to_register(&note.link));
  note.pending = to_register(&shared().header().bell) - static_cast<u64>(note.futex_offset);
  constexpr u64 kHeadBytes = 24;
  raw_call(__NR_set_robust_list, &note.head, kHeadBytes);
}

void run_child(u64 index) {
  be_born(static_cast<u32>(index));
  agent_run(static_cast<u32>(index));
}

}  // namespace

void be_born(u32 index) {
  Slot& slot = shared().slot(index);
  slot.own_tgid = static_cast<i32>(raw_call(__NR_getpid));
  slot.own_tid = static_cast<i32>(raw_call(__NR_gettid));
  note_own_pid_space(slot.pid_space);
  if (slot.pid_space == 0) {
    slot.tgid = slot.own_tgid;
    slot.tid = slot.own_tid;
  }
  if (shared().header().isolation == Isolation::kFolder && slot.leader != 0) {
    die_with_supervisor();
  }
  // An earlier task of this slot may have died with a guard page in its window.
  raw_call(__NR_mprotect, agent_window(index), kWindowBytes, PROT_READ | PROT_WRITE);
  find_host_ids(slot);
  have_death_noted(slot);
  slot.life = Life::kAlive;
  raw_call(__NR_futex, &slot.life, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

i64 clone_task(u32& index) {
  const Slot& slot = shared().slot(index);
  const u32 child_index = slot.child;
  Slot& child = shared().slot(child_index);
  u64 flags = slot.args[0] | CLONE_PARENT_SETTID;
  const bool thread = (flags & CLONE_THREAD) != 0;
  if (!thread && slot.first_there == 0) {
    flags |= CLONE_PARENT | kSigchldNumber;  // a child of the supervisor, which waits for it
  }
  child.leader = thread ? 0 : 1;
  child.tgid = thread ? slot.tgid.load() : 0;
  child.stack = 0;
  auto* tid = reinterpret_cast<i32*>(&child.tid);
  if ((flags & CLONE_VM) == 0) {
    const i64 result = raw_call(__NR_clone, flags, 0, tid, 0, 0);
    if (result == 0) {
      index = child_index;
      if ((flags & CLONE_NEWUSER) != 0) {
        keep_caps_of_namespace();
      }
      be_born(index);
    }
    return result;
  }
  const i64 stack = raw_call(__NR_mmap, 0, kStackBytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (is_raw_error(stack)) {
    return stack;
  }
  const u64 base = static_cast<u64>(stack);
  child.stack = base;
  const i64 result = ipcsim_clone_on_stack(flags, base + kStackBytes, tid, run_child, child_index);
  if (is_raw_error(result) || (!thread && (flags & CLONE_VFORK) != 0)) {
    raw_call(__NR_munmap, base, kStackBytes);
  }
  return result;
}

i64 execute_again(u32 index) {
  const Header& header = shared().header();
  Text<kPathBytes> path;
  // A process whose first thread has ended has no "self/exe".
  path.add(header.proc_path).add("/thread-self/exe");
  Text<24> number;
  number.add(u64{index});
  const char* argv[] = {"ipcsim-agent", "attach", number.chars, header.attach_path, nullptr};
  const char* envp[] = {nullptr};
  return raw_call(__NR_execve, path.chars, argv, envp);
}

void exit_thread(Slot& slot) {
  const i32 status = static_cast<i32>(slot.args[0]);
  slot.life = Life::kExiting;
  if (slot.leader == 0 && slot.stack != 0) {
    set_signal_mask(~u64{0});
    ipcsim_exit_without_stack(slot.stack, kStackBytes, status);
  }
  for (;;) {
    raw_call(__NR_exit, status);
  }
}

void agent_after_exec(u32 index, const char* shared_path) {
  i64 fd = raw_call(__NR_openat, AT_FDCWD, shared_path, O_RDWR | O_CLOEXEC, 0);
  if (fd == -kEmfile) {
    const MoreDescriptors more;
    fd = raw_call(__NR_openat, AT_FDCWD, shared_path, O_RDWR | O_CLOEXEC, 0);
  }
  if (is_raw_error(fd) || is_raw_error(map_shared(fd))) {
    exit_group(kAgentLost);
  }
  raw_call(__NR_close, fd);
  raw_call(__NR_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  Slot& slot = shared().slot(index);
  const i32 process = static_cast<i32>(raw_call(__NR_getpid));
  for (u32 i = 0; i < shared().header().slots; ++i) {
    Slot& other = shared().slot(i);
    const Life life = other.life;
    const bool exists = life == Life::kStarting || life == Life::kAlive || life == Life::kExiting;
    if (i == index || !exists || other.pid_space != slot.pid_space || other.own_tgid != process) {
      continue;
    }
    if (other.leader != 0) {
      slot.tid = other.tid.load();  // it is this one's from now on
      slot.tgid = other.tgid.load();
    }
    other.life = Life::kReplaced;
  }
  slot.leader = 1;
  slot.stack = 0;
  be_born(index);
  finish_call(slot, slot.cmd.load(std::memory_order_acquire), 0);
  agent_run(index);
}

}  // namespace ipcsim::host
