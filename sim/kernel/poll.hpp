// What a file says to those who poll it.
#pragma once

#include <utility>

#include "sim/kernel/kernel_state.hpp"
#include "sim/kernel/signals.hpp"

namespace ipcsim {

inline constexpr u32 kPollNval = 0x020;

/// Whether the model knows what this file says: not so of files that are not under study, nor of
/// what travels over sockets.
[[nodiscard]] bool knows_events(const File& file);
/// The events of a file now. REQUIRES: knows_events(file).
/// Linux include/linux/poll.h: vfs_poll().
[[nodiscard]] u32 vfs_poll(KernelState& k, const File& file);
/// The queues on which its changes are told (poll_wait()), in the order of registration.
[[nodiscard]] std::vector<WaitQueueId> poll_queues(const KernelState& k, const File& file);

/// How long a call waits for events.
struct PollTimeout {
  bool forever = false;
  Nanoseconds ns;  ///< otherwise; 0 or less: not at all
};

/// A timeout out of user memory. Errors, in the order tested: EFAULT, EINVAL.
/// Linux fs/select.c: poll_select_set_timeout().
[[nodiscard]] Result<PollTimeout> poll_timeout(const UserPtr<Timespec>& timeout);
[[nodiscard]] PollTimeout poll_timeout_ms(i32 timeout_ms);

/// Blocks signals of a mask for the time of the call, when there is one. Errors: EFAULT.
/// Linux kernel/signal.c: set_user_sigmask().
[[nodiscard]] Errno set_user_sigmask(KernelState& k, TaskId id, const SigmaskPtr& mask);

/// Registers the calling task on what it polls, until something is found ready.
class PollTable {
 public:
  PollTable(KernelState& k, TaskId id, PollInProgress* progress) : k_(k), id_(id), to_(progress) {}

  /// Has the task woken by events of `file` that are in `key`.
  void wait_for(FileId file, u32 key);
  /// Something is ready: no need to register on the rest.
  void stop() { to_ = nullptr; }

 private:
  KernelState& k_;
  TaskId id_;
  PollInProgress* to_;
};

/// What a scan found: ready descriptors, and the answer that lists them.
struct PollScan {
  i64 ready = 0;
  Output out;
};

/// The loop of do_poll() and do_select(): scans, and sleeps when nothing is ready. `scan` takes a
/// PollTable&.
template <class Scan>
Section poll_section(KernelState& k, TaskId id, const PollTimeout& timeout, Scan scan) {
  Task& task = k.task(id);
  const bool at_once = !timeout.forever && timeout.ns.v <= 0;
  const bool resumed = std::holds_alternative<PollInProgress>(task.progress);
  PollInProgress fresh;
  PollTable table(k, id, resumed || at_once ? nullptr : &fresh);
  PollScan found = scan(table);
  if (!resumed) {
    task.progress = std::move(fresh);
  }
  if (found.ready > 0) {
    return Section::returned(found.ready, std::move(found.out));
  }
  if (signal_pending(k, id)) {
    return Section::failed(Errno::kERESTARTNOHAND);
  }
  if (!resumed && !timeout.forever) {
    // Started again after a stop it has what is left of its time.
    task.make_rare().deadline =
        task.rare().restart_deadline.value_or(later(task.entered, timeout.ns));
  }
  if (task.timed_out(k.now)) {
    return Section::returned(0, std::move(found.out));
  }
  task.state = TaskState::kAsleep;
  return Section::asleep();
}

}  // namespace ipcsim
