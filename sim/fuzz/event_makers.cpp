// Waiting for several files: poll(), select(), epoll; being told by signals: O_ASYNC, mq_notify().
#include <algorithm>
#include <array>

#include "sim/fuzz/makers.hpp"

namespace ipcsim {
namespace {

constexpr u32 kPollPri = 0x002;
constexpr i32 kFarMs = 1'000'000;
constexpr u32 kMostInstances = 3;

/// Timeouts in milliseconds: none, at once, far away, or soon where sleeps may run out.
i32 some_timeout_ms(const Scene& s) {
  if (s.mood.timers && s.chance.one_in(6)) {
    return s.near_timeout_ms();
  }
  return s.chance.one_in(3) ? 0 : s.chance.one_in(3) ? kFarMs : -1;
}

UserPtr<Timespec> some_timeout(const Scene& s) {
  if (s.bad()) {
    return s.chance.one_in(2) ? UserPtr<Timespec>::bad()
                              : UserPtr<Timespec>::of({.tv_sec = 0, .tv_nsec = -1});
  }
  const i32 ms = some_timeout_ms(s);
  return ms < 0 ? UserPtr<Timespec>{}
                : UserPtr<Timespec>::of({.tv_sec = ms / 1'000, .tv_nsec = ms % 1'000 * 1'000'000});
}

SigmaskPtr some_mask(const Scene& s) {
  if (!s.chance.one_in(3)) {
    return {};
  }
  return s.bad() ? SigmaskPtr::bad()
                 : SigmaskPtr::of(s.chance.one_in(2) ? std::vector<Signal>{kSigusr1}
                                                     : std::vector<Signal>{});
}

std::vector<PollFd> some_poll_fds(const Scene& s) {
  std::vector<PollFd> fds;
  for (u64 left = s.chance.between(1, 3); left > 0; --left) {
    const u32 events = s.chance.one_of({kPollIn, kPollIn, kPollOut, kPollOut, kPollIn | kPollOut,
                                        kPollRdNorm, kPollWrNorm, kPollPri, 0U});
    fds.push_back({s.any_fd(), PollEvents{events}});
  }
  return fds;
}

std::optional<Call> make_poll(const Scene& s) {
  if (s.chance.one_in(4)) {
    return PpollCall{.fds = some_poll_fds(s), .tmo_p = some_timeout(s), .sigmask = some_mask(s)};
  }
  return PollCall{.fds = some_poll_fds(s), .timeout = some_timeout_ms(s)};
}

FdSetPtr some_set(const Scene& s, i32 nfds) {
  if (s.chance.one_in(3)) {
    return s.bad() ? FdSetPtr::bad() : FdSetPtr{};
  }
  std::vector<Fd> set;
  for (i32 fd = 0; fd < nfds; ++fd) {
    // select() fails as a whole when one of them is not open.
    if (s.chance.one_in(2) && (s.file_of(Fd{fd}) != nullptr || s.bad())) {
      set.push_back(Fd{fd});
    }
  }
  return FdSetPtr::of(std::move(set));
}

std::optional<Call> make_select(const Scene& s) {
  const i32 nfds = s.bad() ? s.chance.one_of({-1, 0, 2000}) : s.target_fd().v + 1;
  const i32 most = std::clamp(nfds, 0, 16);
  if (s.chance.one_in(3)) {
    return Pselect6Call{.nfds = nfds,
                        .readfds = some_set(s, most),
                        .writefds = some_set(s, most),
                        .exceptfds = some_set(s, most),
                        .timeout = some_timeout(s),
                        .sigmask = some_mask(s)};
  }
  SelectCall call{.nfds = nfds,
                  .readfds = some_set(s, most),
                  .writefds = some_set(s, most),
                  .exceptfds = some_set(s, most),
                  .timeout = {}};
  if (const i32 ms = some_timeout_ms(s); ms >= 0) {
    call.timeout = UserPtr<Timeval>::of({.tv_sec = ms / 1'000, .tv_usec = ms % 1'000 * 1'000});
  }
  return call;
}

std::optional<Fd> instance(const Scene& s) {
  if (s.bad()) {
    return s.any_fd();
  }
  return s.fd_where([](const File& f) { return f.kind == FileKind::kEpoll; });
}

std::optional<Call> make_epoll_create(const Scene& s) {
  if (s.k.epolls.size() >= kMostInstances) {
    return std::nullopt;
  }
  return EpollCreate1Call{.flags = OpenFlags{s.bad() ? kONonblock : 0}};
}

std::optional<Call> make_epoll_ctl(const Scene& s) {
  const auto epfd = instance(s);
  if (!epfd) {
    return std::nullopt;
  }
  EpollCtlCall call{.epfd = *epfd,
                    .op = EpollCtlOp{s.chance.one_of({kEpollCtlAdd, kEpollCtlAdd, kEpollCtlAdd,
                                                      kEpollCtlMod, kEpollCtlMod, kEpollCtlDel})},
                    .fd = s.any_fd(),
                    .event = {}};
  u32 events = s.chance.one_of({kPollIn, kPollIn, kPollOut, kPollIn | kPollOut, kPollRdNorm});
  events |= s.chance.one_in(2) ? kEpollEt : 0;
  events |= s.chance.one_in(6) ? kEpollOneshot : 0;
  events |= s.chance.one_in(8) && call.op.v == kEpollCtlAdd ? kEpollExclusive : 0;
  call.event =
      s.bad()
          ? UserPtr<EpollEvent>::bad()
          : UserPtr<EpollEvent>::of({.events = EpollEvents{events}, .data = s.chance.below(100)});
  if (s.bad()) {
    call.op = EpollCtlOp{4};
  }
  return call;
}

std::optional<Call> make_epoll_wait(const Scene& s) {
  const auto epfd = instance(s);
  if (!epfd) {
    return std::nullopt;
  }
  const OutPtr events = s.bad() ? OutPtr::kBad : OutPtr::kValid;
  const i32 most = s.bad() ? s.chance.one_of({0, -1}) : static_cast<i32>(s.chance.between(1, 4));
  switch (s.chance.below(4)) {
    case 0:
      return EpollPwaitCall{.epfd = *epfd,
                            .events = events,
                            .maxevents = most,
                            .timeout = some_timeout_ms(s),
                            .sigmask = some_mask(s)};
    case 1:
      return EpollPwait2Call{.epfd = *epfd,
                             .events = events,
                             .maxevents = most,
                             .timeout = some_timeout(s),
                             .sigmask = some_mask(s)};
    default:
      return EpollWaitCall{
          .epfd = *epfd, .events = events, .maxevents = most, .timeout = some_timeout_ms(s)};
  }
}

std::optional<Call> make_pause(const Scene& s) {
  if (s.chance.one_in(2)) {
    return PauseCall{};
  }
  return RtSigsuspendCall{.mask = SigmaskPtr::of(s.chance.one_in(2) ? std::vector<Signal>{kSigpipe}
                                                                    : std::vector<Signal>{})};
}

std::optional<Call> make_async(const Scene& s) {
  const Fd fd = s.any_fd();
  switch (s.chance.below(8)) {
    case 0:
    case 1: {
      const TaskId to = s.other_task();
      const TaskId leader = s.k.exists(to) ? s.k.process_of(to).leader : to;
      return FcntlCall{
          .fd = fd, .cmd = FcntlCmd{kFSetown}, .arg = static_cast<i64>(leader.v), .owner = {}};
    }
    case 2:
      return FcntlCall{.fd = fd,
                       .cmd = FcntlCmd{kFSetsig},
                       .arg = s.bad() ? 65 : s.chance.one_of<i64>({0, 10, 34}),
                       .owner = {}};
    case 3:
      return FcntlCall{
          .fd = fd, .cmd = FcntlCmd{s.chance.one_in(2) ? kFGetown : kFGetsig}, .owner = {}};
    case 4:
    case 5:
      return IoctlCall{.fd = fd,
                       .request = IoctlRequest{kFioasync},
                       .arg = s.bad() ? OutPtr::kBad : OutPtr::kValid,
                       .value = s.chance.one_in(4) ? 0 : 1};
    default:
      return FcntlCall{.fd = fd,
                       .cmd = FcntlCmd{kFSetfl},
                       .arg = (s.chance.one_in(4) ? 0 : kOAsync) |
                              (s.chance.percent(s.mood.nonblock_percent) ? kONonblock : 0),
                       .owner = {}};
  }
}

std::optional<Call> make_mq_notify(const Scene& s) {
  const auto fd = s.queue();
  if (!fd) {
    return std::nullopt;
  }
  MqNotifyCall call{.mqdes = *fd, .sevp = {}};
  if (s.bad()) {
    call.sevp = UserPtr<SigEvent>::bad();
  } else if (!s.chance.one_in(4)) {
    SigEvent event{
        .sigev_notify = SigevNotify{s.chance.one_in(4) ? kSigevNone : kSigevSignal},
        .sigev_signo = s.bad() ? s.chance.one_of({-1, 65, 0}) : s.chance.one_of({10, 10, 12, 34}),
        .sigev_value = s.chance.below(1000),
        .cookie = {}};
    if (s.bad()) {
      event.sigev_notify = SigevNotify{kSigevThreadId};
    }
    call.sevp = UserPtr<SigEvent>::of(std::move(event));
  }
  return call;
}

constexpr std::array kEventMakers{
    Maker{"poll", MakerGroup::kDescriptor, 16, false, make_poll},
    Maker{"select", MakerGroup::kDescriptor, 6, false, make_select},
    Maker{"pause", MakerGroup::kSignal, 2, false, make_pause},
    Maker{"epoll_create1", MakerGroup::kEpoll, 4, true, make_epoll_create},
    Maker{"epoll_ctl", MakerGroup::kEpoll, 18, true, make_epoll_ctl},
    Maker{"epoll_wait", MakerGroup::kEpoll, 16, true, make_epoll_wait},
    Maker{"O_ASYNC", MakerGroup::kAsync, 14, true, make_async},
    Maker{"mq_notify", MakerGroup::kQueue, 6, false, make_mq_notify},
};

}  // namespace

std::span<const Maker> event_makers() { return kEventMakers; }

}  // namespace ipcsim
