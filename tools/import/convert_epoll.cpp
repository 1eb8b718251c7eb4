// epoll_create1(), epoll_ctl(), epoll_wait() and its kin. An instance may watch other files too:
// these are left out, and so is what is told of them.
#include <array>
#include <limits>

#include <fmt/format.h>
#include <range/v3/algorithm/any_of.hpp>

#include "tools/import/waiting.hpp"

namespace ipcsim::strace {
namespace {

/// Items that come while a call lasts have numbers that no descriptor has: these and below.
constexpr i32 kFirstComing = -1;

std::shared_ptr<EpollWatch> watch_of(const Conversion& c, Fd fd) {
  const FdSlot* slot = c.files().find(fd.v);
  return slot == nullptr || slot->kind != FdKind::kEpoll ? nullptr : slot->epoll;
}

Plan convert_epoll_create(Conversion& c) {
  if (!c.result.ok()) {
    return Plan::no_effect();
  }
  EpollCreate1Call call;
  if (c.name() == "epoll_create1") {
    const Node* flags = c.args.at(0);
    constexpr std::array kFlags = std::to_array<NamedNumber>({{"EPOLL_CLOEXEC", kOCloexec}});
    call.flags.v = static_cast<u32>(c.args.flags(flags, "flags", kFlags));
  }
  c.expect_fd(c.result.value, FdKind::kEpoll);
  Plan plan = c.keep_bookkeeping(call);
  if (!c.args.problem()) {
    plan.at_exit = [table = c.task.files, fd = static_cast<i32>(c.result.value),
                    cloexec = (call.flags.v & kOCloexec) != 0, unseen = c.state.survey.rings] {
      table->install(fd, FdKind::kEpoll, cloexec);
      table->set_epoll(fd, std::make_shared<EpollWatch>(EpollWatch{.items = {}, .unseen = unseen}));
    };
  }
  return plan;
}

/// "data={u32=4, u64=4}", or a number.
u64 data_of(Conversion& c, const Node& event) {
  const Node* data = event.member("data");
  if (data == nullptr) {
    return 0;
  }
  const Node* whole = data->member("u64");
  return c.args.size(whole == nullptr ? data : whole, "data");
}

EpollEvent read_event(Conversion& c, const Node& node) {
  const Node* events = node.member("events");
  EpollEvent event;
  event.events.v = static_cast<u32>(c.args.flags(events, "events", epoll_event_names()));
  event.data = data_of(c, node);
  return event;
}

/// True for what the model has: an instance only while it watches nothing else.
bool is_known(const Conversion& c, FdKind kind, Fd fd) {
  const auto watch = kind == FdKind::kEpoll ? watch_of(c, fd) : nullptr;
  return is_ours(kind) && (watch == nullptr || !watch->others());
}

/// True for a call about an item that was there though no line added it: an io_uring did.
bool is_of_unseen_item(const Conversion& c, const EpollWatch& watch, const EpollCtlCall& call) {
  return watch.unseen && !watch.items.contains(call.fd.v) &&
         (c.result.ok() ? call.op.v != kEpollCtlAdd : c.result.failed_with("EEXIST"));
}

Plan convert_epoll_ctl(Conversion& c) {
  const Fd epfd = c.args.fd(c.args.at(0), "epfd");
  const Node* op_node = c.args.at(1);
  const Node* event_node = c.args.at(3);
  const Fd fd = c.args.fd(c.args.at(2), "fd");
  const FdKind instance = c.use(0);
  const FdKind kind = c.use(2);
  if (op_node == nullptr || c.args.problem()) {
    return {};
  }
  bool ours = is_known(c, kind, fd);
  const auto watch = watch_of(c, epfd);
  if (watch == nullptr) {
    if (ours && c.result.ok()) {
      c.args.unsupported("epoll_ctl of an instance from before the log");
    }
    return is_ours(instance) && is_ours(kind) ? Plan::no_effect() : Plan::other();
  }
  EpollCtlCall call{.epfd = epfd, .op = {}, .fd = fd, .event = {}};
  call.op.v = static_cast<u32>(c.args.flags(op_node, "op", epoll_ctl_names()));
  if (event_node != nullptr && event_node->kind == Node::Kind::kStruct) {
    call.event = UserPtr<EpollEvent>::of(read_event(c, *event_node));
  } else if (c.faulted()) {
    call.event = UserPtr<EpollEvent>::bad();
  }
  if (c.args.problem()) {
    return {};
  }
  const bool unseen = is_of_unseen_item(c, *watch, call);
  Plan plan = unseen ? Plan::no_effect() : ours ? c.keep(call) : Plan::other();
  ours = ours && !unseen;
  if (c.result.ok() && call.op.v == kEpollCtlAdd) {
    // Another thread may be told of it before the line with the result.
    watch->set(call.fd.v, {.data = call.event.value.data, .other = !ours});
  } else if (c.result.ok()) {
    plan.at_exit = [watch, call, ours] {
      if (call.op.v == kEpollCtlDel) {
        watch->items.erase(call.fd.v);
      } else {
        watch->set(call.fd.v, {.data = call.event.value.data, .other = !ours});
      }
    };
  }
  return plan;
}

/// What an epoll_wait() told, as far as it is of ours.
struct Told {
  EpollEventList ours;
  i32 others = 0;
  bool unclear = false;  ///< of some event it is not known whose it is
};

/// By what data an epoll_wait() tells of files.
std::set<u64> data_told(Conversion& c) {
  std::set<u64> told;
  const Node* list = c.args.at(1);
  if (c.result.ok() && list != nullptr && list->kind == Node::Kind::kList) {
    for (const Node& item : list->items) {
      if (item.kind == Node::Kind::kStruct) {
        told.insert(data_of(c, item));
      }
    }
  }
  return told;
}

/// What the instance watches while the call lasts: what others add meanwhile is known from the pass
/// before. A call that is told of such an item notes it for the next pass.
EpollWatch watched_during(Conversion& c, const std::shared_ptr<EpollWatch>& watch,
                          std::function<void()>& at_exit) {
  EpollWatch during = *watch;
  if (!c.record.split) {
    return during;
  }
  i32 number = kFirstComing;
  if (const auto coming = c.state.coming_items.find(c.record.line);
      coming != c.state.coming_items.end()) {
    for (const EpollWatch::Item& item : coming->second) {
      during.items[number--] = item;
    }
  }
  at_exit = [&state = c.state, watch, line = c.record.line, began = watch->ever.size(),
             told = data_told(c)] {
    for (std::size_t i = began; i < watch->ever.size(); ++i) {
      if (told.contains(watch->ever[i].data)) {
        state.found_items[line].insert(watch->ever[i]);
      }
    }
  };
  return during;
}

Told read_told(Conversion& c, const Node* list, const EpollWatch& watch) {
  Told told;
  if (c.result.value == 0) {
    return told;
  }
  if (list == nullptr || list->kind != Node::Kind::kList) {
    c.args.expected(list, "events", "a list of {events=..., data=...}");
    return told;
  }
  for (const Node& item : list->items) {
    if (item.kind != Node::Kind::kStruct) {
      told.unclear = true;  // "...": the rest is cut
      return told;
    }
    const EpollEvent event = read_event(c, item);
    const auto is_of = [&](bool other) {
      return ranges::any_of(watch.items, [&](const auto& entry) {
        return entry.second.data == event.data && entry.second.other == other;
      });
    };
    const bool ours = is_of(false) || !watch.others();
    if (ours && is_of(true)) {
      told.unclear = true;
    } else if (ours) {
      told.ours.events.push_back(event);
    } else {
      ++told.others;
    }
  }
  if (c.result.value < 0 || list->items.size() != static_cast<u64>(c.result.value)) {
    c.args.fail(fmt::format("{} returned {}, but shows {} events", c.name(), c.result.value,
                            list->items.size()));
  }
  return told;
}

/// The same where it is known what the instance watches. When another file was ready the call looks
/// at ours only once.
template <class Make>
Plan plan_known(Conversion& c, const EpollWatch& watch, i32 most, std::optional<i64> timeout_ns,
                Make make) {
  if (!watch.ours()) {
    return Plan::other();
  }
  if (c.result.ok() && c.result.value > most) {
    return Plan::no_effect();  // a thread that its process ended: strace shows what was left behind
  }
  if (!c.result.ok()) {
    return keep_waiting(c, make(most, false), {}, timeout_ns);
  }
  Told told = read_told(c, c.args.at(1), watch);
  if (c.args.problem()) {
    return {};
  }
  if (told.unclear) {
    return watch.others() ? Plan::no_effect() : keep_waiting(c, make(most, false), {}, timeout_ns);
  }
  if (told.others == 0) {
    return keep_waiting(c, make(most, false), std::move(told.ours), timeout_ns);
  }
  if (told.others >= most) {
    return Plan::no_effect();
  }
  Plan plan = c.keep(make(most - told.others, true), std::move(told.ours));
  plan.calls.front().result->ret -= told.others;
  return plan;
}

/// What an epoll_wait() becomes; `make` makes the call for so many events.
template <class Make>
Plan plan_wait(Conversion& c, std::optional<i64> timeout_ns, Make make) {
  const FdKind kind = c.use(0);
  const i64 maxevents = c.args.number(c.args.at(2), "maxevents");
  if (auto plan = c.drop(kind)) {
    return *std::move(plan);
  }
  if (c.args.problem()) {
    return {};
  }
  const auto watch = watch_of(c, c.args.fd(c.args.at(0), "epfd"));
  if (watch == nullptr) {
    return keep_waiting(c, make(static_cast<i32>(maxevents), false), {}, timeout_ns);
  }
  std::function<void()> at_exit;
  const EpollWatch during = watched_during(c, watch, at_exit);
  Plan plan = plan_known(c, during, static_cast<i32>(maxevents), timeout_ns, make);
  plan.at_exit = std::move(at_exit);
  return plan;
}

OutPtr events_ptr(const Conversion& c) { return c.faulted() ? OutPtr::kBad : OutPtr::kValid; }

/// The timeout of epoll_wait() and epoll_pwait(), in milliseconds.
i32 timeout_ms(Conversion& c) {
  const i64 timeout = c.args.number(c.args.at(3), "timeout");
  if (timeout < std::numeric_limits<i32>::min() || timeout > std::numeric_limits<i32>::max()) {
    c.args.fail(fmt::format("the timeout of {} is no int", c.name()));
    return 0;
  }
  return static_cast<i32>(timeout);
}

std::optional<i64> nanoseconds_of(i32 timeout) {
  return timeout > 0 ? std::optional{timeout * kNanosecondsPerMillisecond} : std::nullopt;
}

Plan convert_epoll_wait(Conversion& c) {
  const Fd epfd = c.args.fd(c.args.at(0), "epfd");
  const i32 timeout = timeout_ms(c);
  return plan_wait(c, nanoseconds_of(timeout), [&](i32 most, bool once) -> Call {
    return EpollWaitCall{epfd, events_ptr(c), most, once ? 0 : timeout};
  });
}

Plan convert_epoll_pwait(Conversion& c) {
  const Fd epfd = c.args.fd(c.args.at(0), "epfd");
  const i32 timeout = timeout_ms(c);
  const SigmaskPtr mask = read_mask(c, c.args.at(4));
  return plan_wait(c, nanoseconds_of(timeout), [&](i32 most, bool once) -> Call {
    return EpollPwaitCall{epfd, events_ptr(c), most, once ? 0 : timeout, mask};
  });
}

Plan convert_epoll_pwait2(Conversion& c) {
  const Fd epfd = c.args.fd(c.args.at(0), "epfd");
  const auto timeout = c.args.timespec(c.args.at(3), "timeout");
  const SigmaskPtr mask = read_mask(c, c.args.at(4));
  return plan_wait(c, nanoseconds(timeout), [&](i32 most, bool once) -> Call {
    return EpollPwait2Call{epfd, events_ptr(c), most,
                           once ? UserPtr<Timespec>::of(Timespec{}) : timeout, mask};
  });
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"epoll_create", convert_epoll_create},
    {"epoll_create1", convert_epoll_create},
    {"epoll_ctl", convert_epoll_ctl},
    {"epoll_pwait", convert_epoll_pwait},
    {"epoll_pwait2", convert_epoll_pwait2},
    {"epoll_wait", convert_epoll_wait},
});

}  // namespace

std::span<const NamedConverter> epoll_converters() { return kConverters; }

}  // namespace ipcsim::strace
