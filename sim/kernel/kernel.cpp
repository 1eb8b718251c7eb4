#include "sim/kernel/kernel.hpp"

#include <concepts>
#include <utility>

#include <fmt/format.h>
#include <range/v3/algorithm/sort.hpp>

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/transfer_at_once.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

constexpr i32 kDefaultPrio = 120;  // nice 0 on the kernel's scale

void add_initial_task(KernelState& k, const InitialTask& initial, Caps caps) {
  k.processes.push_back({.leader = initial.task,
                         .rlimit_nofile = initial.rlimit_nofile,
                         .rlimit_msgqueue = initial.rlimit_msgqueue});
  while (k.tasks.size() < initial.task.v) {
    k.tasks.push_back({.state = TaskState::kDead});
  }
  k.task(initial.task) = {
      .process = ProcessId{static_cast<u32>(k.processes.size() - 1)},
      .files = k.fd_tables.insert({}),
      .fs = k.fs_contexts.insert({}),
      .mm = k.mms.insert({}),
      .cred = std::make_shared<const Credentials>(Credentials{.uid = Ids::all(initial.uid),
                                                              .gid = Ids::all(initial.uid),
                                                              .groups = {},
                                                              .effective = caps,
                                                              .permitted = caps}),
      .prio = kDefaultPrio + initial.nice,
      .ipc = k.first_ipc};
  if (initial.nice != 0) {
    k.task(initial.task).make_rare().sched.nice = initial.nice;
  }
}

u16 number_of(const Call& call) { return call_number(call); }
template <class C>
u16 number_of(const C& /*call*/) {
  return kCallNumber<C>;
}

/// The task enters a call without waiting for its turn.
template <class C>
Section first_section(KernelState& k, TaskId id, const C& call) {
  k.task(id).enter(number_of(call), k.now);
  k.task(id).state = TaskState::kRunnable;
  if constexpr (std::same_as<C, Call>) {
    return visit([&](const auto& c) { return run(k, id, c); }, call);
  } else {
    return run(k, id, call);
  }
}

}  // namespace

Kernel::Kernel(const Environment& environment, const KernelProfile& profile, Contents contents)
    : state_{.profile = &profile,
             .pipe_limits = environment.pipe_limits,
             .pages = PagePool(environment.page_size, contents),
             .now = Nanoseconds{environment.realtime_ns}} {
  state_.root = make_root(state_);
  state_.first_ipc = make_ipc_namespace(state_, environment.mq_limits, {});
  state_.ipc_namespaces[state_.first_ipc].tasks = 0;
  state_.ipc_namespaces[state_.first_ipc].mounted = true;
  state_.processes.emplace_back();  // process 0 is nobody's
  for (const InitialTask& task : environment.tasks) {
    IPCSIM_CHECK(task.task.v >= 1 && !exists(task.task));
    add_initial_task(state_, task, environment.caps);
    ++state_.ipc_namespaces[state_.first_ipc].tasks;
    for (const Fd fd : task.other_fds) {
      static_cast<void>(post_other_fd(task.task, fd, false));
    }
  }
}

void Kernel::post(TaskId id, const Call& call) {
  IPCSIM_CHECK(idle(id));
  Task& task = state_.task(id);
  task.enter(call_number(call), state_.now);
  task.call = StoredCall(call);
  if (task.state == TaskState::kIdle) {
    enqueue(state_, id);
  }
}

Section Kernel::any_syscall(TaskId id, const Call& call) {
  if (const auto* send = get_if<MqTimedsendCall>(&call)) {
    return enter(id, *send);
  }
  if (const auto* receive = get_if<MqTimedreceiveCall>(&call)) {
    return enter(id, *receive);
  }
  return enter(id, call);
}

template <class C>
Section Kernel::enter(TaskId id, const C& call) {
  IPCSIM_CHECK(id.v > 0 && id.v <= state_.tasks.size());
  IPCSIM_CHECK(!state_.task(id).in_call() && state_.task(id).state == TaskState::kIdle);
  const bool waits = signals_come_first(state_, id, number_of(call));
  if (waits) {
    post(id, call);
    run_section(id);
  }
  // One variable alone is returned: the outcome is made where it goes to.
  Section section = waits ? Section::goes_on() : first_section(state_, id, call);
  if (waits || section.end == Section::End::kGone) {
    return section;
  }
  Task& task = state_.task(id);
  if (section.over() && !internal_error(section.result.error) && !task.rare().saved_sigmask &&
      !signal_pending(state_, id)) {
    if (task.extras || task.wait_entry != kNoWaitEntry || task.progress.index() != 0) {
      end_progress(state_, id);
      task.leave();
    } else {
      task.call_number = 0;  // what leave() does where there is no more
      task.state = TaskState::kIdle;
    }
    return section;
  }
  task.call = StoredCall(call);
  finish_call(id, section);
  if (section.over()) {
    section.end = Section::End::kGoesOn;
  }
  return section;
}

namespace {

std::optional<std::string> send_from_outside(KernelState& k, TaskId task, Signal signal,
                                             bool traced) {
  if (signal.v == 0 || signal.v > kMostSignal) {
    return "only signals 1 to 64 can be sent";
  }
  if (k.exists(task)) {
    send_signal_to_task(k, task, SignalInfo::of(signal, kSiTkill), traced);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> Kernel::post_signal(TaskId task, Signal signal) {
  return send_from_outside(state_, task, signal, false);
}

std::optional<std::string> Kernel::post_traced_signal(TaskId task, Signal signal) {
  return send_from_outside(state_, task, signal, true);
}

std::optional<std::string> Kernel::post_other_fd(TaskId task, Fd fd, bool cloexec) {
  FdTable& table = state_.fd_table(task);
  if (table.reserved(fd)) {
    return fmt::format("descriptor {} is taken by an open() that has not finished", fd.v);
  }
  if (table.file(fd) != kNoFile) {
    filp_close(state_, task, table.clear(fd));
  }
  table.set(fd, state_.files.insert({.kind = FileKind::kOther, .f_count = 1}), cloexec);
  return std::nullopt;
}

void Kernel::advance(Nanoseconds by) {
  state_.now = later(state_.now, by);
  std::vector<std::pair<Nanoseconds, TaskId>> due;
  for (u32 i = 0; i < state_.tasks.size(); ++i) {
    const Task& task = state_.tasks[i];
    if (task.state == TaskState::kAsleep && task.timed_out(state_.now)) {
      due.emplace_back(*task.rare().deadline, TaskId{i + 1});
    }
  }
  ranges::sort(due);
  for (const auto& [deadline, task] : due) {
    wake_task(state_, task);
  }
}

std::vector<TaskId> Kernel::runnable() const {
  std::vector<TaskId> list;
  for (TaskId at = state_.run_first; at != kNoTask; at = state_.task(at).run_next) {
    list.push_back(at);
  }
  return list;
}

std::vector<Sleeper> Kernel::sleepers() const {
  std::vector<Sleeper> list;
  for (u32 i = 0; i < state_.tasks.size(); ++i) {
    const Task& task = state_.tasks[i];
    if (task.state != TaskState::kDead && task.in_call()) {
      list.push_back({TaskId{i + 1}, task.call.visit([](const auto& call) { return call.kName; })});
    }
  }
  return list;
}

}  // namespace ipcsim
