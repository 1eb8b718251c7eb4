// poll() and ppoll().
#include <array>
#include <limits>

#include <fmt/format.h>
#include <range/v3/algorithm/contains.hpp>

#include "tools/import/waiting.hpp"

namespace ipcsim::strace {
namespace {

/// poll() tells these even when they were not asked for: POLLERR, POLLHUP, POLLNVAL.
constexpr u32 kAlwaysTold = 0x038;

/// Whom a list of struct pollfd asks about.
struct Asked {
  std::vector<PollFd> fds;
  std::vector<bool> other;  ///< by place: another file, whose readiness the model does not know
  bool ours = false;
};

/// True for what the model has: an epoll instance only while it watches nothing else.
bool is_known(FdKind kind, const FdSlot* slot) {
  const bool watches_others =
      kind == FdKind::kEpoll && slot != nullptr && slot->epoll != nullptr && slot->epoll->others();
  return is_ours(kind) && !watches_others;
}

/// What a descriptor of the list is. One that poll() does not call invalid is open.
FdKind kind_of(Conversion& c, const Node& node, Fd fd) {
  const FdSlot* slot = c.files().find(fd.v);
  const std::string told = fmt::format("{{fd={}, revents=", fd.v);
  const bool invalid = c.result.details.contains(told + "POLLNVAL") ||
                       c.result.details.contains(told + "0x20}") ||  // -X raw
                       c.result.details.contains(told + "0x20 ");    // -X verbose
  if (fd.v < 0 || invalid || (slot == nullptr && !c.result.ok() && !node.annotation)) {
    return FdKind::kClosed;
  }
  return c.use(&node, fd);
}

/// Events; those that the model does not know never happen to what it has.
u32 events_of(Conversion& c, const Node* node) {
  if (node == nullptr || node->kind != Node::Kind::kExpression) {
    return static_cast<u32>(c.args.flags(node, "events", poll_event_names()));
  }
  u64 events = 0;
  std::string_view rest = node->text;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('|'));
    rest.remove_prefix(part.size() == rest.size() ? rest.size() : part.size() + 1);
    events |= number_of(poll_event_names(), part).value_or(0);
  }
  return static_cast<u32>(events);
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
    entry.events = PollEvents{events_of(c, events)};
    asked.fds.push_back(entry);
    const FdKind kind = kind_of(c, *fd_node, entry.fd);
    const bool known = is_known(kind, c.files().find(entry.fd.v));
    asked.ours = asked.ours || known;
    asked.other.push_back(kind != FdKind::kClosed && !known);
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
    const u32 bits = events_of(c, events_node);
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

/// ppoll() is poll() with a finer timeout, which is rounded up, and perhaps with a signal mask.
Plan convert_ppoll(Conversion& c) {
  const auto timeout = c.args.timespec(c.args.at(2), "tmo_p");
  const Node* mask = c.args.at(3);
  bool exact = false;  // the timeout is no time, or very long: the call says more than poll()
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
    exact = timeout.is_bad() || !sane;
  }
  const SigmaskPtr sigmask = read_mask(c, mask);
  if (plan.fate == Plan::Fate::kKept && !plan.calls.empty() && (exact || !sigmask.is_null())) {
    const auto poll = get<PollCall>(plan.calls.front().call);
    const auto wait = Timespec{.tv_sec = poll.timeout / 1000,
                               .tv_nsec = poll.timeout % 1000 * kNanosecondsPerMillisecond};
    plan.calls.front().call = PpollCall{poll.fds,
                                        exact              ? timeout
                                        : poll.timeout < 0 ? UserPtr<Timespec>{}
                                                           : UserPtr<Timespec>::of(wait),
                                        sigmask};
  }
  return plan;
}

/// A set of descriptors, as far as they are on something that the model has.
struct AskedSet {
  FdSetPtr set;
  std::vector<Fd> others;
  bool ours = false;
};

/// `[3<pipe:[7]> 4]`, NULL or an address.
AskedSet read_set(Conversion& c, const Node* node, std::string_view name) {
  AskedSet asked;
  if (node == nullptr || is_null(*node)) {
    return asked;
  }
  if (is_address(*node)) {
    asked.set = FdSetPtr::bad();
    return asked;
  }
  if (node->kind != Node::Kind::kList) {
    c.args.expected(node, name, "a list of descriptors");
    return asked;
  }
  std::vector<Fd> fds;
  for (const Node& item : node->items) {
    const Fd fd = c.args.fd(&item, name);
    const FdSlot* slot = c.files().find(fd.v);
    const FdKind kind = slot == nullptr && !c.result.ok() ? FdKind::kClosed : c.use(&item, fd);
    if (is_known(kind, slot)) {
      asked.ours = true;
    } else if (kind != FdKind::kClosed) {
      asked.others.push_back(fd);
      continue;
    }
    fds.push_back(fd);
  }
  asked.set = FdSetPtr::of(std::move(fds));
  return asked;
}

