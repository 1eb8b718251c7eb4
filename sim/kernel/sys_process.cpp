// Processes and threads: fork(), vfork(), clone(), execve(), exit(), limits.
// Linux kernel/fork.c, fs/exec.c, kernel/exit.c.
#include <optional>
#include <utility>
#include <vector>

#include <range/v3/algorithm/sort.hpp>

#include "sim/kernel/close_all.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/user_namespace.hpp"
#include "sim/kernel/wake.hpp"

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
  if (new_ipc && !cred->effective.has(Cap::kSysAdmin)) {
    return Section::failed(Errno::kEPERM);
  }
  if (new_ipc && (flags & kCloneSysvsem) != 0) {
    return Section::failed(Errno::kEINVAL);
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
    k.processes.push_back(std::move(copy));
    process = ProcessId{static_cast<u32>(k.processes.size() - 1)};
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

void put_fs_context(KernelState& k, FsId fs) {
  if (--k.fs_contexts[fs].users == 0) {
    k.fs_contexts.erase(fs);
  }
}

void put_memory(KernelState& k, MmId mm) {
  if (--k.mms[mm].users == 0) {
    drop_memory(k.mms[mm], k.pages);
    k.mms.erase(mm);
  }
}

/// The saved and file system ids follow the effective ones, and what is permitted is effective
/// again. Linux security/commoncap.c: cap_bprm_creds_from_file() with ambient capabilities.
void commit_exec_creds(KernelState& k, TaskId id) {
  Credentials cred = k.cred(id);
  for (Ids* ids : {&cred.uid, &cred.gid}) {
    ids->saved = ids->effective;
    ids->fs = ids->effective;
  }
  cred.effective = cred.permitted;
  if (cred != k.cred(id)) {
    k.task(id).cred = std::make_shared<const Credentials>(std::move(cred));
  }
}

/// The child has its own memory now, or none: the parent of a vfork() goes on.
void complete_vfork(KernelState& k, TaskId id) {
  const TaskId parent = k.task(id).rare().vfork_parent;
  if (parent == kNoTask) {
    return;
  }
  k.task(id).make_rare().vfork_parent = kNoTask;
  if (k.exists(parent)) {
    wake_task(k, parent);
  }
}

/// Kills the other threads. True when none is left. Linux fs/exec.c: de_thread().
bool de_thread(KernelState& k, TaskId id) {
  zap_other_threads(k, id);
  return k.process_of(id).live_threads == 1;
}

/// Who waits in execve() waits for all but the first thread, and then for that one: it is awake
/// already when the first thread is the last to end. Linux fs/exec.c: de_thread().
void wake_exec_waiter(KernelState& k, const Process& process) {
  const bool leader_lives = process.leader != process.exec_waiter && k.exists(process.leader);
  if (process.live_threads == (leader_lives ? 2U : 1U)) {
    wake_task(k, process.exec_waiter);
  }
}

void rename_sender(SignalInfo& info, TaskId before, TaskId now) {
  info.pid = info.pid == before ? now : info.pid;
}

/// Signals that the task has not handled yet: pending ones, and those that it had taken when it was
/// stopped.
void rename_senders(TaskExtras& extras, TaskId before, TaskId now) {
  for (SignalInfo& info : extras.pending.queue) {
    rename_sender(info, before, now);
  }
  if (extras.returning != nullptr && !extras.returning->taken.frames.empty()) {
    ReturnInProgress returning = *extras.returning;
    for (SignalFrame& frame : returning.taken.frames) {
      rename_sender(frame.info, before, now);
    }
    extras.returning = std::make_shared<const ReturnInProgress>(std::move(returning));
  }
}

/// A task that was stopped before its kill(), tgkill() or F_SETOWN names numbers as they were then.
void rename_target(Task& task, TaskId before, TaskId now) {
  if (!task.in_any<KillCall, TgkillCall, FcntlCall>() || task.call.empty()) {
    return;
  }
  const auto rename = [&](TaskId& target) {
    target = target == before ? now : target == now ? before : target;  // `before` is nobody now
  };
  Call call = task.call.get();
  if (auto* kill = get_if<KillCall>(&call)) {
    rename(kill->pid);
  } else if (auto* tgkill = get_if<TgkillCall>(&call)) {
    rename(tgkill->tgid);
    rename(tgkill->tid);
  } else if (auto& fcntl = get<FcntlCall>(call); fcntl.cmd.v == kFSetown && fcntl.arg > 0) {
    TaskId owner{static_cast<u32>(fcntl.arg)};
    rename(owner);
    fcntl.arg = owner.v;
  } else if (fcntl.cmd.v == kFSetownEx && fcntl.owner.kind == UserPtr<OwnerEx>::Kind::kValue) {
    rename(fcntl.owner.value.pid);
  }
  task.call = StoredCall(call);
}

/// The thread that is left gets the number of its process, and its own is nobody's. Here it keeps
/// its own: all that the process's number stands in has that now. Linux fs/exec.c: de_thread().
void take_lead(KernelState& k, TaskId id) {
  const TaskId before = std::exchange(k.process_of(id).leader, id);
  if (before == id) {
    return;
  }
  std::vector<FileId> files;
  k.files.each([&](FileId file, const File& /*value*/) { files.push_back(file); });
  for (const FileId file : files) {
    TaskId& owner = k.files[file].f_owner.pid;
    owner = owner == id ? kNoTask : owner == before ? id : owner;
  }
  std::vector<MqueueId> queues;
  k.mqueues.each([&](MqueueId queue, const MqueueObject& /*value*/) { queues.push_back(queue); });
  for (const MqueueId queue : queues) {
    std::optional<MqNotify>& notify = k.mqueues[queue].inode.notify;
    if (notify && notify->owner == WaiterId{before.v}) {
      notify->owner = WaiterId{id.v};
    }
  }
  for (Task& task : k.tasks) {
    rename_target(task, before, id);
    if (task.extras) {
      rename_senders(*task.extras, before, id);
    }
  }
  for (Process& process : k.processes) {
    for (SignalInfo& info : process.shared_pending.queue) {
      rename_sender(info, before, id);
    }
  }
}

void report_death(KernelState& k, const DeadThread& dead, Signal signal) {
  k.completions.push_back({.task = dead.task,
                           .kind = Completion::Kind::kDied,
                           .result = dead.result.value_or(SysResult{}),
                           .signal = signal,
                           .returned_first = dead.result.has_value()});
}

/// The last thread is gone: who died in a call, or by a signal, is reported. A signal that comes
/// before an execve() returns is the end of the threads that it has replaced too: whoever watches
/// the process sees one end of it.
void report_process_end(KernelState& k, Process& process) {
  for (const DeadThread& dead : process.dead_threads) {
    if (dead.reported) {
      std::erase_if(k.completions, [&](const Completion& c) {
        return c.task == dead.task && c.kind == Completion::Kind::kDied;
      });
    }
    if (dead.in_call || process.exit_signal.v != 0) {
      report_death(k, dead, process.exit_signal);
    }
  }
  process.dead_threads.clear();
}

}  // namespace

