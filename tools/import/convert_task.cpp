// Tasks: fork() and its relatives, execve(), exit(), limits.
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "sim/kernel/user_namespace.hpp"
#include "tools/import/conversion.hpp"
#include "tools/import/printable.hpp"
#include "tools/import/symbols.hpp"

namespace ipcsim::strace {
namespace {

constexpr u64 kClonePidfd = 0x1000;
constexpr u64 kExitSignal = 0xff;
/// Namespaces that a trace has, and a task can go to by itself.
constexpr u64 kNamespaces = kCloneNewipc | kCloneNewuser;

/// Names that say nothing here have no bits.
constexpr std::array kMoreCloneFlags = std::to_array<NamedNumber>({
    {"CLONE_PIDFD", kClonePidfd},
});

/// "0x400", as -X raw has it beside the signal; 0 for anything else.
u64 hexadecimal(std::string_view text) {
  u64 number = 0;
  if (text.starts_with("0x")) {
    std::from_chars(text.data() + 2, text.data() + text.size(), number, 16);
  }
  return number;
}

/// The flags of a clone() that matter here. Other names are left out.
u64 clone_flags(const Node* node) {
  if (node != nullptr && node->kind == Node::Kind::kNumber) {
    return node->number & ~kExitSignal;  // -X raw
  }
  u64 flags = 0;
  std::string_view text = node == nullptr ? std::string_view{} : node->text;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('|'));
    text.remove_prefix(part.size() == text.size() ? text.size() : part.size() + 1);
    const auto known = number_of(clone_flag_names(), part);
    flags |= known ? *known : number_of(kMoreCloneFlags, part).value_or(hexadecimal(part));
  }
  return flags & ~kExitSignal;
}

/// The topmost bit of a flag word is nobody's.
constexpr u64 kMostFlags = 0x7fff'ffff'ffff'ffff;

/// The flags of fork(), vfork(), clone() and clone3().
u64 flags_of(Conversion& c) {
  if (c.name() == "vfork") {
    return kCloneVm | kCloneVfork;
  }
  if (c.name() == "clone3") {
    const Node* args = c.args.at(0);
    return args == nullptr ? 0 : clone_flags(args->member("flags"));
  }
  if (c.name() == "clone") {
    for (std::size_t i = 0; i < c.args.count(); ++i) {
      if (c.args.at(i)->name == "flags") {
        return clone_flags(c.args.at(i));
      }
    }
  }
  return 0;
}

/// The descriptor that CLONE_PIDFD made: "=> {pidfd=[5]}" of clone3(), "parent_tid=[5]" of clone().
std::optional<Fd> pidfd_of(Conversion& c) {
  const Node* holder = nullptr;
  for (std::size_t i = 0; i < c.args.count(); ++i) {
    const Node& arg = *c.args.at(i);
    if (!arg.after.empty()) {
      holder = arg.after[0].member("pidfd");
    } else if (arg.name == "parent_tid" || arg.name == "pidfd") {
      holder = &arg;
    }
  }
  if (holder == nullptr || holder->kind != Node::Kind::kList || holder->items.size() != 1) {
    return std::nullopt;
  }
  return c.args.fd(&holder->items[0], "pidfd");
}

/// The call that the trace has for a clone() with these flags. Processes that share their handlers
/// (CLONE_SIGHAND without CLONE_THREAD) have copies of them.
Call fork_call(u64 flags, TaskId child) {
  if ((flags & kCloneThread) == 0) {
    flags &= ~u64{kCloneSighand};
  }
  if ((flags & kCloneNewpid) != 0) {
    return CloneCall{CloneFlags{flags & ~kClonePidfd}, child};
  }
  if ((flags & (kCloneFiles | kCloneThread | kCloneSighand)) != 0) {
    return CloneCall{CloneFlags{flags & ~(kClonePidfd | kNamespaces)}, child};
  }
  if ((flags & kCloneVfork) != 0) {
    return VforkCall{child};
  }
  return ForkCall{child};
}

/// Whoever makes a user namespace has all capabilities in it.
void enter_user_namespace(TaskState& task, u64 flags) {
  if ((flags & kCloneNewuser) != 0) {
    task.creds.caps_effective = kAllCaps.bits;
    task.creds.caps_permitted = kAllCaps.bits;
  }
}

/// The child is there from the parent's entry line on: its own lines may come before the result.
Plan convert_fork(Conversion& c) {
  const u64 flags = flags_of(c);
  if (c.result.kind == CallResult::Kind::kFailed || c.args.problem()) {
    return Plan::other();
  }
  if (!c.result.ok()) {
    return Plan::other();  // ERESTARTNOINTR, or killed on the way
  }
  if (c.result.value <= 0) {
    c.args.fail(fmt::format("{} returned {}; expected the child's pid", c.name(), c.result.value));
    return {};
  }
  if (flags > kMostFlags) {
    c.args.fail(fmt::format("{} has the flags {:#x}, which are none", c.name(), flags));
    return {};
  }
  TaskState& child = c.state.tasks.fork(c.task, c.result.value,
                                        {.thread = (flags & kCloneThread) != 0,
                                         .files = (flags & kCloneFiles) != 0,
                                         .fs = (flags & kCloneFs) != 0,
                                         .new_pids = (flags & kCloneNewpid) != 0});
  Plan plan = Plan::of(Plan::Fate::kKept);
  const TaskId number = Conversion::number_of(child);
  plan.calls.push_back({fork_call(flags, number), SysResult::success(number.v)});
  if ((flags & kClonePidfd) != 0) {
    if (const auto pidfd = pidfd_of(c)) {
      c.expect_fd(pidfd->v, FdKind::kOther);
      plan.other_fds.push_back({*pidfd, true, "pidfd"});
    }
  }
  if ((flags & kCloneNewpid) != 0) {
    enter_user_namespace(child, flags);
  } else if (const u64 made = flags & kNamespaces; made != 0) {
    // In the trace the child makes its namespaces itself, before anything else.
    plan.after_entry = [&state = c.state, &child, number, made, origin = c.origin] {
      state.act(child, CallEvent{number, UnshareCall{CloneFlags{made}}, SysResult::success(0)},
                origin);
      enter_user_namespace(child, made);
    };
  }
  plan.at_exit = [&tasks = c.state.tasks, &child, table = c.task.files, fds = plan.other_fds] {
    tasks.fork_returned(child);
    for (const PlannedFd& fd : fds) {
      table->install(fd.fd.v, FdKind::kOther, fd.cloexec);
      table->set_pidfd(fd.fd.v, child.index);
    }
  };
  return plan;
}

