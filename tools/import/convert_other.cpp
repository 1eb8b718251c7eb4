// Calls about other files: what they do to descriptors is kept. And calls on pipes, FIFOs and
// queues that the trace format does not have.
#include <array>

#include <fmt/format.h>
#include <range/v3/algorithm/any_of.hpp>
#include <range/v3/algorithm/contains.hpp>

#include "tools/import/conversion.hpp"
#include "tools/import/symbols.hpp"

namespace ipcsim::strace {
namespace {

/// Calls whose descriptor is close-on-exec whatever their flags say.
constexpr std::array kAlwaysCloexec = std::to_array<std::string_view>(
    {"pidfd_open", "pidfd_getfd", "io_uring_setup", "landlock_create_ruleset"});

bool names_cloexec(const Node& node) {
  // SOCK_CLOEXEC and its namesakes are O_CLOEXEC; -X raw prints them as numbers.
  constexpr u64 kMostFlags = 0x100000;
  const u64 bits = node.annotation ? 0 : bits_of_numbers(node);
  if ((bits & kOCloexec) != 0 && bits < kMostFlags) {
    return true;
  }
  if (node.kind == Node::Kind::kExpression) {
    return node.text.contains("_CLOEXEC") && !node.text.contains('"');
  }
  return node.kind == Node::Kind::kStruct &&
         ranges::any_of(node.items, [](const Node& item) { return names_cloexec(item); });
}

}  // namespace

bool makes_cloexec(Conversion& c) {
  for (std::size_t i = 0; i < c.args.count(); ++i) {
    if (names_cloexec(*c.args.at(i))) {
      return true;
    }
  }
  return ranges::contains(kAlwaysCloexec, c.name());
}

void add_other_fd(Conversion& c, Plan& plan, i64 fd, std::optional<std::string_view> annotation,
                  bool cloexec) {
  const bool pipe = annotation && annotation->starts_with("pipe:[");
  const bool known = pipe && c.state.pipe_names.contains(*annotation);
  const FdKind kind = known ? FdKind::kForeignPipe : pipe ? FdKind::kInheritedPipe : FdKind::kOther;
  c.expect_fd(fd, kind);
  if (c.args.problem()) {
    return;
  }
  plan.fate = Plan::Fate::kKept;
  plan.other_fds.push_back({Fd{static_cast<i32>(fd)}, cloexec, std::string(c.name())});
  if (known) {
    plan.remark =
        fmt::format("brings a pipe of this log as descriptor {}; calls on it are left out", fd);
  }
  plan.at_exit = [before = std::move(plan.at_exit), table = c.task.files, fd = static_cast<i32>(fd),
                  kind, cloexec] {
    if (before) {
      before();
    }
    table->install(fd, kind, cloexec);
  };
}

Plan plan_result_fd(Conversion& c) {
  return c.result.ok() && c.result.value >= 0 ? plan_new_fd(c, c.result.value) : Plan::other();
}

Plan plan_new_fd(Conversion& c, i64 fd) {
  Plan plan = Plan::other();
  add_other_fd(c, plan, fd, c.result.annotation, makes_cloexec(c));
  return plan;
}

namespace {

Plan convert_maker(Conversion& c) { return plan_result_fd(c); }

/// accept() takes its number when it begins. One that never returned holds it, which others that
/// share the descriptors see.
Plan convert_accept(Conversion& c) {
  if (c.result.kind == CallResult::Kind::kNone && c.files().users > 1) {
    const Fd fd = lowest_free(c.files()).first;
    c.state.act(c.task, OtherFdEvent{Conversion::number_of(c.task), fd, false, "accept"}, c.origin);
    c.files().install(fd.v, FdKind::kOther, false);
    return Plan::of(Plan::Fate::kKept);
  }
  return convert_maker(c);
}

Plan convert_socket(Conversion& c) {
  auto plan = convert_netlink_socket(c);
  return plan ? *std::move(plan) : convert_maker(c);
}

/// signalfd() of an old descriptor changes that one.
Plan convert_signalfd(Conversion& c) {
  const i64 old = c.args.number(c.args.at(0), "fd");
  return old == -1 ? convert_maker(c) : Plan::other();
}

/// bpf() and seccomp() return a descriptor for some of their commands; -y tells, or the command.
Plan convert_sometimes_maker(Conversion& c) {
  constexpr std::array kMakers = std::to_array<std::string_view>(
      {"BPF_BTF_LOAD", "BPF_ENABLE_STATS", "BPF_ITER_CREATE", "BPF_LINK_CREATE", "BPF_MAP_CREATE",
       "BPF_OBJ_GET", "BPF_PROG_LOAD", "BPF_RAW_TRACEPOINT_OPEN"});
  const Node* command = c.args.at(0);
  const bool makes = command != nullptr && (ranges::contains(kMakers, command->text) ||
                                            command->text.ends_with("_GET_FD_BY_ID"));
  return c.result.annotation || makes ? convert_maker(c) : Plan::other();
}

/// The kind of the first descriptor among the arguments, lists and structures included, that is on
/// something that the model has, or on a pipe from before the log.
FdKind any_kind(Conversion& c, const Node& node) {
  FdKind kind = FdKind::kOther;
  if (node.kind == Node::Kind::kNumber && !node.negative && node.number <= 0x7fffffff) {
    const FdSlot* slot = c.files().find(static_cast<i32>(node.number));
    const bool fits = slot != nullptr && (!node.annotation || is_ours(slot->kind) ||
                                          slot->kind == FdKind::kInheritedPipe);
    kind = fits ? slot->kind : FdKind::kOther;
  }
  for (const Node& item : node.items) {
    const FdKind inner = any_kind(c, item);
    kind = is_ours(inner) ? inner : kind;
  }
  return kind;
}

/// What becomes of a call that has something of ours among its descriptors.
Plan refuse_on(Conversion& c, FdKind kind) {
  if (!is_ours(kind)) {
    const bool inherited = kind == FdKind::kInheritedPipe || kind == FdKind::kForeignPipe;
    return inherited ? Plan::of(Plan::Fate::kInheritedPipe) : Plan::other();
  }
  if (c.result.ok() || c.never_returns) {
    c.args.unsupported(fmt::format("{} on a pipe, FIFO or queue", c.name()));
  }
  return Plan::no_effect();
}

/// A call with effects that the model does not have, on the descriptors at the given places.
template <std::size_t... kPlaces>
Plan convert_refused(Conversion& c) {
  FdKind kind = FdKind::kOther;
  for (const std::size_t place : {kPlaces...}) {
    if (place < c.args.count()) {
      const FdKind here = any_kind(c, *c.args.at(place));
      kind = is_ours(here) || kind == FdKind::kOther ? here : kind;
    }
  }
  return refuse_on(c, kind);
}

/// A call that leaves a pipe, FIFO or queue as it is.
Plan convert_harmless(Conversion& c) {
  const Node* fd = c.args.count() > 0 ? c.args.at(0) : nullptr;
  const FdKind kind = fd == nullptr ? FdKind::kOther : any_kind(c, *fd);
  auto dropped = c.drop(kind);
  return dropped ? *std::move(dropped) : Plan::no_effect();
}

/// kcmp() only compares: which file a descriptor is, of two tasks.
Plan convert_kcmp(Conversion& c) {
  const Node* type = c.args.at(2);
  const bool files = type != nullptr && type->is("KCMP_FILE");
  return files && c.args.count() > 3 && is_ours(any_kind(c, *c.args.at(3))) ? Plan::no_effect()
                                                                            : Plan::other();
}

/// Where a file of a queue is read from; a pipe has no position.
Plan convert_lseek(Conversion& c) {
  constexpr std::array kWhences =
      std::to_array<NamedNumber>({{"SEEK_SET", 0}, {"SEEK_CUR", 1}, {"SEEK_END", 2}});
  const FdKind kind = c.use(0);
  if (auto dropped = c.drop(kind)) {
    return *std::move(dropped);
  }
  const Node* whence = c.args.at(2);
  const auto from = whence == nullptr ? std::nullopt : flags_value(*whence, kWhences);
  if (kind == FdKind::kEpoll || !from) {
    return Plan::no_effect();
  }
  return c.keep(LseekCall{c.args.fd(c.args.at(0), "fd"), c.args.number(c.args.at(1), "offset"),
                          Whence{static_cast<u32>(*from)}});
}

Plan convert_fchmod(Conversion& c) {
  const FdKind kind = c.use(0);
  if (auto dropped = c.drop(kind)) {
    return *std::move(dropped);
  }
  constexpr std::array kModes =
      std::to_array<NamedNumber>({{"S_ISUID", 04000}, {"S_ISGID", 02000}, {"S_ISVTX", 01000}});
  const Fd fd = c.args.fd(c.args.at(0), "fd");
  return c.keep(FchmodCall{fd, static_cast<u32>(c.args.flags(c.args.at(1), "mode", kModes))});
}

Plan convert_fchown(Conversion& c) {
  constexpr i64 kLeaveAlone = 0xffff'ffff;
  const FdKind kind = c.use(0);
  if (auto dropped = c.drop(kind)) {
    return *std::move(dropped);
  }
  const i64 owner = c.args.number(c.args.at(1), "owner");
  const i64 group = c.args.number(c.args.at(2), "group");
  return c.keep(FchownCall{c.args.fd(c.args.at(0), "fd"), owner == kLeaveAlone ? -1 : owner,
                           group == kLeaveAlone ? -1 : group});
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"accept", convert_accept},
    {"accept4", convert_accept},
    {"bpf", convert_sometimes_maker},
    {"copy_file_range", convert_refused<0, 2>},
    {"eventfd", convert_maker},
    {"eventfd2", convert_maker},
    {"fadvise64", convert_harmless},
    {"fanotify_init", convert_maker},
    {"fchmod", convert_fchmod},
    {"fchown", convert_fchown},
    {"fdatasync", convert_harmless},
    {"fgetxattr", convert_harmless},
    {"flistxattr", convert_harmless},
    {"flock", convert_harmless},
    {"fsmount", convert_maker},
    {"fsopen", convert_maker},
    {"fspick", convert_maker},
    {"fstatfs", convert_harmless},
    {"fsync", convert_harmless},
    {"ftruncate", convert_harmless},
    {"futimesat", convert_harmless},
    {"getdents64", convert_harmless},
    {"getpeername", convert_harmless},
    {"getsockname", convert_harmless},
    {"getsockopt", convert_harmless},
    {"inotify_init", convert_maker},
    {"inotify_init1", convert_maker},
    {"io_uring_setup", convert_maker},
    {"kcmp", convert_kcmp},
    {"landlock_create_ruleset", convert_maker},
    {"lseek", convert_lseek},
    {"memfd_create", convert_maker},
    {"memfd_secret", convert_maker},
    {"open_by_handle_at", convert_maker},
    {"open_tree", convert_maker},
    {"perf_event_open", convert_maker},
    {"seccomp", convert_sometimes_maker},
    {"signalfd", convert_signalfd},
    {"signalfd4", convert_signalfd},
    {"socket", convert_socket},
    {"sync_file_range", convert_harmless},
    {"syncfs", convert_harmless},
    {"timerfd_create", convert_maker},
    {"userfaultfd", convert_maker},
    {"utimensat", convert_harmless},
});

}  // namespace

std::span<const NamedConverter> other_converters() { return kConverters; }

}  // namespace ipcsim::strace
