// poll() and ppoll().
#include <array>
#include <limits>

#include <fmt/format.h>
#include <range/v3/algorithm/contains.hpp>

#include "tools/import/conversion.hpp"

namespace ipcsim::strace {
namespace {

constexpr i64 kNanosecondsPerMillisecond = 1'000'000;
/// poll() tells these even when they were not asked for: POLLERR, POLLHUP, POLLNVAL.
constexpr u32 kAlwaysTold = 0x038;

/// Whom a list of struct pollfd asks about.
struct Asked {
  std::vector<PollFd> fds;
  std::vector<bool> other;  ///< by place: another file, whose readiness the model does not know
  bool ours = false;
};

/// What a descriptor of the list is. One that poll() does not call invalid is open.
FdKind kind_of(Conversion& c, const Node& node, Fd fd) {
  const FdSlot* slot = c.files().find(fd.v);
  const bool invalid = c.result.details.contains(fmt::format("{{fd={}, revents=POLLNVAL", fd.v));
  if (fd.v < 0 || invalid || (slot == nullptr && !c.result.ok() && !node.annotation)) {
    return FdKind::kClosed;
  }
  return c.use(&node, fd);
}

Asked read_fds(Conversion& c, const Node* list) {
  Asked asked;
  if (list == nullptr || is_null(*list) || is_address(*list)) {
    return asked;
  }
  if (list->kind != Node::Kind::kList) {
    c.args.expected(list, "fds", "a list of {fd=..., events=...}");
    return asked;
  }
  for (const Node& item : list->items) {
    const Node* fd_node = item.member("fd");
    if (fd_node == nullptr) {
      c.args.expected(&item, "fds", "{fd=..., events=...}");
      return asked;
    }
    PollFd entry;
    entry.fd = c.args.fd(fd_node, "fd");
    const Node* events = item.member("events");
    entry.events = PollEvents{static_cast<u32>(c.args.flags(events, "events", poll_event_names()))};
    asked.fds.push_back(entry);
    const FdKind kind = kind_of(c, *fd_node, entry.fd);
    asked.ours = asked.ours || is_ours(kind);
    asked.other.push_back(kind != FdKind::kClosed && !is_ours(kind));
  }
  return asked;
}

/// What "([{fd=3, revents=POLLIN}])" says for each descriptor: it lists those alone that are ready.
std::optional<Revents> read_revents(Conversion& c, const std::vector<PollFd>& fds) {
  Revents revents;
  revents.revents.resize(fds.size());
  if (c.result.value == 0) {
    return revents;
  }
  const auto list = parse_value(c.result.details);
  if (!list || list->kind != Node::Kind::kList) {
    c.args.fail(fmt::format("{} returned {}; expected ([{{fd=..., revents=...}}]) behind it",
                            c.name(), c.result.value));
    return std::nullopt;
  }
  std::size_t at = 0;
  i64 ready = 0;
  for (const Node& item : list->items) {
    const Node* fd_node = item.member("fd");
    const Node* events_node = item.member("revents");
    if (fd_node == nullptr || events_node == nullptr) {
      c.args.expected(&item, "revents", "{fd=..., revents=...}");
      return std::nullopt;
    }
    const Fd fd = c.args.fd(fd_node, "fd");
    const u32 bits = static_cast<u32>(c.args.flags(events_node, "revents", poll_event_names()));
    while (at < fds.size() &&
           (fds[at].fd != fd || (bits & ~(fds[at].events.v | kAlwaysTold)) != 0)) {
      ++at;
    }
    if (at == fds.size()) {
      c.args.fail(
          fmt::format("{} tells of descriptor {}, which it was not asked about", c.name(), fd.v));
      return std::nullopt;
    }
    revents.revents[at++] = PollEvents{bits};
    ++ready;
  }
  if (ready != c.result.value) {
    c.args.fail(
        fmt::format("{} returned {}, but lists {} descriptors", c.name(), c.result.value, ready));
    return std::nullopt;
  }
  return revents;
}

/// Takes back what was told of other files; returns how many of them were ready.
i64 leave_others_out(const Asked& asked, Revents& revents) {
  i64 ready = 0;
  for (std::size_t i = 0; i < asked.fds.size(); ++i) {
    if (asked.other[i] && revents.revents[i].v != 0) {
      revents.revents[i] = {};
      ++ready;
    }
  }
  return ready;
}

/// poll() of other files too: they become -1, which poll() passes over. When one of them was ready
/// the call looks at ours only once.
Plan plan_poll(Conversion& c, i32 timeout_ms) {
  Asked asked = read_fds(c, c.args.at(0));
  if (c.args.problem() || !asked.ours) {
    return Plan::other();
  }
  PollCall call{asked.fds, timeout_ms};
  Output out;
  i64 others_ready = 0;
  // Of many ready descriptors strace tells only the first; how many are ours is then not known.
  const bool told_in_part = c.result.ok() && c.result.details.contains("...");
  if (told_in_part && ranges::contains(asked.other, true)) {
    return Plan::no_effect();
  }
  if (c.result.ok() && !told_in_part) {
    auto revents = read_revents(c, call.fds);
    if (!revents) {
      return {};
    }
    others_ready = leave_others_out(asked, *revents);
    out = *std::move(revents);
  }
  for (std::size_t i = 0; i < call.fds.size(); ++i) {
    call.fds[i].fd = asked.other[i] ? Fd{-1} : call.fds[i].fd;
  }
  if (others_ready > 0) {
    timeout_ms = 0;  // it returned because of another file
    call.timeout = 0;
  }
  Plan plan = c.keep(std::move(call), std::move(out));
  if (others_ready > 0) {
    plan.calls.front().result->ret -= others_ready;
  }
  if (timeout_ms > 0) {
    plan.timeout = Timeout{.absolute = false,
                           .ns = timeout_ms * kNanosecondsPerMillisecond,
                           .ran_out = c.result.ok() && c.result.value == 0};
  }
  return plan;
}

Plan convert_poll(Conversion& c) {
  const i64 timeout = c.args.number(c.args.at(2), "timeout");
  if (timeout < std::numeric_limits<i32>::min() || timeout > std::numeric_limits<i32>::max()) {
    c.args.fail("the timeout of poll is no int");
  }
  return plan_poll(c, static_cast<i32>(timeout));
}

/// ppoll() without a signal mask is poll() with a finer timeout: it is rounded up.
Plan convert_ppoll(Conversion& c) {
  const auto timeout = c.args.timespec(c.args.at(2), "tmo_p");
  const Node* mask = c.args.at(3);
  Plan plan;
  if (timeout.is_null()) {
    plan = plan_poll(c, -1);
  } else {
    const i64 sec = timeout.value.tv_sec;
    const i64 nsec = timeout.value.tv_nsec;
    const bool sane = sec >= 0 && sec < 1'000'000 && nsec >= 0 && nsec < kNanosecondsPerSecond;
    const i64 ms =
        sane ? sec * 1000 + (nsec + kNanosecondsPerMillisecond - 1) / kNanosecondsPerMillisecond
             : 0;
    plan = plan_poll(c, static_cast<i32>(ms));
    if (plan.fate == Plan::Fate::kKept && (timeout.is_bad() || !sane)) {
      c.args.unsupported("ppoll with a timeout that is no time, or more than eleven days");
    }
  }
  if (plan.fate == Plan::Fate::kKept && mask != nullptr && !is_null(*mask)) {
    c.args.unsupported("ppoll with a signal mask");
  }
  return plan;
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"poll", convert_poll},
    {"ppoll", convert_ppoll},
    {"ppoll_time64", convert_ppoll},
});

}  // namespace

std::span<const NamedConverter> poll_converters() { return kConverters; }

}  // namespace ipcsim::strace
