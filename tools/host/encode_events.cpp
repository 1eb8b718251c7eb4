// Waiting for events.
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "tools/host/call_encoder.hpp"
#include "tools/host/host_flags.hpp"
#include "tools/host/kernel_structs.hpp"

namespace ipcsim::host {
namespace {

constexpr u64 kSigsetBytes = 8;

}  // namespace

void Encoder::put(const PollCall& c) {
  std::vector<KernelPollfd> fds;
  for (const PollFd& fd : c.fds) {
    fds.push_back({fd.fd.v, static_cast<i16>(fd.events.v), 0});
  }
  const u64 table = build_.in_out_table(std::as_bytes(std::span(fds)));
  const auto timeout = context_.clock.relative_ms(task_, c.timeout, host_now_ns());
  if (!timeout) {
    return build_.refuse(timeout.error().message);
  }
#if defined(SYS_poll)
  build_.system_call(SYS_poll, table, c.fds.size(), *timeout);
#else
  const KernelTimespec wait{*timeout / 1000, *timeout % 1000 * 1'000'000};
  const u64 wait_at = *timeout < 0 ? 0 : build_.window().put_value(wait);
  build_.system_call(SYS_ppoll, table, c.fds.size(), wait_at, 0, kSigsetBytes);
#endif
}

u64 Encoder::relative(const UserPtr<Timespec>& pointer) {
  return build_.in(pointer, [&](const Timespec& time) -> u64 {
    const auto wait = context_.clock.relative(task_, time, host_now_ns());
    if (!wait) {
      build_.refuse(wait.error().message);
      return 0;
    }
    return build_.window().put_value(KernelTimespec{wait->tv_sec, wait->tv_nsec});
  });
}

u64 Encoder::signal_mask(const SigmaskPtr& pointer) {
  return build_.in(pointer, [&](const std::vector<Signal>& signals) {
    u64 set = 0;
    for (const Signal signal : signals) {
      if (signal.v >= 1 && signal.v <= kMostSignal) {
        set |= u64{1} << (signal.v - 1);
      }
    }
    return build_.window().put_value(set);
  });
}

void Encoder::put(const PpollCall& c) {
  std::vector<KernelPollfd> fds;
  for (const PollFd& fd : c.fds) {
    fds.push_back({fd.fd.v, static_cast<i16>(fd.events.v), 0});
  }
  const u64 table = build_.in_out_table(std::as_bytes(std::span(fds)));
  const u64 wait = relative(c.tmo_p);
  build_.system_call(SYS_ppoll, table, c.fds.size(), wait, signal_mask(c.sigmask), kSigsetBytes);
}

std::array<u64, 3> Encoder::fd_sets(i32 nfds, const std::array<const FdSetPtr*, 3>& sets) {
  constexpr i32 kMostNfds = 1 << 16;
  if (nfds > kMostNfds) {
    build_.refuse(fmt::format("select() of more than {} descriptors", kMostNfds));
    return {};
  }
  const u64 bytes = fd_set_bytes(nfds);
  std::vector<std::byte> table(3 * bytes);
  for (std::size_t i = 0; i < sets.size(); ++i) {
    for (const Fd fd : sets[i]->value) {
      if (fd.v >= 0 && fd.v < nfds) {
        table[i * bytes + static_cast<u64>(fd.v) / 8] |= std::byte{1} << (fd.v % 8);
      }
    }
  }
  const u64 at = build_.in_out_table(table);
  std::array<u64, 3> addresses{};
  for (std::size_t i = 0; i < sets.size(); ++i) {
    addresses[i] = sets[i]->is_null() ? 0 : sets[i]->is_bad() ? kBadAddress : at + i * bytes;
  }
  return addresses;
}

void Encoder::put(const SelectCall& c) {
  const auto sets = fd_sets(c.nfds, {&c.readfds, &c.writefds, &c.exceptfds});
  const u64 timeout = build_.in(c.timeout, [&](const Timeval& time) -> u64 {
    // A valid one is scaled; an invalid one goes as it is.
    constexpr i64 kMicroseconds = 1'000'000;
    const bool valid = time.tv_sec >= 0 && time.tv_usec >= 0;
    const Timespec asked{.tv_sec = time.tv_sec + time.tv_usec / kMicroseconds,
                         .tv_nsec = time.tv_usec % kMicroseconds * 1000};
    const auto wait = valid ? context_.clock.relative(task_, asked, host_now_ns())
                            : std::expected<Timespec, MachineError>(
                                  Timespec{.tv_sec = time.tv_sec, .tv_nsec = time.tv_usec * 1000});
    if (!wait) {
      build_.refuse(wait.error().message);
      return 0;
    }
    return build_.window().put_value(KernelTimeval{wait->tv_sec, wait->tv_nsec / 1000});
  });
#if defined(SYS_select)
  build_.system_call(SYS_select, c.nfds, sets[0], sets[1], sets[2], timeout);
#else
  build_.refuse("this processor's kernel has no select()");
#endif
}

void Encoder::put(const Pselect6Call& c) {
  const auto sets = fd_sets(c.nfds, {&c.readfds, &c.writefds, &c.exceptfds});
  const u64 timeout = relative(c.timeout);
  const u64 mask = signal_mask(c.sigmask);
  const u64 argument =
      mask == 0 ? 0 : build_.window().put_value(KernelSigmaskArgument{mask, kSigsetBytes});
  build_.system_call(SYS_pselect6, c.nfds, sets[0], sets[1], sets[2], timeout, argument);
}

void Encoder::put(const EpollCreate1Call& c) {
  build_.system_call(SYS_epoll_create1, open_flags_to_host(c.flags.v));
}

void Encoder::put(const EpollCtlCall& c) {
  const u64 event = build_.in(c.event, [&](const EpollEvent& e) {
    return build_.window().put_value(KernelEpollEvent{e.events.v, e.data});
  });
  build_.system_call(SYS_epoll_ctl, c.epfd.v, c.op.v, c.fd.v, event);
}

u64 Encoder::epoll_events(OutPtr pointer, i32 maxevents) {
  if (pointer != OutPtr::kValid) {
    return pointer == OutPtr::kNull ? 0 : kBadAddress;
  }
  const auto count = static_cast<std::size_t>(std::clamp(maxevents, 1, kMostEpollEvents));
  return build_.in_out_table(std::vector<std::byte>(count * sizeof(KernelEpollEvent)));
}

void Encoder::epoll_wait(i64 nr, Fd epfd, u64 events, i32 maxevents, i32 timeout_ms, u64 mask) {
  const auto timeout = context_.clock.relative_ms(task_, timeout_ms, host_now_ns());
  if (!timeout) {
    return build_.refuse(timeout.error().message);
  }
  build_.system_call(nr, epfd.v, events, maxevents, *timeout, mask, kSigsetBytes);
}

void Encoder::put(const EpollWaitCall& c) {
  epoll_wait(SYS_epoll_pwait, c.epfd, epoll_events(c.events, c.maxevents), c.maxevents, c.timeout,
             0);
}

void Encoder::put(const EpollPwaitCall& c) {
  epoll_wait(SYS_epoll_pwait, c.epfd, epoll_events(c.events, c.maxevents), c.maxevents, c.timeout,
             signal_mask(c.sigmask));
}

void Encoder::put(const EpollPwait2Call& c) {
  const u64 events = epoll_events(c.events, c.maxevents);
  const u64 timeout = relative(c.timeout);
  build_.system_call(SYS_epoll_pwait2, c.epfd.v, events, c.maxevents, timeout,
                     signal_mask(c.sigmask), kSigsetBytes);
}

void Encoder::put(const PauseCall& /*call*/) {
  // pause() where there is none: it is ppoll() of nothing.
  build_.system_call(SYS_ppoll, 0, 0, 0, 0, kSigsetBytes);
}

void Encoder::put(const RtSigsuspendCall& c) {
  build_.system_call(SYS_rt_sigsuspend, signal_mask(c.mask), kSigsetBytes);
}

}  // namespace ipcsim::host