Plan convert_execve(Conversion& c) {
  const bool killed = !c.record.detached && (!c.record.finished || c.never_returns);
  if (!c.result.ok() && !killed) {
    return Plan::other();
  }
  const Node* path = c.args.at(c.name() == "execveat" ? 1 : 0);
  const bool shown = path != nullptr && path->kind == Node::Kind::kString;
  Plan plan = Plan::of(Plan::Fate::kKept);
  plan.calls.push_back({ExecveCall{shown ? printable(path->bytes, 200) : std::string{}}, {}});
  if (killed) {
    return plan;  // it may have let a vfork() go on before
  }
  plan.calls.front().result = SysResult::success(0);
  // A program that is not root's has no capabilities, one of root's all that there are.
  TaskCreds& creds = c.task.creds;
  creds.saved = creds.effective;
  const u64 caps = creds.effective == 0 ? creds.caps_permitted : 0;
  if (caps != creds.caps_permitted || caps != creds.caps_effective) {
    plan.calls.push_back(
        {CapsetCall{.effective = Caps{caps}, .permitted = Caps{caps}}, SysResult::success(0)});
    creds.caps_effective = caps;
    creds.caps_permitted = caps;
  }
  plan.at_exit = [&tasks = c.state.tasks, &task = c.task] { tasks.exec(task); };
  return plan;
}

template <class ExitKind>
Plan convert_exit(Conversion& c) {
  const i64 status = c.args.number(c.args.at(0), "status");
  Plan plan = Plan::of(Plan::Fate::kKept);
  plan.calls.push_back({ExitKind{static_cast<i32>(status)}, {}});
  return plan;
}

/// setrlimit() and prlimit64() of the process itself.
Plan convert_setrlimit(Conversion& c) {
  const bool prlimit = c.name() == "prlimit64";
  const std::size_t at = prlimit ? 1 : 0;
  const Node* resource = c.args.at(at);
  const Node* limit = c.args.at(at + 1);
  if (resource == nullptr || limit == nullptr || is_null(*limit) || !c.result.ok()) {
    return Plan::other();
  }
  const auto number = flags_value(*resource, rlimit_names());
  if (!number || !name_of(rlimit_names(), *number)) {
    return Plan::other();
  }
  const Node* cur = limit->member("rlim_cur");
  const auto value = cur == nullptr ? std::nullopt : limit_value(*cur);
  if (!value) {
    c.args.expected(limit, "rlim", "{rlim_cur=..., rlim_max=...}");
    return {};
  }
  const i64 pid = prlimit ? c.args.number(c.args.at(0), "pid") : 0;
  if (pid != 0 && pid != c.task.pid) {
    c.args.unsupported("prlimit64 of another process");
    return {};
  }
  return c.keep_bookkeeping(SetrlimitCall{Resource{static_cast<u32>(*number)}, *value});
}

/// unshare(): what it does to descriptors, queues, ids and children. setns() cannot be said in a
/// trace yet.
Plan convert_unshare(Conversion& c) {
  const Node* flags = c.args.at(c.name() == "setns" ? 1 : 0);
  if (flags == nullptr || !c.result.ok()) {
    return Plan::other();
  }
  const u64 what = clone_flags(flags);
  const bool files = (what & kCloneFiles) != 0;
  const u64 spaces = what & (kNamespaces | kCloneNewpid);
  if (c.name() == "unshare" && (what & kCloneNewpid) != 0) {
    c.state.tasks.unshare_pids(c.task);
  }
  if (c.name() == "unshare" && (files || spaces != 0)) {
    if (files && c.files().users > 1) {
      c.state.tasks.unshare_files(c.task);
    }
    enter_user_namespace(c.task, what);
    return c.keep_bookkeeping(UnshareCall{CloneFlags{(files ? kCloneFiles : 0) | spaces}});
  }
  if (spaces != 0) {
    c.args.unsupported(
        fmt::format("{} goes to another namespace of queues, users or tasks", c.name()));
  }
  return Plan::other();
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"clone", convert_fork},
    {"clone3", convert_fork},
    {"execve", convert_execve},
    {"execveat", convert_execve},
    {"exit", convert_exit<ExitCall>},
    {"exit_group", convert_exit<ExitGroupCall>},
    {"fork", convert_fork},
    {"prlimit64", convert_setrlimit},
    {"setns", convert_unshare},
    {"setrlimit", convert_setrlimit},
    {"unshare", convert_unshare},
    {"vfork", convert_fork},
});

}  // namespace

std::span<const NamedConverter> task_converters() { return kConverters; }

}  // namespace ipcsim::strace
