// Tasks begin: fork(), vfork(), clone(). Linux kernel/fork.c.
#include <memory>
#include <utility>

#include "sim/kernel/files.hpp"
#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/pid_namespace.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/user_namespace.hpp"

namespace ipcsim {
namespace {

/// Makes the task `child`, idle, in `process`, with the table `files`.
void add_task(KernelState& k, TaskId parent, TaskId child, ProcessId process, FdTableId files,
              FsId fs, MmId mm) {
  while (k.tasks.size() < child.v) {
    k.tasks.push_back({.state = TaskState::kDead});
  }
  const Task& model = k.task(parent);
  Task task{.process = process,
            .files = files,
            .fs = fs,
            .mm = mm,
            .cred = model.cred,
            .blocked = model.blocked,
            .prio = model.prio,
            .ipc = model.ipc};
  if (model.rare().sched != Sched{}) {
    task.make_rare().sched = model.rare().sched;
  }
  k.task(child) = std::move(task);
}

bool number_is_free(const KernelState& k, TaskId child) {
  return child.v >= 1 && (child.v > k.tasks.size() || k.task(child).process == ProcessId{0});
}

Section clone_section(KernelState& k, TaskId id, u64 flags, TaskId child) {
  if (!number_is_free(k, child)) {
    return Section::not_modelled("a new task under a number that is taken");
  }
  const bool thread = (flags & kCloneThread) != 0;
  if ((thread && (flags & kCloneSighand) == 0) ||
      ((flags & kCloneSighand) != 0 && (flags & kCloneVm) == 0)) {
    return Section::failed(Errno::kEINVAL);
  }
  const bool new_user = (flags & kCloneNewuser) != 0;
  if (new_user && (thread || (flags & kCloneFs) != 0)) {
    return Section::failed(Errno::kEINVAL);
  }
  const bool new_pid = (flags & kCloneNewpid) != 0;
  if (thread && (new_pid || pid_ns_for_children(k, id) != k.process_of(id).pid_ns)) {
    return Section::failed(Errno::kEINVAL);
  }
  if ((flags & kCloneSighand) != 0 && !thread) {
    return Section::not_modelled("signal handlers shared between processes");
  }
  std::shared_ptr<const Credentials> cred = k.task(id).cred;
  if (new_user) {
    Result<Credentials> made = make_user_namespace(k, id);
    if (!made) {
      return Section::failed(made.error());
    }
    cred = std::make_shared<const Credentials>(*std::move(made));
  }
  const bool new_ipc = (flags & kCloneNewipc) != 0;
  if ((new_ipc || new_pid) && !cred->effective.has(Cap::kSysAdmin)) {
    return Section::failed(Errno::kEPERM);
  }
  if (new_ipc && (flags & kCloneSysvsem) != 0) {
    return Section::failed(Errno::kEINVAL);
  }
  PidNsId pid_ns = pid_ns_for_children(k, id);
  if (new_pid) {
    const Result<PidNsId> made = make_pid_namespace(k, id);
    if (!made) {
      return Section::failed(made.error());
    }
    pid_ns = *made;
  }
  if (pid_namespace_ended(k, pid_ns)) {
    return Section::failed(Errno::kENOMEM);
  }
  const FdTableId files = k.task(id).files;
  FdTableId child_files = files;
  if ((flags & kCloneFiles) != 0) {
    k.fd_tables[files].add_user();
  } else {
    child_files = copy_fd_table(k, files);
  }
  FsId fs = k.task(id).fs;
  if ((flags & kCloneFs) != 0) {
    ++k.fs_contexts[fs].users;
  } else {
    fs = k.fs_contexts.insert({.umask = k.fs_contexts[fs].umask});
  }
  MmId mm = k.task(id).mm;
  if ((flags & kCloneVm) != 0) {
    ++k.mms[mm].users;
  } else {
    mm = k.mms.insert(fork_memory(k.mms[mm], k.pages));
  }
  ProcessId process = k.task(id).process;
  if (thread) {
    ++k.processes[process.v].live_threads;
  } else {
    Process copy = k.process_of(id);
    copy.leader = child;
    copy.live_threads = 1;
    copy.shared_pending = {};
    copy.stopped = false;
    copy.exec_waiter = kNoTask;
    copy.curr_target = kNoTask;
    copy.pid_ns = pid_ns;
    copy.unkillable = false;
    k.processes.push_back(std::move(copy));
    process = ProcessId{static_cast<u32>(k.processes.size() - 1)};
    join_pid_namespace(k, process);
  }
  add_task(k, id, child, process, child_files, fs, mm);
  k.task(child).cred = cred;
  if (new_ipc) {
    k.task(child).ipc = make_ipc_namespace(k, {}, *cred);
  } else {
    ++k.ipc_namespaces[k.task(id).ipc].tasks;
  }
  if ((flags & kCloneVfork) != 0) {
    k.task(child).make_rare().vfork_parent = id;
    k.task(id).progress = VforkInProgress{};
    k.task(id).state = TaskState::kAsleep;
    return Section::asleep();
  }
  return Section::returned(child.v);
}

Section fork_section(KernelState& k, TaskId id, u64 flags, TaskId child) {
  if (std::holds_alternative<VforkInProgress>(k.task(id).progress)) {
    return Section::returned(child.v);
  }
  return clone_section(k, id, flags, child);
}

}  // namespace

Section run(KernelState& k, TaskId id, const ForkCall& call) {
  return fork_section(k, id, 0, call.child);
}

Section run(KernelState& k, TaskId id, const VforkCall& call) {
  return fork_section(k, id, kCloneVfork | kCloneVm, call.child);
}

Section run(KernelState& k, TaskId id, const CloneCall& call) {
  return fork_section(k, id, call.flags.v, call.child);
}

}  // namespace ipcsim
