// Tasks, signals, ids, limits.
#include <linux/capability.h>
#include <sys/syscall.h>

#include <csignal>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "tools/host/call_encoder.hpp"
#include "tools/host/host_flags.hpp"
#include "tools/host/kernel_structs.hpp"

namespace ipcsim::host {
namespace {

constexpr u64 kSigsetBytes = 8;

/// Flags of clone() that a C library passes and that change nothing under study:
/// CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID, CLONE_SETTLS, CLONE_DETACHED,
/// CLONE_IO, the exit signal.
constexpr u64 kLibraryCloneFlags =
    0x00100000 | 0x00200000 | 0x01000000 | 0x00080000 | 0x00400000 | 0x80000000 | 0xff;
constexpr u64 kStudiedCloneFlags = kCloneVm | kCloneFs | kCloneFiles | kCloneSighand | kCloneVfork |
                                   kCloneThread | kCloneSysvsem | kCloneNewipc | kCloneNewuser |
                                   kCloneNewpid;

// The agent numbers dispositions, and the kernel the ways to change a mask, like call.hpp.
static_assert(static_cast<int>(Disposition::kDefault) == 0);
static_assert(static_cast<int>(Disposition::kIgnore) == 1);
static_assert(static_cast<int>(Disposition::kHandler) == 2);
static_assert(static_cast<int>(MaskHow::kBlock) == SIG_BLOCK);
static_assert(static_cast<int>(MaskHow::kUnblock) == SIG_UNBLOCK);
static_assert(static_cast<int>(MaskHow::kSetmask) == SIG_SETMASK);

}  // namespace

bool Encoder::may_set_priority() {
  if (context_.realtime) {
    build_.refuse("priorities of tasks need HostOrdering::kPolling");
  }
  return !context_.realtime;
}

u64 Encoder::task_number(TaskId who) {
  return who == kNoTask ? 0 : static_cast<u64>(context_.tasks.tid_of(who, pid_space()));
}

void Encoder::put(const SetpriorityCall& c) {
  constexpr u32 kPrioUser = 2;  // the last that there is
  if ((c.which.v == kPrioProcess || c.which.v > kPrioUser) && may_set_priority()) {
    build_.system_call(SYS_setpriority, c.which.v, task_number(c.who), c.prio);
  } else {
    build_.refuse("priorities of process groups and users are not supported");
  }
}

void Encoder::put(const SchedSetschedulerCall& c) {
  if (may_set_priority()) {
    build_.system_call(SYS_sched_setscheduler, task_number(c.pid), c.policy.v,
                       build_.window().put_value(c.sched_priority));
  }
}

void Encoder::clone_call(u64 flags) {
  const u64 wanted = flags & ~kLibraryCloneFlags;
  if ((wanted & ~kStudiedCloneFlags) != 0) {
    return build_.refuse(
        fmt::format("clone() with the flags {:#x} is not supported", wanted & ~kStudiedCloneFlags));
  }
  if ((wanted & kCloneNewuser) != 0) {
    refuse_user_namespace((wanted & kCloneVm) != 0);
  }
  refuse_pid_namespace(wanted);
  build_.special(Op::kClone, wanted);
  build_.slot().child = child_slot_.value_or(0);
}

void Encoder::put(const ForkCall& /*call*/) { clone_call(0); }

void Encoder::put(const VforkCall& /*call*/) { clone_call(kCloneVm | kCloneVfork); }

void Encoder::put(const CloneCall& c) { clone_call(c.flags.v); }

void Encoder::put(const ExecveCall& /*call*/) { build_.special(Op::kExec); }

void Encoder::put(const ExitCall& c) { build_.special(Op::kExit, c.status); }

void Encoder::put(const ExitGroupCall& c) { build_.system_call(SYS_exit_group, c.status); }

void Encoder::put(const KillCall& c) {
  build_.system_call(SYS_kill, context_.tasks.pid_of(c.pid, pid_space()), c.sig.v);
}

void Encoder::put(const TgkillCall& c) {
  // Nobody's number is not 0, which is refused before any task is looked for.
  const auto number = [&](TaskId task) {
    return task == kNoTask ? 0 : context_.tasks.pid_of(task, pid_space());
  };
  build_.system_call(SYS_tgkill, number(c.tgid), number(c.tid), c.sig.v);
}

void Encoder::put(const RtSigactionCall& c) {
  u64 bytes = 0;
  const u64 len = c.stores.is_null() ? 0 : c.stores.value.len();
  if (c.stores.is_bad() || len > kMostStored || !c.stores.value.known()) {
    return build_.refuse("a handler that stores these bytes is not supported");
  }
  if (len > 0) {
    const std::string text = c.stores.value.to_string();
    bytes = build_.window().put(std::as_bytes(std::span(text)));
  }
  build_.special(Op::kSigaction, c.signum.v, static_cast<u64>(c.handler), c.sa_flags.v, bytes, len);
}

void Encoder::put(const RtSigprocmaskCall& c) {
  u64 set = 0;
  for (const Signal signal : c.set) {
    if (signal.v < 1 || signal.v > kMostSignal) {
      return build_.refuse(fmt::format("{} in a signal set is no signal", signal.v));
    }
    set |= u64{1} << (signal.v - 1);
  }
  build_.system_call(SYS_rt_sigprocmask, static_cast<u64>(c.how), build_.window().put_value(set), 0,
                     kSigsetBytes);
}

void Encoder::put(const SetrlimitCall& c) {
  if (c.resource.v != kRlimitNofile && c.resource.v != kRlimitMsgqueue) {
    return build_.refuse(fmt::format("setrlimit() of resource {} is not supported", c.resource.v));
  }
  build_.special(Op::kSetrlimit, c.resource.v, c.rlim_cur);
}

void Encoder::put(const UmaskCall& c) { build_.system_call(SYS_umask, c.mask); }

void Encoder::put(const SetuidCall& c) { build_.system_call(SYS_setuid, new_id(c.uid)); }

void Encoder::put(const SetgidCall& c) { build_.system_call(SYS_setgid, new_id(c.gid)); }

void Encoder::put(const SetreuidCall& c) {
  build_.system_call(SYS_setreuid, new_id(c.ruid), new_id(c.euid));
}

void Encoder::put(const SetregidCall& c) {
  build_.system_call(SYS_setregid, new_id(c.rgid), new_id(c.egid));
}

void Encoder::put(const SetresuidCall& c) {
  build_.system_call(SYS_setresuid, new_id(c.ruid), new_id(c.euid), new_id(c.suid));
}

void Encoder::put(const SetresgidCall& c) {
  build_.system_call(SYS_setresgid, new_id(c.rgid), new_id(c.egid), new_id(c.sgid));
}

void Encoder::put(const SetfsuidCall& c) { build_.system_call(SYS_setfsuid, new_id(c.fsuid)); }

void Encoder::put(const SetfsgidCall& c) { build_.system_call(SYS_setfsgid, new_id(c.fsgid)); }

void Encoder::put(const SetgroupsCall& c) {
  std::vector<u32> list;
  for (const u32 group : c.list) {
    list.push_back(new_id(group));
  }
  build_.system_call(SYS_setgroups, list.size(),
                     build_.window().put(std::as_bytes(std::span(list))));
}

void Encoder::three_ids(i64 nr) {
  const u64 at = build_.out<u32[3]>(OutPtr::kValid);
  build_.system_call(nr, at, at + sizeof(u32), at + 2 * sizeof(u32));
}

void Encoder::put(const GetresuidCall& /*call*/) { three_ids(SYS_getresuid); }

void Encoder::put(const GetresgidCall& /*call*/) { three_ids(SYS_getresgid); }

void Encoder::put(const CapsetCall& c) {
  KernelCapData data[2];
  for (u32 word = 0; word < 2; ++word) {
    const auto bits = [&](Caps caps) { return static_cast<u32>(caps.bits >> (32 * word)); };
    data[word] = {.effective = bits(c.effective),
                  .permitted = bits(c.permitted),
                  .inheritable = bits(c.permitted)};
  }
  const u64 header =
      build_.window().put_value(KernelCapHeader{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0});
  build_.system_call(SYS_capset, header, build_.window().put(std::as_bytes(std::span(data))));
}

u32 Encoder::id(i64 number) {
  if (number == -1) {
    return 0xffff'ffffU;
  }
  if (context_.tasks.task(task_).user_ns_level > 0) {
    return static_cast<u32>(number);  // what it names are ids of a namespace of the trace's own
  }
  const auto host = number >= 0 && number <= 0xffff'fffeLL
                        ? context_.book.ids.to_host(static_cast<u32>(number))
                        : std::nullopt;
  if (!host) {
    build_.refuse(fmt::format("the id {} cannot be had here", number));
  }
  return host.value_or(0);
}

u32 Encoder::new_id(i64 number) {
  if (!context_.book.ids.own()) {
    build_.refuse("tasks cannot change their ids without the privilege to have ids of their own");
  }
  return id(number);
}

}  // namespace ipcsim::host
