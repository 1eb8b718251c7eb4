// select() and pselect6(). Linux fs/select.c.
#include <algorithm>

#include <range/v3/algorithm/contains.hpp>

#include "sim/kernel/poll.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

constexpr u32 kPollPri = 0x002;
constexpr u32 kPollRdBand = 0x080;
constexpr u32 kPollWrBand = 0x200;
/// What makes a descriptor readable, writable, exceptional.
constexpr u32 kPollInSet = kPollRdNorm | kPollRdBand | kPollIn | kPollHup | kPollErr | kPollNval;
constexpr u32 kPollOutSet = kPollWrBand | kPollWrNorm | kPollOut | kPollErr | kPollNval;
constexpr u32 kPollExSet = kPollPri | kPollNval;
/// Descriptors that every table has room for (NR_OPEN_DEFAULT). Those beyond the end of the table
/// are not looked at, open or not.
constexpr i32 kRoomOfEveryTable = 64;

/// One of the three sets of a call, and what of it is ready.
struct Set {
  const FdSetPtr& wanted;
  u32 events;
  std::vector<Fd> ready;

  [[nodiscard]] bool has(Fd fd) const {
    return !wanted.is_null() && ranges::contains(wanted.value, fd);
  }
};

/// The parameters that select() and pselect6() share.
struct Select {
  i32 nfds;
  const FdSetPtr& readfds;
  const FdSetPtr& writefds;
  const FdSetPtr& exceptfds;
};

/// The descriptors of all sets below `nfds`, ascending.
std::vector<Fd> all_fds(const Select& call) {
  std::vector<Fd> fds;
  for (const FdSetPtr* set : {&call.readfds, &call.writefds, &call.exceptfds}) {
    for (const Fd fd : set->value) {
      if (fd.v >= 0 && fd.v < call.nfds) {
        fds.push_back(fd);
      }
    }
  }
  std::ranges::sort(fds);
  fds.erase(std::ranges::unique(fds).begin(), fds.end());
  return fds;
}

/// Errors: EBADF for a descriptor that is not open. Linux fs/select.c: max_select_fd().
std::optional<Section> check_fds(const KernelState& k, TaskId id, const std::vector<Fd>& fds) {
  const FdTable& table = k.fd_tables[k.task(id).files];
  for (const Fd fd : fds) {
    const FileId file = table.file(fd);
    if (table.reserved(fd)) {
      continue;  // an open() that sleeps has its number already
    }
    if (file == kNoFile && fd.v >= kRoomOfEveryTable) {
      return Section::not_modelled(
          "select() of a closed descriptor above 63: it depends on how large the table once was");
    }
    if (file == kNoFile) {
      return Section::failed(Errno::kEBADF);
    }
    if (!knows_events(k.files[file]) && !k.files[file].path_only) {
      return Section::not_modelled("select() of a file that is not under study");
    }
  }
  return std::nullopt;
}

PollScan scan_sets(KernelState& k, TaskId id, const Select& call, const std::vector<Fd>& fds,
                   PollTable& table) {
  Set sets[] = {{call.readfds, kPollInSet, {}},
                {call.writefds, kPollOutSet, {}},
                {call.exceptfds, kPollExSet, {}}};
  PollScan found;
  for (const Fd fd : fds) {
    const FileId file = k.fd_table(id).file(fd);
    u32 mask = kPollNval;
    if (file != kNoFile && !k.files[file].path_only) {
      u32 key = kPollExSet;
      for (const Set& set : {sets[0], sets[1]}) {
        key |= set.has(fd) ? set.events : 0;
      }
      table.wait_for(file, key);
      mask = vfs_poll(k, k.files[file]);
    }
    for (Set& set : sets) {
      if ((mask & set.events) != 0 && set.has(fd)) {
        set.ready.push_back(fd);
        ++found.ready;
        table.stop();
      }
    }
  }
  SelectedFds out;
  const auto hand_out = [](Set& set, std::optional<std::vector<Fd>>& to) {
    if (!set.wanted.is_null()) {
      to = std::move(set.ready);
    }
  };
  hand_out(sets[0], out.readfds);
  hand_out(sets[1], out.writefds);
  hand_out(sets[2], out.exceptfds);
  found.out = std::move(out);
  return found;
}

/// Errors, in the order tested: EINVAL (nfds), EFAULT, EBADF. Linux fs/select.c: core_sys_select().
Section select_section(KernelState& k, TaskId id, const Select& call, const PollTimeout& timeout) {
  if (call.nfds < 0) {
    return Section::failed(Errno::kEINVAL);
  }
  for (const FdSetPtr* set : {&call.readfds, &call.writefds, &call.exceptfds}) {
    if (set->is_bad() && call.nfds > 0) {
      return Section::failed(Errno::kEFAULT);
    }
  }
  const std::vector<Fd> fds = all_fds(call);
  const bool resumed = std::holds_alternative<PollInProgress>(k.task(id).progress);
  if (!resumed) {
    if (auto refused = check_fds(k, id, fds)) {
      return *std::move(refused);
    }
  }
  return poll_section(k, id, timeout,
                      [&](PollTable& table) { return scan_sets(k, id, call, fds, table); });
}

/// A struct timeval as a timespec; microseconds beyond a second are carried over.
UserPtr<Timespec> to_timespec(const UserPtr<Timeval>& timeout) {
  constexpr i64 kMicroseconds = 1'000'000;
  UserPtr<Timespec> time;
  time.kind = static_cast<UserPtr<Timespec>::Kind>(timeout.kind);
  time.value.tv_sec = timeout.value.tv_sec + timeout.value.tv_usec / kMicroseconds;
  time.value.tv_nsec = timeout.value.tv_usec % kMicroseconds * 1000;
  return time;
}

}  // namespace

/// Errors, in the order tested: EFAULT, EINVAL (timeout), those of select_section().
Section run(KernelState& k, TaskId id, const SelectCall& call) {
  const Result<PollTimeout> timeout = poll_timeout(to_timespec(call.timeout));
  if (!timeout) {
    return Section::failed(timeout.error());
  }
  return select_section(k, id, {call.nfds, call.readfds, call.writefds, call.exceptfds}, *timeout);
}

/// Errors, in the order tested: EFAULT, EINVAL (timeout), EFAULT (mask), those of
/// select_section().
Section run(KernelState& k, TaskId id, const Pselect6Call& call) {
  const Result<PollTimeout> timeout = poll_timeout(call.timeout);
  if (!timeout) {
    return Section::failed(timeout.error());
  }
  if (std::holds_alternative<std::monostate>(k.task(id).progress)) {
    if (const Errno error = set_user_sigmask(k, id, call.sigmask); error != Errno::kOk) {
      return Section::failed(error);
    }
  }
  return select_section(k, id, {call.nfds, call.readfds, call.writefds, call.exceptfds}, *timeout);
}

}  // namespace ipcsim
