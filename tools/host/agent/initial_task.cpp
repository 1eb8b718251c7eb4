#include "tools/host/agent/initial_task.hpp"

#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/securebits.h>

#include "tools/host/agent/agent.hpp"
#include "tools/host/agent/life.hpp"
#include "tools/host/agent/limits.hpp"
#include "tools/host/agent/raw_syscall.hpp"
#include "tools/host/agent/signal_action.hpp"

namespace ipcsim::host {
namespace {

constexpr u32 kCapCount = 64;

i64 task_group = 0;

/// The capabilities that this kernel has, and no others.
u64 all_caps() {
  u64 caps = 0;
  for (u32 cap = 0; cap < kCapCount; ++cap) {
    // Fails for those that there are not.
    caps |= raw_call(__NR_prctl, PR_CAPBSET_READ, cap, 0, 0, 0) > 0 ? u64{1} << cap : 0;
  }
  return caps;
}

SetupError failure(Step step, i64 result) {
  return result < 0 ? SetupError{step, static_cast<i32>(-result)} : SetupError{};
}

/// Sets the soft limit; the hard one is raised with it where that is allowed.
i64 set_limit_with_hard(u64 resource, u64 soft) {
  Rlimit limit;
  const i64 result = get_limit(resource, limit);
  return result < 0 ? result : set_limit(resource, {soft, soft > limit.hard ? soft : limit.hard});
}

SetupError set_schedule(const Setup& setup, const Slot& slot) {
  if (setup.sets_nice) {
    return failure(Step::kNice, raw_call(__NR_setpriority, 0, 0, slot.nice));
  }
  return {};
}

SetupError set_limits(const Setup& setup, const Slot& slot) {
  // 1 byte: no core, not even for a program that would be fed one.
  set_limit(RLIMIT_CORE, {1, 1});
  set_limit(RLIMIT_FSIZE, {setup.file_bytes, setup.file_bytes});
  if (const i64 result = set_limit_with_hard(RLIMIT_NOFILE, slot.rlimit_nofile); result < 0) {
    return failure(Step::kRlimitNofile, result);
  }
  return failure(Step::kRlimitMsgqueue, set_limit_with_hard(RLIMIT_MSGQUEUE, slot.rlimit_msgqueue));
}

/// Charges are by real ids, the right to write limits of an IPC namespace by effective ones: where
/// the trace's root must have that right, its real uid is the run's own all the same.
SetupError set_identity(const Setup& setup, const Slot& slot) {
  const u32 real = setup.keep_root && slot.uid == 0 ? setup.root_id : slot.uid;
  i64 result = raw_call(__NR_setgroups, 0, nullptr);
  if (result >= 0) {
    result = raw_call(__NR_setresgid, slot.uid, slot.uid, slot.uid);
  }
  if (result >= 0) {
    result = raw_call(__NR_setresuid, real, slot.uid, slot.uid);
  }
  return failure(Step::kIdentity, result);
}

SetupError set_up(const Setup& setup, const Slot& slot) {
  SetupError error = set_schedule(setup, slot);
  if (error.step == Step::kNone) {
    error = set_limits(setup, slot);
  }
  if (setup.own_uid && error.step == Step::kNone) {
    // Without this a change of uid takes the capabilities away.
    raw_call(__NR_prctl, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
    error = set_identity(setup, slot);
  }
  if (error.step == Step::kNone) {
    error = keep_only_caps(setup.caps);
  }
  // A change of identity hides the process from its own /proc files otherwise.
  raw_call(__NR_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  return error;
}

[[noreturn]] void run_task(const Setup& setup, u32 index) {
  Slot& slot = shared().slot(index);
  raw_call(__NR_close_range, 0, ~0U, 0);
  reset_signals();
  const i64 joined = raw_call(__NR_setpgid, 0, task_group);
  const SetupError error = joined < 0 ? failure(Step::kStartTask, joined) : set_up(setup, slot);
  if (error.step != Step::kNone) {
    shared().header().start_failure = error;
    slot.life = Life::kReaped;
    raw_call(__NR_futex, &slot.life, FUTEX_WAKE, 1, nullptr, nullptr, 0);
    exit_group(0);
  }
  be_born(index);
  agent_run(index);
}

}  // namespace

SetupError keep_only_caps(u64 caps) {
  // execve() as root would give everything back, and as anybody else take everything away.
  const i64 locked =
      raw_call(__NR_prctl, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NOROOT, 0, 0, 0);
  if (locked < 0 && caps != 0) {
    return failure(Step::kCapabilities, locked);
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  for (u32 i = 0; i < _LINUX_CAPABILITY_U32S_3; ++i) {
    const u32 word = static_cast<u32>(caps >> (32 * i));
    data[i] = {.effective = word, .permitted = word, .inheritable = word};
  }
  if (const i64 result = raw_call(__NR_capset, &header, &data); result < 0) {
    return failure(Step::kCapabilities, result);
  }
  for (u32 cap = 0; cap < kCapCount; ++cap) {
    if ((caps >> cap & 1U) != 0) {
      const i64 result = raw_call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
      if (result < 0) {
        return failure(Step::kCapabilities, result);
      }
    }
  }
  return {};
}

SetupError make_task_group() {
  task_group = raw_call(__NR_clone, kSigchldNumber, 0, 0, 0, 0);
  if (task_group == 0) {
    exit_group(0);
  }
  if (task_group < 0) {
    return failure(Step::kStartTask, task_group);
  }
  // A group with the parent in another one of the session: SIGTSTP, SIGTTIN and SIGTTOU stop its
  // processes as they stop a shell's job. They do not stop an orphaned group.
  return failure(Step::kStartTask, raw_call(__NR_setpgid, task_group, task_group));
}

void keep_caps_of_namespace() {
  static_cast<void>(keep_only_caps(all_caps()));
  raw_call(__NR_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

SetupError start_task(const Setup& setup, u32 index) {
  Slot& slot = shared().slot(index);
  slot.leader = 1;
  auto* tid = reinterpret_cast<i32*>(&slot.tid);
  const i64 pid = raw_call(__NR_clone, CLONE_PARENT_SETTID | kSigchldNumber, 0, tid, 0, 0);
  if (pid == 0) {
    run_task(setup, index);
  }
  if (pid < 0) {
    return failure(Step::kStartTask, pid);
  }
  while (slot.life == Life::kStarting) {
    raw_call(__NR_futex, &slot.life, FUTEX_WAIT, static_cast<u32>(Life::kStarting), nullptr,
             nullptr, 0);
  }
  return shared().header().start_failure;
}

}  // namespace ipcsim::host
