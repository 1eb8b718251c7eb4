#include "tools/host/machine_impl.hpp"

#include <fcntl.h>
#include <sys/utsname.h>

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "model/base/check.hpp"
#include "tools/host/call_traits.hpp"

namespace ipcsim::host {
namespace {

std::string release_name() {
  utsname names{};
  uname(&names);
  return static_cast<const char*>(names.release);
}

timespec coarse_time() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now;
}

/// Whether the call may make a queue, or lead to one.
bool opens_a_queue(const Call& call) {
  return holds_alternative<MqOpenCall>(call) || holds_alternative<MountCall>(call);
}

/// Waits for the next second of the clock for the times of files, and says which it is.
i64 wait_for_coarse_second() {
  const timespec before = coarse_time();
  timespec now = before;
  while (now.tv_sec == before.tv_sec) {
    std::this_thread::sleep_for(std::chrono::nanoseconds(kNanosecondsPerSecond - now.tv_nsec));
    now = coarse_time();
  }
  return now.tv_sec;
}

/// The kernel's clock for the times of files stands still between two ticks. Time that passes in a
/// trace is seen there too.
void wait_for_coarse_tick() {
  const timespec before = coarse_time();
  timespec now = before;
  while (now.tv_sec == before.tv_sec && now.tv_nsec == before.tv_nsec) {
    std::this_thread::yield();
    now = coarse_time();
  }
}

}  // namespace

HostMachine::HostMachine(const Environment& environment, const HostOptions& options, bool realtime,
                         std::unique_ptr<Priorities> priorities, std::unique_ptr<Run> run)
    : options_(options),
      realtime_(realtime),
      name_(fmt::format("host {}", release_name())),
      priorities_(std::move(priorities)),
      run_(std::move(run)),
      tasks_(run_->shared(), environment),
      clock_(environment.realtime_ns,
             std::chrono::duration_cast<std::chrono::nanoseconds>(options.timer_slack).count(),
             options.timer_stretch) {
  if (run_->isolation() == Isolation::kFolder) {
    queue_names_.emplace(run_->queue_prefix());
  }
  watchdog_.emplace(*run_, options.timeout, priorities_->cpus_before(), realtime);
}

HostMachine::~HostMachine() = default;

std::expected<void, MachineError> HostMachine::open_other_fds(const Environment& environment) {
  for (const InitialTask& task : environment.tasks) {
    for (const Fd fd : task.other_fds) {
      if (auto done = post_other_fd(task.task, fd, false); !done) {
        return done;
      }
    }
  }
  return {};
}

bool HostMachine::idle(TaskId task) const { return tasks_.exists(task) && !tasks_.task(task).call; }

std::expected<void, MachineError> HostMachine::post(TaskId task, const Call& call) {
  check_thread();
  IPCSIM_CHECK(idle(task));
  if (lost_) {
    return lost();
  }
  std::optional<u32> child_slot;
  if (const auto child = child_of(call)) {
    if (child->v == 0 || tasks_.exists(*child)) {
      return std::unexpected(
          MachineError{.unsupported = true,
                       .message = fmt::format("the number {} of a new task is taken", child->v)});
    }
    child_slot = tasks_.take_slot(*child);
    if (!child_slot) {
      return std::unexpected(
          MachineError{.unsupported = true,
                       .message = fmt::format("more than {} tasks at one time", kMostSlots)});
    }
    tasks_.place_child(task, *child_slot, makes_thread(call), makes_pid_namespace(call));
  }
  EncodeContext context{.shared = run_->shared(),
                        .tasks = tasks_,
                        .clock = clock_,
                        .user_pages = user_pages_,
                        .book = run_->book(),
                        .realtime = realtime_,
                        .in_machines_pids = run_->isolation() == Isolation::kFolder,
                        .queue_names = queue_names_ ? &*queue_names_ : nullptr};
  auto progress = encode_call(context, task, call, child_slot);
  if (!progress) {
    if (child_slot) {
      tasks_.free_slot(*child_slot);
    }
    return std::unexpected(progress.error());
  }
  has_queues_ = has_queues_ || opens_a_queue(call);
  if (waits_for_events(call) && clock_.waits(task) && stopped(task)) {
    clock_.pause(task, host_now_ns());  // the call begins when the task goes on
  }
  HostTask& host_task = tasks_.task(task);
  host_task.call = *std::move(progress);
  posted_.push_back({.slot = host_task.slot, .signal = {}});
  return {};
}

std::expected<void, MachineError> HostMachine::post_signal(TaskId task, Signal signal) {
  check_thread();
  if (lost_) {
    return lost();
  }
  if (signal.v == 0 || signal.v > kMostSignal) {
    return std::unexpected(
        MachineError{.unsupported = true, .message = "only signals 1 to 64 can be sent"});
  }
  if (tasks_.exists(task)) {
    posted_.push_back({.slot = tasks_.task(task).slot, .signal = signal});
  }
  return {};
}

std::expected<void, MachineError> HostMachine::post_other_fd(TaskId task, Fd fd, bool cloexec) {
  check_thread();
  IPCSIM_CHECK(idle(task));
  if (lost_) {
    return lost();
  }
  Slot& slot = tasks_.slot(task);
  slot.op = Op::kOtherFd;
  slot.args[0] = static_cast<u64>(fd.v);
  slot.args[1] = cloexec ? O_CLOEXEC : 0;
  slot.guards = 0;
  return run_internal(task);
}

void HostMachine::post_spin(TaskId task) {
  IPCSIM_CHECK(idle(task));
  HostTask& host_task = tasks_.task(task);
  Slot& slot = tasks_.slot(task);
  slot.op = Op::kSpin;
  host_task.call.emplace().call = DupCall{};
  slot.call = static_cast<u32>(host_task.call->call.index()) + 1;
  posted_.push_back({.slot = host_task.slot, .signal = {}});
}

std::expected<void, MachineError> HostMachine::advance(Nanoseconds by) {
  check_thread();
  if (lost_) {
    return lost();
  }
  if (!posted_.empty()) {
    if (auto done = release(); !done) {
      return done;
    }
  }
  const i64 second = clock_.now_ns() / kNanosecondsPerSecond;
  clock_.pass(by.v);
  if (!options_.file_times) {
    // Nobody sees that clock.
  } else if (has_queues_ && clock_.now_ns() / kNanosecondsPerSecond != second) {
    run_->book().files.second_began(wait_for_coarse_second());
  } else if (by.v > 0) {
    wait_for_coarse_tick();
  }
  i64 last_ns = 0;
  for (const TaskId task : clock_.due()) {
    if (tasks_.exists(task) && !finished(tasks_, tasks_.process_of(task), tasks_.slot(task))) {
      last_ns = std::max(last_ns, clock_.host_deadline_ns(task));
    }
  }
  return last_ns == 0 ? Done{} : wait_for_timers(last_ns);
}

std::expected<Settled, MachineError> HostMachine::settle() {
  check_thread();
  if (lost_) {
    return lost();
  }
  if (auto done = release(); !done) {
    return std::unexpected(done.error());
  }
  Settled settled;
  if (auto done = collect(settled); !done) {
    return std::unexpected(done.error());
  }
  return settled;
}

HostMachine::Done HostMachine::lose(std::string why) {
  if (!lost_) {
    lost_ = std::move(why);
    run_->kill();
  }
  return lost();
}

std::unexpected<MachineError> HostMachine::lost() const {
  return std::unexpected(MachineError{.unsupported = false, .message = *lost_});
}

void HostMachine::check_thread() const { IPCSIM_CHECK(std::this_thread::get_id() == owner_); }

}  // namespace ipcsim::host
