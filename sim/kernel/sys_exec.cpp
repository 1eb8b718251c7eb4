// A process takes another program: execve(). Linux fs/exec.c.
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "sim/kernel/close_all.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

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

/// Kills the other threads. True when none is left. Linux fs/exec.c: de_thread().
bool de_thread(KernelState& k, TaskId id) {
  zap_other_threads(k, id);
  return k.process_of(id).live_threads == 1;
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

}  // namespace

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

}  // namespace ipcsim
