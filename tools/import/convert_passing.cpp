// Descriptors that go from one process to another: over AF_UNIX sockets, and by pidfd_getfd().
#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "tools/import/conversion.hpp"

namespace ipcsim::strace {
namespace {

Plan convert_socketpair(Conversion& c) {
  Plan plan = Plan::other();
  const Node* pair = c.args.at(3);
  if (!c.result.ok() || pair == nullptr) {
    return plan;
  }
  const bool cloexec = makes_cloexec(c);
  if (pair->kind == Node::Kind::kList && !pair->items.empty() &&
      pair->items.back().kind == Node::Kind::kCut) {
    const auto [first, second] = lowest_free(c.files());  // with -s 0 it is not shown
    add_other_fd(c, plan, first.v, {}, cloexec);
    add_other_fd(c, plan, second.v, {}, cloexec);
    return plan;
  }
  if (pair->kind != Node::Kind::kList || pair->items.size() != 2) {
    c.args.expected(pair, "sv", "two descriptors, as in [3, 4]");
    return plan;
  }
  std::array<u32, 2> sockets{};
  std::array<i32, 2> fds{};
  for (std::size_t i = 0; i < 2; ++i) {
    const Node& item = pair->items[i];
    fds[i] = c.args.fd(&item, "sv").v;
    add_other_fd(c, plan, fds[i], item.annotation, cloexec);
    sockets[i] = c.state.passing.socket_of(nullptr, item.annotation);
  }
  std::tie(sockets[0], sockets[1]) = c.state.passing.connect(sockets[0], sockets[1]);
  plan.at_exit = [before = std::move(plan.at_exit), table = c.task.files, fds, sockets] {
    if (before) {
      before();
    }
    table->set_socket(fds[0], sockets[0]);
    table->set_socket(fds[1], sockets[1]);
  };
  return plan;
}

/// The descriptors in the control messages of a message: cmsg_data=[5, 6].
template <class F>
void each_passed_fd(const Node& node, F f) {
  const Node* type = node.member("cmsg_type");
  const Node* data = node.member("cmsg_data");
  const bool rights = type != nullptr && (type->is("SCM_RIGHTS") ||
                                          (type->kind == Node::Kind::kNumber && type->number == 1));
  if (data != nullptr && rights) {
    for (const Node& fd : data->items) {
      f(fd);
    }
    return;
  }
  for (const Node& item : node.items) {
    each_passed_fd(item, f);
  }
}

/// The messages of sendmsg() and recvmsg(), and of their forms for several.
template <class F>
void each_message(Conversion& c, F f) {
  const Node* argument = c.args.count() > 1 ? c.args.at(1) : nullptr;
  if (argument == nullptr) {
    return;
  }
  if (argument->kind == Node::Kind::kList) {
    for (const Node& item : argument->items) {
      f(item);
    }
  } else {
    f(*argument);
  }
}

/// The socket that a call is on.
u32 socket_of(Conversion& c) {
  const Node* node = c.args.at(0);
  const Fd fd = c.args.fd(node, "sockfd");
  return node == nullptr ? 0 : c.state.passing.socket_of(c.files().find(fd.v), node->annotation);
}

/// A descriptor that a message brought.
struct Arrival {
  Fd fd;
  std::string name;  ///< what -y calls it
};

/// What came with no message that is known: another file, or a pipe in a way that cannot be told.
void place_unmatched(ImportState& state, TaskState& task, const Arrival& arrival, bool cloexec,
                     Origin origin) {
  const bool pipe = arrival.name.starts_with("pipe:[");
  const bool known = pipe && state.pipe_names.contains(arrival.name);
  if (known) {
    state.leave_out(arrival.name);
  }
  const FdKind kind = known ? FdKind::kForeignPipe : pipe ? FdKind::kInheritedPipe : FdKind::kOther;
  state.act(task, OtherFdEvent{Conversion::number_of(task), arrival.fd, cloexec, "received"},
            origin);
  task.files->install(arrival.fd.v, kind, cloexec);
}

/// The descriptors of a message appear. Those of other files come first: they can have any number,
/// while the kernel gives what the model has the lowest that is free then.
void receive(ImportState& state, TaskState& task, const PassedMessage& message,
             const std::vector<Arrival>& arrivals, bool cloexec, bool peek, Origin origin) {
  std::vector<Fd> ours;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    const i32 fd = arrivals[i].fd.v;
    const PassedMessage::Item* item = i < message.items.size() ? &message.items[i] : nullptr;
    if (item != nullptr && item->ours) {
      ours.push_back(arrivals[i].fd);
      continue;
    }
    place_unmatched(state, task, arrivals[i], cloexec, origin);
    if (item != nullptr && task.files->find(fd)->kind == FdKind::kOther) {
      task.files->install_copy(fd, item->like, cloexec);
    }
  }
  if (message.carried == 0) {
    return;
  }
  state.unseen.receive(task, message.carried, ours, cloexec, origin);
  for (std::size_t i = 0; i < std::min(arrivals.size(), message.items.size()); ++i) {
    if (message.items[i].ours) {
      task.files->install_copy(arrivals[i].fd.v, message.items[i].like, cloexec);
      task.made_ours = task.made_ours || matters(message.items[i].like.kind);
      ++state.passed_fds;
    }
  }
  if (peek) {  // the message is still there
    PassedMessage again = message;
    again.carried = state.unseen.send(task, ours, origin);
    state.passing.send(std::move(again));
  }
}

void take_arrivals(ImportState& state, TaskState& task, u32 socket,
                   const std::vector<Arrival>& arrivals, bool cloexec, bool peek, Origin origin) {
  std::vector<std::string> names;
  for (const Arrival& arrival : arrivals) {
    names.push_back(arrival.name);
  }
  const Passing::Match match = state.passing.receive(socket, names);
  for (const PassedMessage& message : match.ambiguous) {
    state.give_up(message);  // nothing decides which came
  }
  receive(state, task, match.message.value_or(PassedMessage{}), arrivals, cloexec, peek, origin);
}

Plan convert_recvmsg(Conversion& c) {
  Plan plan = Plan::other();
  if (!c.result.ok()) {
    return plan;
  }
  bool cloexec = false;
  bool peek = false;
  for (std::size_t i = 0; i < c.args.count(); ++i) {
    const Node& arg = *c.args.at(i);
    constexpr u64 kMsgPeek = 2;
    constexpr u64 kMsgCmsgCloexec = 0x4000'0000;
    const u64 raw = i == 2 && arg.kind == Node::Kind::kNumber ? arg.number : 0;  // -X raw
    cloexec = cloexec || arg.text.contains("MSG_CMSG_CLOEXEC") || (raw & kMsgCmsgCloexec) != 0;
    peek = peek || (i >= 2 && arg.text.contains("MSG_PEEK")) || (raw & kMsgPeek) != 0;
  }
  const u32 socket = socket_of(c);
  each_message(c, [&](const Node& node) {
    std::vector<Arrival> arrivals;
    each_passed_fd(node, [&](const Node& item) {
      const bool cut = item.kind == Node::Kind::kCut;  // with -s 0
      const Fd fd = cut ? lowest_free(c.files()).first : c.args.fd(&item, "cmsg_data");
      c.expect_fd(fd.v, FdKind::kOther);
      arrivals.push_back({fd, std::string(item.annotation.value_or(""))});
    });
    if (arrivals.empty() || c.args.problem()) {
      return;
    }
    plan.fate = Plan::Fate::kKept;
    plan.at_exit = [before = std::move(plan.at_exit), &state = c.state, &task = c.task, socket,
                    arrivals = std::move(arrivals), cloexec, peek, origin = c.origin] {
      if (before) {
        before();
      }
      take_arrivals(state, task, socket, arrivals, cloexec, peek, origin);
    };
  });
  return plan;
}

/// A descriptor goes where it cannot be followed. Of a pipe nothing more can be told then.
void pass(Conversion& c, const FdSlot* slot, i64 fd) {
  if (slot == nullptr || (!is_ours(slot->kind) && slot->kind != FdKind::kForeignPipe)) {
    return;
  }
  c.args.unsupported(fmt::format("{} passes descriptor {} to another process", c.name(), fd));
  c.state.leave_out(*slot);
}

/// The unseen task holds the descriptors of a message until somebody receives them.
Plan convert_sendmsg(Conversion& c) {
  if (!c.result.ok()) {
    return Plan::other();
  }
  const u32 socket = socket_of(c);
  each_message(c, [&](const Node& node) {
    PassedMessage message{.from = socket, .to = c.state.passing.peer_of(socket), .items = {}};
    std::vector<Fd> ours;
    each_passed_fd(node, [&](const Node& item) {
      if (item.kind == Node::Kind::kCut) {  // with -s 0 it may be any
        for (const i32 any : c.files().open_between(0, ~u64{0})) {
          pass(c, c.files().find(any), any);
        }
        return;
      }
      const Fd fd = c.args.fd(&item, "cmsg_data");
      const FdSlot* slot = c.files().find(fd.v);
      const FdSlot like = slot == nullptr ? FdSlot{.kind = FdKind::kOther, .path = {}} : *slot;
      message.items.push_back({like, false, std::string(item.annotation.value_or(""))});
      if (like.kind == FdKind::kForeignPipe) {
        pass(c, slot, fd.v);
      } else if (is_ours(like.kind) && !c.args.problem()) {
        message.items.back().ours = true;
        ours.push_back(fd);
      }
    });
    if (!ours.empty() && !c.args.problem()) {
      message.carried = c.state.unseen.send(c.task, std::move(ours), c.origin);
    }
    if (!message.items.empty()) {
      c.state.passing.send(std::move(message));
    }
  });
  return Plan::other();
}

/// The process that a pidfd is for: as the call that made it said, or as -yy does ("pid:12").
const TaskState* process_behind(Conversion& c, const Node* node, Fd pidfd) {
  const FdSlot* slot = c.files().find(pidfd.v);
  std::optional<u32> index = slot == nullptr ? std::nullopt : slot->pidfd_of;
  constexpr std::string_view kPrefix = "pid:";
  if (!index && node->annotation && node->annotation->starts_with(kPrefix)) {
    i64 pid = 0;
    const std::string_view text = node->annotation->substr(kPrefix.size());
    std::from_chars(text.data(), text.data() + text.size(), pid);
    const TaskState* task = c.state.tasks.find(pid);
    index = task == nullptr ? std::nullopt : std::optional{task->index};
  }
  if (!index || !c.state.tasks.at(*index).alive) {
    return nullptr;
  }
  const ProcessState& process = c.state.tasks.process_of(c.state.tasks.at(*index));
  return &c.state.tasks.at(process.leader);
}

/// Which process the descriptor comes from is not known: any that has a pipe of that number.
Plan fetch_from_anybody(Conversion& c, Fd target) {
  for (const TaskState& task : c.state.tasks.all()) {
    const FdSlot* slot =
        task.alive && task.files != c.task.files ? task.files->find(target.v) : nullptr;
    if (slot != nullptr && slot->kind == FdKind::kPipe && slot->made_at != 0) {
      c.state.newly_passed_pipes.insert(slot->made_at);
    }
  }
  if (c.result.annotation) {
    c.state.leave_out(*c.result.annotation);
  }
  return plan_result_fd(c);
}

/// A thread with that table that is in no call of the trace, or null.
TaskState* idle_holder(ImportState& state, const FdTable* table) {
  for (TaskState& task : state.tasks.all()) {
    if (task.alive && task.files.get() == table && !task.open_event && !task.interrupted) {
      return &task;
    }
  }
  return nullptr;
}

/// The task has taken the descriptor `target` of another table as `fd`. A trace tells it as a
/// message that one of the others hands over; while all of them are in calls it cannot.
void fetch(ImportState& state, TaskState& task, const std::shared_ptr<FdTable>& from, Fd target,
           Fd fd, Origin origin) {
  const FdSlot* slot = from->find(target.v);
  const FdSlot like = slot == nullptr ? FdSlot{.kind = FdKind::kOther, .path = {}} : *slot;
  TaskState* const holder = is_ours(like.kind) ? idle_holder(state, from.get()) : nullptr;
  if (holder != nullptr) {
    const u32 message = state.unseen.send(*holder, {target}, origin);
    state.unseen.receive(task, message, {fd}, true, origin);
    task.made_ours = task.made_ours || matters(like.kind);
    ++state.passed_fds;
  } else {
    if (is_ours(like.kind) || like.kind == FdKind::kForeignPipe) {
      state.leave_out(like);
    }
    state.act(task, OtherFdEvent{Conversion::number_of(task), fd, true, "pidfd_getfd"}, origin);
  }
  task.files->install_copy(fd.v, like, true);
}

/// Where it is told whose descriptor it is.
Plan convert_pidfd_getfd(Conversion& c) {
  if (!c.result.ok()) {
    return Plan::other();
  }
  const Node* node = c.args.at(0);
  const Fd pidfd = c.args.fd(node, "pidfd");
  const Fd target = c.args.fd(c.args.at(1), "targetfd");
  if (c.args.problem() || node == nullptr) {
    return {};
  }
  const TaskState* process = process_behind(c, node, pidfd);
  const FdSlot* slot = process == nullptr ? nullptr : process->files->find(target.v);
  if (slot == nullptr || slot->kind == FdKind::kClosed) {
    return fetch_from_anybody(c, target);
  }
  Plan plan;
  plan.fate = Plan::Fate::kKept;
  const Fd fd{static_cast<i32>(c.result.value)};
  c.expect_fd(fd.v, FdKind::kOther);
  plan.at_exit = [&state = c.state, &task = c.task, from = process->files, target, fd,
                  origin = c.origin] { fetch(state, task, from, target, fd, origin); };
  return plan;
}

Plan convert_pidfd_open(Conversion& c) {
  Plan plan = plan_result_fd(c);
  if (!c.result.ok() || c.args.problem()) {
    return plan;
  }
  const TaskState* target = c.state.tasks.find_as(c.task, c.args.number(c.args.at(0), "pid"));
  if (target != nullptr) {
    plan.at_exit = [before = std::move(plan.at_exit), table = c.task.files, of = target->index,
                    fd = static_cast<i32>(c.result.value)] {
      before();
      table->set_pidfd(fd, of);
    };
  }
  return plan;
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"pidfd_getfd", convert_pidfd_getfd},
    {"pidfd_open", convert_pidfd_open},
    {"recvmmsg", convert_recvmsg},
    {"recvmsg", convert_recvmsg},
    {"sendmmsg", convert_sendmsg},
    {"sendmsg", convert_sendmsg},
    {"socketpair", convert_socketpair},
});

}  // namespace

std::span<const NamedConverter> passing_converters() { return kConverters; }

}  // namespace ipcsim::strace
