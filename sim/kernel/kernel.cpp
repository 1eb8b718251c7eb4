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

bool restarts(Errno error, const SignalsTaken& taken) {
  if (error == Errno::kERESTARTSYS) {
    return taken.restart;
  }
  return error == Errno::kERESTARTNOHAND && !taken.handler_ran;
}

/// True when the task takes signals before it enters the call: what it was told of, and before a
/// fork() also what another thread was told of. Linux kernel/fork.c: copy_process().
bool signals_come_first(KernelState& k, TaskId id, u16 call_number) {
  if (is_any_call<ForkCall, VforkCall, CloneCall>(call_number)) {
    recalc_sigpending(k, id);
  }
  return signal_pending(k, id);
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

bool internal(Errno error) {
  return error == Errno::kERESTARTSYS || error == Errno::kERESTARTNOHAND;
}

/// True for calls that are told, when they are interrupted, how much of their time is left, and
/// start again with that: the time in which the task is stopped does not count.
/// Linux fs/select.c: poll_select_finish().
bool waits_for_the_rest(const Task& task) {
  return task.in_any<SelectCall, Pselect6Call, PpollCall>();
}

/// Where no handler ran the call is to start again. A handler that the mask put back lets run later
/// finds no call that was interrupted. Linux arch/x86/kernel/signal.c: arch_do_signal_or_restart().
void decide_restart(ReturnInProgress& returning) {
  if (returning.completion && internal(returning.completion->result.error) &&
      !returning.taken.handler_ran) {
    returning.completion->result.error = Errno::kERESTARTSYS;
    returning.taken.handler_ran = true;
    returning.taken.restart = true;
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
  if (section.over() && !internal(section.result.error) && !task.rare().saved_sigmask &&
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

void Kernel::run_section(TaskId id) {
  IPCSIM_CHECK(exists(id) && state_.task(id).state == TaskState::kRunnable);
  dequeue(state_, id);
  Task& task = state_.task(id);
  if (task.rare().returning != nullptr) {
    ReturnInProgress returning = *std::exchange(task.make_rare().returning, nullptr);
    if (returning.deadline && waits_for_the_rest(task)) {
      returning.deadline = later(*returning.deadline, state_.now);
    }
    if (task.in_call() && !returning.completion) {
      task.entered = state_.now;  // it was stopped before it could enter
    }
    return_to_user(id, std::move(returning));
    return;
  }
  const bool entering = std::holds_alternative<std::monostate>(task.progress);
  if (!task.in_call() || (entering && signals_come_first(state_, id, task.call_number))) {
    // A signal in user space is handled before the task goes on.
    return_to_user(id, {});
    return;
  }
  if (entering || !finish_at_once(state_, id)) {
    run_call(id);
  }
}

void Kernel::run_call(TaskId id) {
  const StoredCall call = state_.task(id).call;
  Section section = call.visit([&](const auto& c) { return run(state_, id, c); });
  finish_call(id, section);
}

void Kernel::finish_call(TaskId id, Section& section) {
  if (section.end == Section::End::kGone || section.end == Section::End::kAsleep) {
    return;
  }
  if (section.end == Section::End::kGoesOn) {
    enqueue(state_, id);
    return;
  }
  if (section.end == Section::End::kReturned && returns_at_once(id, section.result.error)) {
    Completion& completion = state_.completions.emplace_back();
    completion.task = id;
    completion.result = std::move(section.result);
    return;
  }
  Completion completion{.task = id, .result = std::move(section.result)};
  if (section.end == Section::End::kNotModelled) {
    completion.kind = Completion::Kind::kNotModelled;
    completion.reason = std::move(*section.reason);
  }
  Task& task = state_.task(id);
  const auto deadline = task.rare().deadline;
  end_progress(state_, id);
  const Errno error = completion.result.error;
  if (task.rare().saved_sigmask && error != Errno::kEINTR && !internal(error)) {
    // restore_saved_sigmask_unless(): a call that was not interrupted puts the mask back first.
    set_blocked(state_, id, *std::exchange(task.make_rare().saved_sigmask, std::nullopt));
  }
  if (!task.rare().saved_sigmask && !signal_pending(state_, id)) {
    end_call(id, std::move(completion), deadline, {});  // as nearly always
    return;
  }
  return_to_user(id, {.completion = std::move(completion), .deadline = deadline, .taken = {}});
}

/// Ends a call after which nothing is to be done on the way back to user space, as nearly always.
/// Otherwise the call goes on to end.
bool Kernel::returns_at_once(TaskId id, Errno error) {
  if (internal(error) || state_.task(id).extras || signal_pending(state_, id) ||
      state_.task(id).in_any<ExecveCall>()) {
    return false;
  }
  end_progress(state_, id);
  if (signal_pending(state_, id)) {
    return false;  // the end of a file may tell who has it
  }
  state_.task(id).leave();
  return true;
}

/// Takes signals, then gives the result of the call or starts it again, or enters the call that
/// waits, or leaves the task idle.
void Kernel::return_to_user(TaskId id, ReturnInProgress returning) {
  Task& task = state_.task(id);
  do {
    if (!returning.taken.dies) {
      returning.taken = take_signals(state_, id, std::move(returning.taken));
    }
    if (returning.taken.dies) {
      if (release_newest_pipe(state_, id)) {
        task.make_rare().returning = std::make_shared<const ReturnInProgress>(std::move(returning));
        enqueue_first(state_, id);  // another processor may see what it has done so far
        return;
      }
      die(id, returning);
      return;
    }
    if (returning.taken.stops) {
      if (returning.deadline && waits_for_the_rest(task)) {
        returning.deadline->v -= state_.now.v;  // until it goes on
      }
      task.state = TaskState::kStopped;
      task.make_rare().returning = std::make_shared<const ReturnInProgress>(std::move(returning));
      return;
    }
    decide_restart(returning);
    if (task.rare().saved_sigmask) {
      set_blocked(state_, id, *std::exchange(task.make_rare().saved_sigmask, std::nullopt));
    }
  } while (signal_pending(state_, id));
  if (returning.completion) {
    end_call(id, *std::move(returning.completion), returning.deadline, returning.taken);
  } else if (task.in_call()) {
    run_call(id);
  } else {
    task.state = TaskState::kIdle;
  }
}

void Kernel::die(TaskId id, const ReturnInProgress& returning) {
  if (!returning.completion) {
    exit_task(state_, id);
    return;
  }
  const Completion& completion = *returning.completion;
  const bool interrupted =
      completion.kind == Completion::Kind::kReturned && internal(completion.result.error);
  exit_task(state_, id, interrupted ? std::nullopt : std::optional{completion});
}

void Kernel::end_call(TaskId id, Completion completion, std::optional<Nanoseconds> deadline,
                      const SignalsTaken& taken) {
  Task& task = state_.task(id);
  if (restarts(completion.result.error, taken)) {
    if (deadline || task.rare().restart_deadline) {
      task.make_rare().restart_deadline = deadline;
    }
    if (task.in_any<VmspliceCall>()) {
      task.call = StoredCall(restarted(get<VmspliceCall>(task.call.get())));
    }
    enqueue_first(state_, id);
    return;
  }
  if (internal(completion.result.error)) {
    completion.result.error = Errno::kEINTR;
  }
  if (task.in_any<ExecveCall>()) {
    report_replaced_threads(state_, task.process);
    state_.process_of(id).dead_threads.clear();
  }
  task.leave();
  state_.completions.push_back(std::move(completion));
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
