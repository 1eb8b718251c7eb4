// poll() and ppoll(). Linux fs/select.c.
#include <utility>

#include <range/v3/algorithm/any_of.hpp>

#include "sim/kernel/poll.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

/// One pass over the descriptors. Linux fs/select.c: do_poll() calling do_pollfd().
PollScan scan(KernelState& k, TaskId id, const std::vector<PollFd>& fds, PollTable& table) {
  PollScan found;
  Revents revents;
  for (const PollFd& wanted : fds) {
    u32 mask = 0;
    if (wanted.fd.v >= 0) {
      const FileId file = k.fd_table(id).file(wanted.fd);
      if (file == kNoFile || k.files[file].path_only) {
        mask = kPollNval;
      } else {
        const u32 filter = wanted.events.v | kPollErr | kPollHup;
        table.wait_for(file, filter);
        mask = vfs_poll(k, k.files[file]) & filter;
      }
    }
    if (mask != 0) {
      ++found.ready;
      table.stop();
    }
    revents.revents.push_back(PollEvents{mask});
  }
  found.out = std::move(revents);
  return found;
}

bool polls_other_file(const KernelState& k, TaskId id, const std::vector<PollFd>& fds) {
  const FdTable& table = k.fd_tables[k.task(id).files];
  return ranges::any_of(fds, [&](const PollFd& wanted) {
    const FileId file = table.file(wanted.fd);
    return file != kNoFile && !knows_events(k.files[file]);
  });
}

/// Errors: EINVAL, more descriptors than RLIMIT_NOFILE allows. Linux fs/select.c: do_sys_poll().
Section do_sys_poll(KernelState& k, TaskId id, const std::vector<PollFd>& fds,
                    const PollTimeout& timeout) {
  if (fds.size() > k.process_of(id).rlimit_nofile) {
    return Section::failed(Errno::kEINVAL);
  }
  if (polls_other_file(k, id, fds)) {
    return Section::not_modelled("poll() of a file that is not under study");
  }
  return poll_section(k, id, timeout, [&](PollTable& table) { return scan(k, id, fds, table); });
}

}  // namespace

Section run(KernelState& k, TaskId id, const PollCall& call) {
  return do_sys_poll(k, id, call.fds, poll_timeout_ms(call.timeout));
}

/// Errors, in the order tested: EFAULT, EINVAL (timeout), EFAULT (mask), then those of poll().
Section run(KernelState& k, TaskId id, const PpollCall& call) {
  const Result<PollTimeout> timeout = poll_timeout(call.tmo_p);
  if (!timeout) {
    return Section::failed(timeout.error());
  }
  if (std::holds_alternative<std::monostate>(k.task(id).progress)) {
    if (const Errno error = set_user_sigmask(k, id, call.sigmask); error != Errno::kOk) {
      return Section::failed(error);
    }
  }
  return do_sys_poll(k, id, call.fds, *timeout);
}

/// Linux kernel/signal.c: sys_pause().
Section run(KernelState& k, TaskId id, const PauseCall& /*call*/) {
  if (signal_pending(k, id)) {
    return Section::failed(Errno::kERESTARTNOHAND);
  }
  k.task(id).progress = PauseInProgress{};
  k.task(id).state = TaskState::kAsleep;
  return Section::asleep();
}

/// Errors first: EFAULT. Linux kernel/signal.c: sigsuspend().
Section run(KernelState& k, TaskId id, const RtSigsuspendCall& call) {
  if (std::holds_alternative<std::monostate>(k.task(id).progress)) {
    if (call.mask.is_null()) {
      return Section::failed(Errno::kEFAULT);
    }
    if (const Errno error = set_user_sigmask(k, id, call.mask); error != Errno::kOk) {
      return Section::failed(error);
    }
  }
  return run(k, id, PauseCall{});
}

}  // namespace ipcsim
