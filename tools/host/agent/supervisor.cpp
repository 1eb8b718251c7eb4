#include "tools/host/agent/supervisor.hpp"

#include <asm/unistd.h>
#include <linux/futex.h>
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/socket.h>
#include <linux/wait.h>

#include "tools/host/agent/agent.hpp"
#include "tools/host/agent/entry.hpp"
#include "tools/host/agent/initial_task.hpp"
#include "tools/host/agent/isolation.hpp"
#include "tools/host/agent/life.hpp"
#include "tools/host/agent/raw_syscall.hpp"
#include "tools/host/agent/signal_action.hpp"
#include "tools/host/agent/text.hpp"

namespace ipcsim::host {
namespace {

constexpr i32 kSolSocket = 1;
constexpr i32 kScmRights = 1;
constexpr i32 kMsgNosignal = 0x4000;
/// A coordinator that says nothing for so long is gone.
constexpr i32 kPatienceMs = 60'000;

struct Iovec {
  void* base;
  u64 len;
};
struct ControlMessage {
  u64 len;
  i32 level;
  i32 type;
  i32 fd;
  i32 padding;
};
/// `struct msghdr`.
struct MessageHeader {
  const void* name;
  u32 name_len;
  Iovec* iov;
  u64 iov_len;
  void* control;
  u64 control_len;
  u32 flags;
};
/// The part of siginfo_t that waitid() fills.
struct ChildInfo {
  i32 signo;
  i32 error;
  i32 code;
  i32 padding;
  i32 pid;
  u32 uid;
  i32 status;
  u8 rest[128 - 28];
};

/// One message of exactly `len` bytes; false when the other side is gone.
bool receive(i64 socket, void* message, u64 len) {
  pollfd wait{.fd = static_cast<i32>(socket), .events = POLLIN, .revents = 0};
#if defined(__NR_poll)
  raw_call(__NR_poll, &wait, 1, kPatienceMs);
#else
  const i64 patience[2] = {kPatienceMs / 1000, 0};
  raw_call(__NR_ppoll, &wait, 1, patience, nullptr, 0);
#endif
  return (wait.revents & POLLIN) != 0 &&
         raw_call(__NR_read, socket, message, len) == static_cast<i64>(len);
}

void send(i64 socket, const Ready& ready, i64 fd) {
  Ready copy = ready;
  Iovec iov{&copy, sizeof copy};
  ControlMessage control{.len = sizeof control - sizeof control.padding,
                         .level = kSolSocket,
                         .type = kScmRights,
                         .fd = static_cast<i32>(fd),
                         .padding = 0};
  MessageHeader message{};
  message.iov = &iov;
  message.iov_len = 1;
  if (fd >= 0) {
    message.control = &control;
    message.control_len = sizeof control;
  }
  raw_call(__NR_sendmsg, socket, &message, kMsgNosignal);
}

[[noreturn]] void give_up(i64 socket, const SetupError& failure, u64 detail = 0) {
  send(socket, {failure, detail}, -1);
  if (shared().base() != 0 && failure.step > Step::kMap) {
    if (shared().header().isolation == Isolation::kFolder) {
      remove_place();
    }
  }
  exit_group(0);
}

/// The coordinator is gone, or has had enough.
void on_end(i32 /*signal*/) {
  remove_place();
  exit_group(0);
}

/// Ends with the coordinator. A pid namespace takes all its tasks along; without one they must be
/// ended one by one.
i64 watch_parent(const Setup& setup) {
  if (setup.isolation != Isolation::kFolder) {
    return raw_call(__NR_prctl, PR_SET_PDEATHSIG, kSigkillNumber, 0, 0, 0);
  }
  set_signal_action(kSigtermNumber, to_register(&on_end), 0);
  return raw_call(__NR_prctl, PR_SET_PDEATHSIG, kSigtermNumber, 0, 0, 0);
}

/// The slot that the process `pid` is reaped under, or kMostSlots.
u32 slot_of(i32 pid) {
  for (u32 i = 0; i < shared().header().slots; ++i) {
    const Slot& slot = shared().slot(i);
    const Life life = slot.life;
    // Until it is born the number may be its maker's in another PID namespace.
    const bool starting = life == Life::kStarting && slot.pid_space == 0;
    const bool exists = starting || life == Life::kAlive || life == Life::kExiting;
    if (exists && slot.leader != 0 && slot.unreaped == 0 && slot.tid == pid) {
      return i;
    }
  }
  return kMostSlots;
}

[[noreturn]] void reap_for_ever() {
  for (;;) {
    ChildInfo info{};
    const i64 result = raw_call(__NR_waitid, P_ALL, 0, &info, WEXITED | __WALL, nullptr);
    if (result < 0) {
      // No task is left, and none can come any more.
      raw_call(__NR_ppoll, nullptr, 0, nullptr, nullptr, 0);
      continue;
    }
    const u32 index = slot_of(info.pid);
    if (index == kMostSlots) {
      continue;
    }
    Slot& slot = shared().slot(index);
    slot.reap_order = next_order();
    slot.exit_code = info.code;
    slot.exit_status = info.status;
    slot.life = Life::kReaped;
    shared().header().deaths.fetch_add(1);
  }
}

/// Notes in which order tasks die. Above the tasks, so that nothing that a death causes is noted
/// before it.
void note_deaths(u64 /*argument*/) {
  std::atomic<u32>& bell = shared().header().bell;
  for (;;) {
    raw_call(__NR_futex, &bell, FUTEX_WAIT, 0, nullptr, nullptr, 0);
    for (u32 i = 0; i < shared().header().slots; ++i) {
      Slot& slot = shared().slot(i);
      if ((slot.death_note.futex & kOwnerDied) != 0) {
        slot.death_note.futex = 0;
        slot.death_order = next_order();
      }
    }
  }
}

void set_priority(u32 priority) {
  const i32 parameter = static_cast<i32>(priority);  // struct sched_param
  raw_call(__NR_sched_setparam, 0, &parameter);
}

/// Starts the thread that notes deaths, which takes no signals.
i64 start_noting() {
  alignas(16) static u8 stack[16 * 1024];
  i32 tid = 0;
  constexpr u64 kThread =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_PARENT_SETTID;
  set_signal_mask(~u64{0});
  const i64 result =
      ipcsim_clone_on_stack(kThread, to_register(&stack[0]) + sizeof stack, &tid, note_deaths, 0);
  set_signal_mask(0);
  return result;
}

void start_tasks(i64 socket, const Setup& setup, u32 count) {
  if (const SetupError failure = make_task_group(); failure.step != Step::kNone) {
    give_up(socket, failure);
  }
  for (u32 i = 0; i < count; ++i) {
    if (const SetupError failure = start_task(setup, i); failure.step != Step::kNone) {
      give_up(socket, failure, i);
    }
  }
}

}  // namespace

void supervise(i64 socket) {
  const u64 fd = static_cast<u64>(socket);
  raw_call(__NR_close_range, fd + 1, ~0U, 0);
  if (fd > 0) {
    raw_call(__NR_close_range, 0, fd - 1, 0);
  }
  reset_signals();  // the coordinator's own are not the tasks'
  raw_call(__NR_setsid);
  Setup setup;
  if (!receive(socket, &setup, sizeof setup)) {
    exit_group(0);
  }
  const MadeShared made = prepare_place(setup);
  if (made.failure.step != Step::kNone) {
    give_up(socket, made.failure);
  }
  u64 which = 0;
  if (const SetupError failure = set_mq_limits(setup, &which); failure.step != Step::kNone) {
    give_up(socket, failure, which);
  }
  if (const i64 result = watch_parent(setup); result < 0) {
    give_up(socket, {Step::kParentWatch, static_cast<i32>(-result)});
  }
  send(socket, {}, made.fd);
  // Whoever answers is alive after the watch was set.
  Go go;
  if (!receive(socket, &go, sizeof go)) {
    on_end(0);
  }
  if (setup.realtime) {
    if (const i64 result = start_noting(); result < 0) {
      give_up(socket, {Step::kStartTask, static_cast<i32>(-result)});
    }
    set_priority(setup.task_priority);  // which the tasks get from here
  }
  start_tasks(socket, setup, go.initial_tasks);
  if (setup.realtime) {
    // A reaper that runs while another task is in the middle of its release_task() waits for it in
    // the kernel (for its entries of /proc), for ever if that task has no higher priority.
    set_priority(setup.reaping_priority);
  }
  if (setup.isolation == Isolation::kFolder) {
    // Otherwise tasks with fewer capabilities could not open the shared memory through /proc.
    if (const SetupError failure = keep_only_caps(setup.caps); failure.step != Step::kNone) {
      give_up(socket, failure);
    }
    raw_call(__NR_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  }
  send(socket, {}, -1);
  raw_call(__NR_close, socket);
  reap_for_ever();
}

void ipcsim_agent_main(const u64* stack) {
  const u64 argc = stack[0];
  const auto* argv = reinterpret_cast<const char* const*>(stack + 1);
  if (argc >= 3 && equal(argv[1], "supervisor")) {
    const char* number = argv[2];
    supervise(static_cast<i64>(take_number(number)));
  }
  if (argc >= 4 && equal(argv[1], "attach")) {
    const char* number = argv[2];
    agent_after_exec(static_cast<u32>(take_number(number)), argv[3]);
  }
  exit_group(2);
}

}  // namespace ipcsim::host
