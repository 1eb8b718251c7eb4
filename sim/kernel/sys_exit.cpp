// Tasks end: exit(), exit_group(), and what every end does. Linux kernel/exit.c.
#include <optional>
#include <utility>

#include <range/v3/algorithm/sort.hpp>

#include "sim/kernel/files.hpp"
#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/pid_namespace.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

void put_fs_context(KernelState& k, FsId fs) {
  if (--k.fs_contexts[fs].users == 0) {
    k.fs_contexts.erase(fs);
  }
}

/// Who waits in execve() waits for all but the first thread, and then for that one: it is awake
/// already when the first thread is the last to end. Linux fs/exec.c: de_thread().
void wake_exec_waiter(KernelState& k, const Process& process) {
  const bool leader_lives = process.leader != process.exec_waiter && k.exists(process.leader);
  if (process.live_threads == (leader_lives ? 2U : 1U)) {
    wake_task(k, process.exec_waiter);
  }
}

void report_death(KernelState& k, const DeadThread& dead, Signal signal) {
  if (dead.not_modelled) {
    // What it did before is not known, so neither is what its death left.
    k.completions.push_back(
        {.task = dead.task, .kind = Completion::Kind::kNotModelled, .reason = *dead.not_modelled});
    return;
  }
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

void put_memory(KernelState& k, MmId mm) {
  if (--k.mms[mm].users == 0) {
    drop_memory(k.mms[mm], k.pages);
    k.mms.erase(mm);
  }
}

void report_replaced_threads(KernelState& k, ProcessId id) {
  for (DeadThread& dead : k.processes[id.v].dead_threads) {
    if (dead.in_call && !std::exchange(dead.reported, true)) {
      report_death(k, dead, Signal{0});
    }
  }
}

void exit_task(KernelState& k, TaskId id, std::optional<Completion> answer) {
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
    DeadThread& dead = process.dead_threads.emplace_back();
    dead.task = id;
    dead.in_call = counts;
    if (answer && answer->kind == Completion::Kind::kNotModelled) {
      dead.not_modelled.emplace(std::move(answer->reason));
    } else if (answer) {
      dead.result = std::move(answer->result);
    }
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
    zap_pid_ns_processes(k, process_id);
  } else if (process.exec_waiter != kNoTask && process.live_threads == 1 &&
             !signal_pending(k, process.exec_waiter)) {
    report_replaced_threads(k, process_id);
  }
}

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

}  // namespace ipcsim
