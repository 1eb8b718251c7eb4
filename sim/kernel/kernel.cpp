#include "sim/kernel/kernel.hpp"

#include <fmt/format.h>
#include <range/v3/algorithm/sort.hpp>

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/syscalls.hpp"
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
  k.task(initial.task) = {.process = ProcessId{static_cast<u32>(k.processes.size() - 1)},
                          .files = k.fd_tables.insert({}),
                          .fs = k.fs_contexts.insert({}),
                          .mm = k.mms.insert({}),
                          .cred = Shared(Credentials{.uid = Ids::all(initial.uid),
                                                     .gid = Ids::all(initial.uid),
                                                     .groups = {},
                                                     .effective = caps,
                                                     .permitted = caps}),
                          .prio = kDefaultPrio + initial.nice};
}

bool restarts(Errno error, const SignalsTaken& taken) {
  if (error == Errno::kERESTARTSYS) {
    return taken.restart;
  }
  return error == Errno::kERESTARTNOHAND && !taken.handler_ran;
}

bool internal(Errno error) {
  return error == Errno::kERESTARTSYS || error == Errno::kERESTARTNOHAND;
}

}  // namespace

Kernel::Kernel(const Environment& environment, const KernelProfile& profile, Contents contents)
    : state_{.profile = &profile,
             .pipe_limits = environment.pipe_limits,
             .mq_limits = environment.mq_limits,
             .pages = PagePool(environment.page_size, contents),
             .now = Nanoseconds{environment.realtime_ns}} {
  state_.root = make_root(state_);
  state_.processes.emplace_back();  // process 0 is nobody's
  for (const InitialTask& task : environment.tasks) {
    IPCSIM_CHECK(task.task.v >= 1 && !exists(task.task));
    add_initial_task(state_, task, environment.caps);
    for (const Fd fd : task.other_fds) {
      static_cast<void>(post_other_fd(task.task, fd, false));
    }
  }
}

bool Kernel::idle(TaskId task) const { return exists(task) && !state_.task(task).in_call(); }

void Kernel::post(TaskId id, const Call& call) {
  IPCSIM_CHECK(idle(id));
  Task& task = state_.task(id);
  task.call_number = call_number(call);
  task.call = StoredCall(call);
  if (task.state == TaskState::kIdle) {
    enqueue(state_, id);
  }
}

Section Kernel::syscall(TaskId id, const Call& call) {
  IPCSIM_CHECK(idle(id) && state_.task(id).state == TaskState::kIdle);
  Task& task = state_.task(id);
  task.call_number = call_number(call);
  task.state = TaskState::kRunnable;
  Section section = std::visit([&](const auto& c) { return run(state_, id, c); }, call);
  finish_section(id, section);
  if (section.end == Section::End::kAsleep || section.end == Section::End::kAgain) {
    state_.task(id).call = StoredCall(call);
  }
  return section;
}

std::optional<std::string> Kernel::post_signal(TaskId task, Signal signal) {
  if (signal.v == 0 || signal.v > kMostSignal || stops_or_continues(signal)) {
    return "only signals 1 to 64 that neither stop nor continue are modelled";
  }
  if (exists(task)) {
    send_signal_to_task(state_, task, signal);
  }
  return std::nullopt;
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
    if (task.state == TaskState::kAsleep && task.deadline && *task.deadline <= state_.now) {
      due.emplace_back(*task.deadline, TaskId{i + 1});
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

void Kernel::run_section(TaskId id) {
  IPCSIM_CHECK(exists(id) && state_.task(id).state == TaskState::kRunnable);
  dequeue(state_, id);
  const StoredCall call = state_.task(id).call;
  const bool entering = std::holds_alternative<std::monostate>(state_.task(id).progress);
  if (call.empty() || (entering && signal_pending(state_, id))) {
    // A signal in user space is handled before the task goes on.
    if (take_signals(state_, id).dies) {
      state_.task(id).call_number = 0;
      exit_task(state_, id);
      return;
    }
    if (call.empty()) {
      state_.task(id).state = TaskState::kIdle;
      return;
    }
  }
  Section section = call.visit([&](const auto& c) { return run(state_, id, c); });
  finish_section(id, section);
  const bool returned = section.end == Section::End::kReturned;
  if (returned || section.end == Section::End::kNotModelled) {
    state_.completions.push_back(
        {.task = id,
         .kind = returned ? Completion::Kind::kReturned : Completion::Kind::kNotModelled,
         .result = std::move(section.result),
         .reason = std::move(section.reason)});
  }
}

/// What lies between a section and user space: the end of a sleep, signals, starting again. The
/// section becomes what the program sees.
void Kernel::finish_section(TaskId id, Section& section) {
  if (section.end == Section::End::kGone || section.end == Section::End::kAsleep) {
    return;
  }
  SignalsTaken taken;
  if (signal_pending(state_, id)) {
    taken = take_signals(state_, id);
    if (taken.dies) {
      const bool returned =
          section.end == Section::End::kReturned && !internal(section.result.error);
      exit_task(state_, id, returned ? std::optional{std::move(section.result)} : std::nullopt);
      section.end = Section::End::kGone;
      return;
    }
  }
  if (state_.task(id).progress.index() != 0 || state_.task(id).wait_entry != kNoWaitEntry) {
    end_progress(state_, id);
  }
  if (internal(section.result.error)) {
    if (restarts(section.result.error, taken)) {
      enqueue_first(state_, id);
      section.end = Section::End::kAgain;
      return;
    }
    section.result.error = Errno::kEINTR;
  }
  Task& task = state_.task(id);
  task.call_number = 0;
  task.call = {};
  task.state = TaskState::kIdle;
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