void report_replaced_threads(KernelState& k, ProcessId id) {
  for (DeadThread& dead : k.processes[id.v].dead_threads) {
    if (dead.in_call && !std::exchange(dead.reported, true)) {
      report_death(k, dead, Signal{0});
    }
  }
}

void exit_task(KernelState& k, TaskId id, std::optional<SysResult> result) {
  end_progress(k, id);
  const Task& task = k.task(id);
  const ProcessId process_id = task.process;
  const FdTableId files = task.files;
  const bool in_call = task.in_call() && !task.in_any<ExitCall, ExitGroupCall>();
  // Linux kernel/signal.c: exit_signals(). What it releases may send signals: none to itself.
  k.task(id).state = TaskState::kExiting;
  retarget_shared_pending(k, id, SignalSet{~k.task(id).blocked.bits});
  complete_vfork(k, id);
  put_fd_table(k, id, files);
  put_fs_context(k, k.task(id).fs);
  put_memory(k, k.task(id).mm);
  leave_ipc_namespace(k, k.task(id).ipc);
  free_splice_pipe(k, id);
  Process& process = k.processes[process_id.v];
  if (in_call || process.exit_signal.v != 0 || process.exec_waiter != kNoTask) {
    const bool counts = in_call || process.exit_signal.v != 0;
    process.dead_threads.push_back({.task = id, .in_call = counts, .result = std::move(result)});
    ranges::sort(process.dead_threads, {}, &DeadThread::task);
  }
  // Who it was is asked by those who still send it signals.
  k.task(id) = {.process = process_id, .cred = k.task(id).cred, .state = TaskState::kDead};
  --process.live_threads;
  if (process.exec_waiter != kNoTask) {
    wake_exec_waiter(k, process);
  }
  if (process.live_threads == 0) {
    report_process_end(k, process);
  } else if (process.exec_waiter != kNoTask && process.live_threads == 1 &&
             !signal_pending(k, process.exec_waiter)) {
    report_replaced_threads(k, process_id);
  }
}

