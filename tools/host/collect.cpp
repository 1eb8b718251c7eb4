// What tasks did while they ran: returns, births, deaths.
#include <sys/mman.h>

#include <algorithm>
#include <csignal>
#include <tuple>
#include <type_traits>

#include <fmt/format.h>

#include "tools/host/call_traits.hpp"
#include "tools/host/decode_result.hpp"
#include "tools/host/machine_impl.hpp"

namespace ipcsim::host {
namespace {

/// A window keeps so much memory between calls.
constexpr u64 kKeptBytes = u64{256} * 1024;

bool exits(const Call& call) {
  return holds_alternative<ExitCall>(call) || holds_alternative<ExitGroupCall>(call);
}

/// Exits are expected; whoever else dies in a call, or is killed, is reported.
bool death_is_reported(const HostTask& task, Signal signal) {
  return signal.v != 0 || (task.call && !exits(task.call->call));
}

Ended death(TaskId task, Signal signal, u64 order) {
  Completion completion;
  completion.task = task;
  completion.kind = Completion::Kind::kDied;
  completion.signal = signal;
  return {.order = order, .death = true, .completion = std::move(completion)};
}

/// Owners of files are told as tasks.
void name_owner(const TaskTable& tasks, u32 pid_space, const Call& call, SysResult& result) {
  const auto* fcntl = get_if<FcntlCall>(&call);
  if (fcntl == nullptr || result.error != Errno::kOk) {
    return;
  }
  if (fcntl->cmd.v == kFGetown && result.ret > 0) {
    result.ret = tasks.task_by_number(static_cast<i32>(result.ret), pid_space).v;
  } else if (auto* owner = get_if<OwnerEx>(&result.out); owner != nullptr && owner->pid.v != 0) {
    const auto pid = static_cast<i32>(owner->pid.v);
    owner->pid = owner->type == OwnerType::kTid ? tasks.task_by_number(pid, pid_space)
                                                : tasks.leader_of(pid, pid_space);
  }
}

/// True when the call gave up because its time was over.
bool timed_out(const Call& call, const SysResult& result) {
  return result.error == Errno::kETIMEDOUT ||
         (waits_for_events(call) && result.error == Errno::kOk && result.ret == 0);
}

}  // namespace

HostMachine::Done HostMachine::collect(Settled& settled) {
  std::vector<Ended> ended;
  collect_births();
  if (auto done = collect_handled(settled); !done) {
    return done;
  }
  if (auto done = collect_returns(ended); !done) {
    return done;
  }
  collect_exits();
  collect_deaths(ended);
  collect_stops();
  settled.completions = in_order(std::move(ended));
  for (const auto& [id, task] : tasks_.tasks()) {
    if (task.call) {
      settled.sleepers.push_back({.task = id, .call = call_name(task.call->call)});
    }
  }
  return lost_ ? Done(lost()) : Done{};
}

/// The notes that handlers left. REQUIRES: births are collected, and deaths not.
HostMachine::Done HostMachine::collect_handled(Settled& settled) {
  const u32 handled = run_->shared().header().handled;
  if (handled - handled_seen_ > kMostHandled) {
    return lose(fmt::format("more than {} handlers ran in one step", kMostHandled));
  }
  for (; handled_seen_ != handled; ++handled_seen_) {
    const HandledNote& note = run_->shared().handled(handled_seen_);
    if (note.written.load(std::memory_order_acquire) != handled_seen_ + 1) {
      return lose("a handler did not come to its end");
    }
    SignalInfo info = SignalInfo::of(Signal{static_cast<u32>(note.signo)}, SignalCode{note.code});
    info.band.v = static_cast<u32>(note.band);
    info.fd.v = note.fd;
    if (info.code == kSiMesgq) {
      info.value = note.value;
    }
    if (note.pid != 0) {
      info.pid = sender_of(note);
    }
    settled.handled.push_back({TaskId{note.task}, info});
  }
  return {};
}

/// Who leads the process that sent the signal: since this step, if a thread has taken its number by
/// execve() before the handler ran.
TaskId HostMachine::sender_of(const HandledNote& note) const {
  const TaskId receiver{note.task};
  const u32 pid_space = tasks_.exists(receiver) ? tasks_.slot(receiver).pid_space : 0;
  for (const auto& [id, task] : tasks_.tasks()) {
    const Slot& slot = tasks_.slot_at(task.slot);
    if (task.call && holds_alternative<ExecveCall>(task.call->call) &&
        tasks_.number_of_process(task.process, pid_space) == note.pid &&
        slot.done.load(std::memory_order_acquire) == slot.cmd && slot.order < note.order) {
      return id;
    }
  }
  return tasks_.leader_of(note.pid, pid_space);
}

void HostMachine::collect_births() {
  struct Birth {
    TaskId parent;
    TaskId child;
    u32 slot;
    bool thread;
    bool user_ns;
  };
  std::vector<Birth> births;
  for (auto& [id, task] : tasks_.tasks()) {
    if (!task.call || !task.call->child_slot) {
      continue;
    }
    const u32 slot = *task.call->child_slot;
    if (tasks_.slot_at(slot).tid != 0) {
      const Call& call = task.call->call;
      births.push_back({id, *child_of(call), slot, makes_thread(call), makes_user_namespace(call)});
      task.call->child_slot.reset();
    }
  }
  for (const Birth& birth : births) {
    tasks_.add_child(birth.parent, birth.child, birth.slot, birth.thread);
    tasks_.task(birth.child).user_ns_level =
        tasks_.task(birth.parent).user_ns_level + (birth.user_ns ? 1 : 0);
  }
}

HostMachine::Done HostMachine::collect_returns(std::vector<Ended>& ended) {
  std::vector<TaskId> returned;
  for (const auto& [id, task] : tasks_.tasks()) {
    const Slot& slot = tasks_.slot_at(task.slot);
    if (task.call && slot.done.load(std::memory_order_acquire) == slot.cmd) {
      returned.push_back(id);
    }
  }
  for (const TaskId id : returned) {
    if (auto done = collect_return(id, ended); !done) {
      return done;
    }
  }
  return {};
}

HostMachine::Done HostMachine::collect_return(TaskId id, std::vector<Ended>& ended) {
  if (!tasks_.exists(id)) {
    return {};  // returned, and then ended by another's execve()
  }
  HostTask& task = tasks_.task(id);
  const Slot& slot = tasks_.slot_at(task.slot);
  auto result =
      decode_result(slot, run_->shared().window(task.slot), *task.call, run_->book(), tasks_);
  if (!result) {
    lost_ = result.error().message;
    return std::unexpected(result.error());
  }
  name_owner(tasks_, slot.pid_space, task.call->call, *result);
  if (clock_.early(id) && timed_out(task.call->call, *result)) {
    too_slow_ = true;
    return lose(
        fmt::format("task {}: the timeout of {}() expired on the host before its time had "
                    "come in the trace; a longer timer_slack is needed",
                    id.v, call_name(task.call->call)));
  }
  clock_.forget(id);
  clean_window(task);
  if (task.call->child_slot) {
    tasks_.free_slot(*task.call->child_slot);  // the kernel made no task
  }
  if (result->error == Errno::kOk && holds_alternative<UnshareCall>(task.call->call)) {
    task.user_ns_level += makes_user_namespace(task.call->call) ? 1 : 0;
    if (makes_pid_namespace(task.call->call)) {
      tasks_.leave_pid_space(id);
    }
  }
  const bool replaced_others = holds_alternative<ExecveCall>(task.call->call);
  task.call.reset();
  Completion completion;
  completion.task = id;
  completion.result = *std::move(result);
  ended.push_back({.order = slot.order, .death = false, .completion = std::move(completion)});
  if (replaced_others) {
    collect_replaced(id, slot.order, ended);
  }
  return {};
}

/// When the last of these tasks died, as far as it was noted.
u64 HostMachine::last_death(const std::vector<TaskId>& tasks, u64 otherwise) const {
  u64 last = 0;
  for (const TaskId task : tasks) {
    last = std::max(last, tasks_.slot(task).death_order);
  }
  return last == 0 ? otherwise : last;
}

/// The other threads of a process that called execve() are gone, before it returned.
void HostMachine::collect_replaced(TaskId task, u64 order, std::vector<Ended>& ended) {
  std::vector<TaskId> others = tasks_.process_of(task).living;
  std::erase(others, task);
  order = last_death(others, order);
  for (const TaskId other : others) {
    if (death_is_reported(tasks_.task(other), Signal{0})) {
      ended.push_back(death(other, Signal{0}, order));
    }
    clock_.forget(other);
    tasks_.remove(other);
  }
  tasks_.take_lead(task);
}

void HostMachine::collect_exits() {
  std::vector<TaskId> gone;
  for (const auto& [id, task] : tasks_.tasks()) {
    if (tasks_.slot_at(task.slot).life == Life::kExiting) {
      gone.push_back(id);
    }
  }
  for (const TaskId id : gone) {
    tasks_.remove(id);
  }
}

void HostMachine::collect_deaths(std::vector<Ended>& ended) {
  const u32 deaths = run_->shared().header().deaths;
  if (deaths == deaths_seen_) {
    return;
  }
  deaths_seen_ = deaths;
  std::vector<u32> reaped;
  for (const auto& [number, process] : tasks_.processes()) {
    if (tasks_.slot_at(process.leader_slot).life == Life::kReaped) {
      reaped.push_back(number);
    }
  }
  for (const u32 number : reaped) {
    const HostProcess process = tasks_.processes().at(number);
    const Slot& slot = tasks_.slot_at(process.leader_slot);
    const bool killed = slot.exit_code == CLD_KILLED || slot.exit_code == CLD_DUMPED;
    const Signal signal{killed ? static_cast<u32>(slot.exit_status) : 0};
    const u64 order = last_death(process.living, slot.reap_order);
    for (const TaskId id : process.living) {
      const HostTask& task = tasks_.task(id);
      if (task.call && holds_alternative<ExecveCall>(task.call->call) && !killed) {
        std::ignore =
            lose(fmt::format("task {} was lost in execve(), status {}", id.v, slot.exit_status));
      }
      if (death_is_reported(task, signal)) {
        ended.push_back(death(id, signal, order));
      }
      clock_.forget(id);
      tasks_.remove(id);
    }
    tasks_.remove_process(number);
  }
}

/// Time in which a task is stopped is none of what some calls wait for.
void HostMachine::collect_stops() {
  for (const auto& [id, task] : tasks_.tasks()) {
    if (!task.call || !clock_.waits(id)) {
      continue;
    }
    if (clock_.paused(id) ? !stopped(id) : (waits_for_the_rest(task.call->call) && stopped(id))) {
      clock_.paused(id) ? clock_.resume(id, host_now_ns()) : clock_.pause(id, host_now_ns());
    }
  }
}

/// Gives the memory of a long buffer back.
void HostMachine::clean_window(const HostTask& task) const {
  if (task.call->window_bytes > kKeptBytes) {
    madvise(run_->shared().window(task.slot), kWindowBytes, MADV_REMOVE);
  }
}

}  // namespace ipcsim::host
