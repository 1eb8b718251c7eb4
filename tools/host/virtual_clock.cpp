#include "tools/host/virtual_clock.hpp"

#include <algorithm>
#include <ctime>
#include <limits>
#include <utility>

#include "model/base/check.hpp"

namespace ipcsim::host {
namespace {

constexpr i64 kNanosecondsPerMillisecond = 1'000'000;
/// Between deadlines that differ: more than the rounding of poll()'s milliseconds.
constexpr i64 kGapNs = 2 * kNanosecondsPerMillisecond;

/// The time in nanoseconds, or nothing for one that is invalid or centuries away: the host's kernel
/// answers those by itself.
std::optional<i64> to_ns(Timespec time) {
  constexpr i64 kMostSeconds = std::numeric_limits<i64>::max() / kNanosecondsPerSecond - 1;
  if (time.tv_sec < 0 || time.tv_sec > kMostSeconds || time.tv_nsec < 0 ||
      time.tv_nsec >= kNanosecondsPerSecond) {
    return std::nullopt;
  }
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

}  // namespace

i64 host_now_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kNanosecondsPerSecond + now.tv_nsec;
}

std::expected<Timespec, MachineError> VirtualClock::absolute(TaskId task, Timespec deadline,
                                                             i64 host_now_ns) {
  const std::optional<i64> virtual_ns = to_ns(deadline);
  if (!virtual_ns) {
    return deadline;
  }
  if (*virtual_ns <= now_ns_) {
    pending_[task] = {.virtual_ns = *virtual_ns, .host_ns = 1, .paused = false};
    return Timespec{.tv_sec = 0, .tv_nsec = 1};
  }
  const auto host_ns = add(task, *virtual_ns, host_now_ns);
  if (!host_ns) {
    return std::unexpected(host_ns.error());
  }
  return Timespec{.tv_sec = *host_ns / kNanosecondsPerSecond,
                  .tv_nsec = *host_ns % kNanosecondsPerSecond};
}

std::expected<i32, MachineError> VirtualClock::relative_ms(TaskId task, i32 timeout_ms,
                                                           i64 host_now_ns) {
  if (timeout_ms <= 0) {
    return timeout_ms;
  }
  const auto host_ns = add(task, now_ns_ + timeout_ms * kNanosecondsPerMillisecond, host_now_ns);
  if (!host_ns) {
    return std::unexpected(host_ns.error());
  }
  const i64 wait_ns = *host_ns - host_now_ns;
  return static_cast<i32>((wait_ns + kNanosecondsPerMillisecond - 1) / kNanosecondsPerMillisecond);
}

std::expected<Timespec, MachineError> VirtualClock::relative(TaskId task, Timespec timeout,
                                                             i64 host_now_ns) {
  const std::optional<i64> distance_ns = to_ns(timeout);
  constexpr i64 kCentury = i64{100} * 365 * 24 * 3600 * kNanosecondsPerSecond;
  if (!distance_ns || *distance_ns == 0 || *distance_ns > kCentury) {
    return timeout;
  }
  const auto host_ns = add(task, now_ns_ + *distance_ns, host_now_ns);
  if (!host_ns) {
    return std::unexpected(host_ns.error());
  }
  const i64 wait_ns = *host_ns - host_now_ns;
  return Timespec{.tv_sec = wait_ns / kNanosecondsPerSecond,
                  .tv_nsec = wait_ns % kNanosecondsPerSecond};
}

std::expected<i64, MachineError> VirtualClock::add(TaskId task, i64 virtual_ns, i64 host_now_ns) {
  i64 after = std::numeric_limits<i64>::min();   // the latest host deadline of an earlier one
  i64 before = std::numeric_limits<i64>::max();  // the earliest of a later one
  std::optional<i64> same;
  for (const auto& [other, pending] : pending_) {
    if (pending.paused) {
      continue;
    }
    if (pending.virtual_ns < virtual_ns) {
      after = std::max(after, pending.host_ns);
    } else if (pending.virtual_ns > virtual_ns) {
      before = std::min(before, pending.host_ns);
    } else {
      same = pending.host_ns;
    }
  }
  const i64 distance_ns = std::min(virtual_ns - now_ns_, kLongestWaitNs) * stretch_;
  i64 host_ns = host_now_ns + distance_ns + slack_ns_;
  if (same) {
    host_ns = *same;
  } else if (after > host_ns - kGapNs) {
    host_ns = after + kGapNs;
  }
  if (!same && before < std::numeric_limits<i64>::max() && host_ns > before - kGapNs) {
    host_ns = before - kGapNs;
    if (host_ns <= after || host_ns < host_now_ns + slack_ns_ / 2) {
      return std::unexpected(MachineError{
          .unsupported = true,
          .message = "this timeout ends before one that the host is about to end already; a longer "
                     "timer_slack is needed"});
    }
  }
  pending_[task] = {.virtual_ns = virtual_ns, .host_ns = host_ns, .paused = false};
  return host_ns;
}

void VirtualClock::pause(TaskId task, i64 host_now_ns) {
  Pending& pending = pending_.at(task);
  IPCSIM_CHECK(!std::exchange(pending.paused, true));
  pending.virtual_ns -= now_ns_;
  pending.host_ns -= host_now_ns;
}

void VirtualClock::resume(TaskId task, i64 host_now_ns) {
  Pending& pending = pending_.at(task);
  IPCSIM_CHECK(std::exchange(pending.paused, false));
  pending.virtual_ns += now_ns_;
  pending.host_ns += host_now_ns;
}

std::vector<TaskId> VirtualClock::due() const {
  std::vector<TaskId> tasks;
  for (const auto& [task, pending] : pending_) {
    if (!pending.paused && pending.virtual_ns <= now_ns_) {
      tasks.push_back(task);
    }
  }
  return tasks;
}

bool VirtualClock::early(TaskId task) const {
  const auto pending = pending_.find(task);
  return pending != pending_.end() &&
         pending->second.virtual_ns > (pending->second.paused ? 0 : now_ns_);
}

bool VirtualClock::overrun(i64 host_now_ns) const {
  return std::ranges::any_of(pending_, [&](const auto& row) {
    return !row.second.paused && row.second.host_ns <= host_now_ns && early(row.first);
  });
}

}  // namespace ipcsim::host