Section run(KernelState& k, TaskId id, const ForkCall& call) {
  return fork_section(k, id, 0, call.child);
}

Section run(KernelState& k, TaskId id, const VforkCall& call) {
  return fork_section(k, id, kCloneVfork | kCloneVm, call.child);
}

Section run(KernelState& k, TaskId id, const CloneCall& call) {
  return fork_section(k, id, call.flags.v, call.child);
}

Section run(KernelState& k, TaskId id, const ExecveCall& /*call*/) {
  Process& process = k.process_of(id);
  if (!de_thread(k, id)) {
    process.exec_waiter = id;
    k.task(id).progress = ExecInProgress{};
    k.task(id).state = TaskState::kAsleep;
    return Section::asleep();
  }
  process.exec_waiter = kNoTask;
  take_lead(k, id);
  unshare_fd_table(k, id);
  put_memory(k, std::exchange(k.task(id).mm, k.mms.insert({})));
  complete_vfork(k, id);
  FdTable& table = k.fd_table(id);
  std::vector<FileId> closed;
  for (const Fd fd : table.open_fds()) {
    if (table.close_on_exec(fd)) {
      closed.push_back(table.clear(fd));
    }
  }
  filp_close_all(k, id, closed);
  ++process.self_exec_id;
  process.handled = {};
  process.restart = {};
  commit_exec_creds(k, id);
  process.nodefer = {};
  process.resethand = {};
  process.handler_stores.clear();
  return Section::returned(0);
}

namespace {

/// A process that ends releases its files one after the other, each under locks of its own, the
/// newest first. Releases a pipe's file that nobody else has, if that is not all that is left to
/// do. Linux kernel/task_work.c: task_work_run().
bool release_newest_pipe(KernelState& k, TaskId id) {
  FdTable& table = k.fd_table(id);
  if (table.users() > 1) {
    return false;
  }
  Fd newest{-1};
  u32 left = 0;
  for (const Fd fd : table.open_fds()) {
    const File& file = k.files[table.file(fd)];
    if (file.kind == FileKind::kPipe && file.f_count == 1) {
      newest = fd;
      ++left;
    }
  }
  if (left < 2) {
    return false;
  }
  filp_close(k, id, table.clear(newest));
  return true;
}

}  // namespace

Section run(KernelState& k, TaskId id, const ExitCall& /*call*/) {
  exit_task(k, id);
  return Section::gone();
}

Section run(KernelState& k, TaskId id, const ExitGroupCall& /*call*/) {
  do_group_exit(k, id, Signal{0});
  if (release_newest_pipe(k, id)) {
    k.task(id).killed = false;  // it is on its way already
    enqueue_first(k, id);       // it goes on; another processor may see what it has done so far
    return Section::asleep();
  }
  exit_task(k, id);
  return Section::gone();
}

Section run(KernelState& k, TaskId id, const SetrlimitCall& call) {
  Process& process = k.process_of(id);
  if (call.resource.v == kRlimitNofile && call.rlim_cur > kNrOpen) {
    return Section::failed(Errno::kEINVAL);  // over the hard limit, which is at most that
  }
  if (call.resource.v == kRlimitNofile) {
    process.rlimit_nofile = call.rlim_cur;
  } else if (call.resource.v == kRlimitMsgqueue) {
    process.rlimit_msgqueue = call.rlim_cur;
  } else {
    return Section::not_modelled("this resource limit");
  }
  return Section::returned(0);
}

}  // namespace ipcsim
