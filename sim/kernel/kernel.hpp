// A simulated kernel: tasks that make calls, one lock-held section at a time.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/kernel/kernel_state.hpp"
#include "sim/kernel/snapshot.hpp"

namespace ipcsim {

/// A simulated kernel with its tasks: a value, to be copied, compared and hashed. Nothing runs by
/// itself: somebody posts calls, and somebody (a scheduler) says which runnable task takes the next
/// section.
class Kernel {
 public:
  /// The system that `environment` describes, as `profile` has it. REQUIRES: task numbers in
  /// `environment` are at least 1 and differ.
  Kernel(const Environment& environment, const KernelProfile& profile, Contents contents);

  /// True when the task exists and is in no call.
  [[nodiscard]] bool idle(TaskId task) const {
    return exists(task) && !state_.task(task).in_call();
  }
  /// True when the task exists (is not dead).
  [[nodiscard]] bool exists(TaskId task) const { return state_.exists(task); }
  /// The task enters a call and is runnable. REQUIRES: idle(task).
  void post(TaskId task, const Call& call);
  /// A task in user space enters a call and runs its first section at once: as post() and
  /// run_section() do it, without the run queue and the list of completions between them. kReturned
  /// and kNotModelled: the call is over, and there is no completion of it. Anything else: it goes
  /// on, or a signal came into it, as if it had been posted. REQUIRES: idle(task), and it is not
  /// runnable.
  [[nodiscard]] Section syscall(TaskId task, const Call& call) {
    if (const auto* write = get_if<WriteCall>(&call)) {
      return write_syscall(task, call, *write);
    }
    if (const auto* read = get_if<ReadCall>(&call)) {
      return read_syscall(task, call, *read);
    }
    return any_syscall(task, call);
  }
  /// Sends a signal as tgkill() does; nothing happens when the task is dead.
  /// Errors (by text): no signal has that number.
  [[nodiscard]] std::optional<std::string> post_signal(TaskId task, Signal signal);
  /// The same, of a signal that a tracer saw arrive: to a traced task ignored ones come as well.
  [[nodiscard]] std::optional<std::string> post_traced_signal(TaskId task, Signal signal);
  /// Makes a descriptor of an existing task an open file that is not under study.
  /// Errors (by text): an open() in progress has the descriptor.
  std::optional<std::string> post_other_fd(TaskId task, Fd fd, bool cloexec);
  /// Time goes on; tasks whose timeout lies in it are woken, the earliest first. REQUIRES: by.v >=
  /// 0.
  void advance(Nanoseconds by);

  /// The task that is first on the run queue, or kNoTask.
  [[nodiscard]] TaskId first_runnable() const { return state_.run_first; }
  /// All runnable tasks, first come first.
  [[nodiscard]] std::vector<TaskId> runnable() const;
  /// Runs the next section of a runnable task. When its call is to be started again the task is
  /// runnable still, and first.
  void run_section(TaskId task);

  /// Calls that ended since this was last asked, in order.
  [[nodiscard]] std::vector<Completion> take_completions() {
    return std::exchange(state_.completions, {});
  }
  /// The same in `list`, whose memory is used again.
  void take_completions(std::vector<Completion>& list) {
    list.clear();
    std::swap(list, state_.completions);
  }
  /// Handlers that ran since this was last asked, in order.
  [[nodiscard]] std::vector<HandledSignal> take_handled() {
    return std::exchange(state_.handled, {});
  }
  /// Tasks that are in a call, by number.
  [[nodiscard]] std::vector<Sleeper> sleepers() const;
  /// Objects as they are.
  [[nodiscard]] Snapshot snapshot() const;
  /// What a task's descriptor refers to. Its pages have their serial numbers. REQUIRES:
  /// exists(task).
  [[nodiscard]] ObjectSnapshot object_of(TaskId task, Fd fd) const;
  /// The first broken rule of any structure, in words, or nothing.
  [[nodiscard]] std::optional<std::string> broken_invariant() const;

  [[nodiscard]] const KernelState& state() const { return state_; }
  bool operator==(const Kernel&) const = default;
  /// Equal kernels have equal hashes.
  [[nodiscard]] u64 hash() const;
  /// Equal for kernels that no call can tell apart: the order of the run queue, the numbers of a
  /// pipe's own pages, and what used-up slots and kept pages still hold, do not count.
  [[nodiscard]] u64 visible_hash() const;

 private:
  // `write` and `read`: what `any` is.
  Section write_syscall(TaskId task, const Call& any, const WriteCall& write);
  Section read_syscall(TaskId task, const Call& any, const ReadCall& read);
  Section any_syscall(TaskId task, const Call& call);
  /// `call`: any, or one whose type is known, which saves asking for it again and again.
  template <class C>
  Section enter(TaskId task, const C& call);
  void run_call(TaskId task);
  void finish_call(TaskId task, Section& section);
  bool returns_at_once(TaskId task, Errno error);
  void return_to_user(TaskId task, ReturnInProgress returning);
  void die(TaskId task, const ReturnInProgress& returning);
  void end_call(TaskId task, Completion completion, std::optional<Nanoseconds> deadline,
                const SignalsTaken& taken);

  KernelState state_;
};

}  // namespace ipcsim