/// The ready descriptors of the set called `name` in "in [3 4], out [5], left {...}"; those of
/// other files are counted alone.
std::vector<Fd> read_ready(Conversion& c, std::string_view name, const AskedSet& asked,
                           i64& others_ready) {
  const std::string_view details = c.result.details;
  const std::string key = fmt::format("{} [", name);
  std::size_t at = details.starts_with(key) ? 0 : details.find(", " + key);
  if (at == std::string_view::npos) {
    return {};
  }
  at = details.find('[', at);
  std::vector<Fd> fds;
  if (const auto list = parse_value(details.substr(at)); list && list->kind == Node::Kind::kList) {
    for (const Node& item : list->items) {
      const Fd fd = c.args.fd(&item, name);
      if (ranges::contains(asked.others, fd)) {
        ++others_ready;
      } else {
        fds.push_back(fd);
      }
    }
  }
  return fds;
}

/// How many descriptors the three sets hold.
i64 told(const SelectedFds& sets) {
  i64 count = 0;
  for (const auto* set : {&sets.readfds, &sets.writefds, &sets.exceptfds}) {
    count += *set ? static_cast<i64>((*set)->size()) : 0;
  }
  return count;
}

/// select() and pselect6(); `make` makes the call of its sets, with no timeout left if `once`.
/// Other files are left out, as in poll().
template <class Make>
Plan plan_select(Conversion& c, std::optional<i64> timeout_ns, Make make) {
  const i64 nfds = c.args.number(c.args.at(0), "nfds");
  const AskedSet in = read_set(c, c.args.at(1), "readfds");
  const AskedSet out = read_set(c, c.args.at(2), "writefds");
  const AskedSet except = read_set(c, c.args.at(3), "exceptfds");
  if (c.args.problem() || !(in.ours || out.ours || except.ours)) {
    return Plan::other();
  }
  Output output;
  i64 others_ready = 0;
  if (c.result.ok()) {
    SelectedFds sets;
    const auto add = [&](const AskedSet& given, std::string_view name,
                         std::optional<std::vector<Fd>>& to) {
      if (!given.set.is_null()) {
        to = read_ready(c, name, given, others_ready);
      }
    };
    add(in, "in", sets.readfds);
    add(out, "out", sets.writefds);
    add(except, "except", sets.exceptfds);
    // A program may give one set for several: then the last one told is all that strace sees.
    const bool all_told = told(sets) + others_ready == c.result.value;
    if (!all_told && !(in.others.empty() && out.others.empty() && except.others.empty())) {
      return Plan::no_effect();
    }
    if (all_told) {
      output = std::move(sets);
    }
  }
  Call call = make(static_cast<i32>(nfds), in.set, out.set, except.set, others_ready > 0);
  if (others_ready == 0) {
    return keep_waiting(c, std::move(call), std::move(output), timeout_ns);
  }
  Plan plan = c.keep(std::move(call), std::move(output));
  plan.calls.front().result->ret -= others_ready;
  return plan;
}

Plan convert_pselect6(Conversion& c) {
  const auto timeout = c.args.timespec(c.args.at(4), "timeout");
  const Node* argument = c.args.at(5);
  const Node* mask = argument == nullptr ? nullptr : argument->member("sigmask");
  const SigmaskPtr sigmask = read_mask(c, mask);
  return plan_select(
      c, nanoseconds(timeout),
      [&](i32 nfds, const FdSetPtr& in, const FdSetPtr& out, const FdSetPtr& except,
          bool once) -> Call {
        return Pselect6Call{
            nfds, in, out, except, once ? UserPtr<Timespec>::of(Timespec{}) : timeout, sigmask};
      });
}

Plan convert_select(Conversion& c) {
  UserPtr<Timeval> timeout;
  std::optional<i64> timeout_ns;
  if (const Node* node = c.args.at(4); node != nullptr && !is_null(*node)) {
    if (is_address(*node)) {
      timeout = UserPtr<Timeval>::bad();
    } else {
      timeout =
          UserPtr<Timeval>::of({.tv_sec = c.args.number(node->member("tv_sec"), "tv_sec"),
                                .tv_usec = c.args.number(node->member("tv_usec"), "tv_usec")});
      timeout_ns = nanoseconds(UserPtr<Timespec>::of(
          {.tv_sec = timeout.value.tv_sec, .tv_nsec = timeout.value.tv_usec * 1000}));
    }
  }
  return plan_select(c, timeout_ns,
                     [&](i32 nfds, const FdSetPtr& in, const FdSetPtr& out, const FdSetPtr& except,
                         bool once) -> Call {
                       return SelectCall{nfds, in, out, except,
                                         once ? UserPtr<Timeval>::of(Timeval{}) : timeout};
                     });
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"poll", convert_poll},
    {"ppoll", convert_ppoll},
    {"ppoll_time64", convert_ppoll},
    {"pselect6", convert_pselect6},
    {"pselect6_time64", convert_pselect6},
    {"select", convert_select},
    {"_newselect", convert_select},
});

}  // namespace

std::span<const NamedConverter> poll_converters() { return kConverters; }

}  // namespace ipcsim::strace
