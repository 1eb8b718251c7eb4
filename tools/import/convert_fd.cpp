// Calls on descriptors of any file: close(), the dup family, fcntl(), ioctl(), close_range().
#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>
#include <range/v3/algorithm/any_of.hpp>

#include "sim/kernel/constants_vfs.hpp"
#include "tools/import/conversion.hpp"
#include "tools/import/printable.hpp"
#include "tools/import/symbols.hpp"

namespace ipcsim::strace {
namespace {

/// True when `fd` is open on something that the model has.
bool is_ours(const Conversion& c, Fd fd) {
  const FdSlot* slot = c.files().find(fd.v);
  return slot != nullptr && is_ours(slot->kind);
}

/// Keeps a call that only changes the descriptor table: it is needed whatever the descriptor is,
/// but does not make its task matter.
Plan keep_on(Conversion& c, FdKind kind, Call call) {
  return matters(kind) ? c.keep(std::move(call)) : c.keep_bookkeeping(std::move(call));
}

Plan convert_close(Conversion& c) {
  const FdKind kind = c.use(0);
  const Fd fd = c.args.fd(c.args.at(0), "fd");
  if (c.args.problem()) {
    return {};
  }
  if (c.result.failed_with("EBADF")) {
    if (kind == FdKind::kClosed && fd.v >= 0) {
      c.files().saw_free(fd.v);
    }
    return Plan::no_effect();
  }
  if (kind == FdKind::kClosed) {
    return Plan::no_effect();
  }
  Plan plan = keep_on(c, kind, CloseCall{fd});
  const FdSlot* slot = c.files().find(fd.v);
  const u32 generation = slot == nullptr ? 0 : slot->generation;
  plan.at_exit = [table = c.task.files, fd, generation] { table->close_if(fd.v, generation); };
  return plan;
}

/// The plan of a call that makes `newfd` a copy of `oldfd`; `lowest` bounds what the kernel chose.
Plan plan_dup(Conversion& c, Call call, Fd oldfd, std::optional<Fd> lowest, bool cloexec) {
  const FdKind kind = c.use(c.args.at(0), oldfd);
  if (c.args.problem()) {
    return {};
  }
  if (!c.result.ok()) {
    const bool keep = is_ours(kind) && c.result.kind == CallResult::Kind::kFailed;
    return keep ? c.keep(std::move(call)) : Plan::no_effect();
  }
  if (lowest) {
    c.expect_fd(c.result.value, kind, *lowest);
  } else if (c.result.value < 0 || c.result.value > std::numeric_limits<i32>::max()) {
    c.args.fail(fmt::format("{} returned {}; expected a descriptor", c.name(), c.result.value));
  }
  if (c.args.problem()) {
    return {};
  }
  const i32 newfd = static_cast<i32>(c.result.value);
  c.state.highest_fd = std::max(c.state.highest_fd, newfd);
  Plan plan =
      keep_on(c, is_ours(c, Fd{newfd}) ? c.files().find(newfd)->kind : kind, std::move(call));
  const FdSlot* old = c.files().find(oldfd.v);
  if (newfd != oldfd.v) {
    FdSlot like = old == nullptr ? FdSlot{} : *old;
    like.kind = kind;
    plan.at_exit = [table = c.task.files, newfd, cloexec, like = std::move(like)] {
      table->install_copy(newfd, like, cloexec);
    };
  }
  return plan;
}

Plan convert_dup(Conversion& c) {
  const Fd oldfd = c.args.fd(c.args.at(0), "oldfd");
  return plan_dup(c, DupCall{oldfd}, oldfd, Fd{0}, false);
}

Plan convert_dup2(Conversion& c) {
  const Fd oldfd = c.args.fd(c.args.at(0), "oldfd");
  const Fd newfd = c.args.fd(c.args.at(1), "newfd");
  return plan_dup(c, Dup2Call{oldfd, newfd}, oldfd, {}, false);
}

Plan convert_dup3(Conversion& c) {
  const Fd oldfd = c.args.fd(c.args.at(0), "oldfd");
  const Fd newfd = c.args.fd(c.args.at(1), "newfd");
  const OpenFlags flags = c.args.open_flags(c.args.at(2), "flags");
  return plan_dup(c, Dup3Call{oldfd, newfd, flags}, oldfd, {}, (flags.v & kOCloexec) != 0);
}

/// A command of fcntl() that the model does not have, on something that it has.
Plan other_fcntl(Conversion& c, std::string_view command) {
  constexpr std::array kOnlyAsk =
      std::to_array<std::string_view>({"F_GETOWN", "F_GETOWN_EX", "F_GETSIG", "F_GETLEASE",
                                       "F_GETLK", "F_OFD_GETLK", "F_GET_SEALS"});
  if (command.ends_with("LK") || command.ends_with("LKW")) {
    return Plan::no_effect();  // locks hold up nobody but those who ask for locks
  }
  if (!c.result.ok() || std::find(kOnlyAsk.begin(), kOnlyAsk.end(), command) != kOnlyAsk.end()) {
    return Plan::no_effect();
  }
  c.args.unsupported(fmt::format("fcntl command {}", printable(command, 40)));
  return {};
}

/// The third argument of a command that the model has.
i64 fcntl_argument(Conversion& c, u32 command) {
  switch (command) {
    case kFSetfd:
      return static_cast<i64>(c.args.flags(c.args.at(2), "arg", fd_flag_names()));
    case kFSetfl:
      return c.args.open_flags(c.args.at(2), "arg").v;
    case kFGetfd:
    case kFGetfl:
    case kFGetpipeSz:
    case kFGetsig:
      return 0;
    case kFSetsig:
      return c.args.signal(c.args.at(2), "arg").v;
    default:
      return c.args.count() < 3 ? 0 : c.args.number(c.args.at(2), "arg");
  }
}

Plan convert_fcntl(Conversion& c) {
  const Node* command_node = c.args.at(1);
  const Node* fd_node = c.args.at(0);
  const Fd fd = c.args.fd(fd_node, "fd");
  if (command_node == nullptr || c.args.problem()) {
    return {};
  }
  const auto command = flags_value(*command_node, fcntl_names());
  if (!command || !name_of(fcntl_names(), *command)) {
    const FdKind kind = c.use(fd_node, fd);
    auto dropped = c.drop(kind);
    return dropped ? *std::move(dropped) : other_fcntl(c, command_node->text);
  }
  const u32 cmd = static_cast<u32>(*command);
  if (cmd == kFSetown || cmd == kFGetown || cmd == kFSetownEx || cmd == kFGetownEx) {
    return convert_owner(c, FcntlCmd{cmd});
  }
  if (cmd != kFDupfd && cmd != kFDupfdCloexec && cmd != kFSetfd && cmd != kFSetpipeSz &&
      cmd != kFGetpipeSz) {
    // Of other files arguments are no matter, and may be anything.
    if (auto dropped = c.drop(c.use(fd_node, fd))) {
      return *std::move(dropped);
    }
  }
  const FcntlCall call{fd, FcntlCmd{cmd}, fcntl_argument(c, cmd)};
  if (cmd == kFDupfd || cmd == kFDupfdCloexec) {
    const Fd lowest{static_cast<i32>(std::clamp<i64>(call.arg, 0, 0x7fffffff))};
    return plan_dup(c, call, fd, lowest, cmd == kFDupfdCloexec);
  }
  const FdKind kind = c.use(fd_node, fd);
  c.state.async_files |= cmd == kFSetfl && (call.arg & kOAsync) != 0 && is_ours(kind);
  if (cmd == kFSetfd && kind != FdKind::kClosed && c.result.ok()) {
    Plan plan = keep_on(c, kind, call);
    plan.at_exit = [table = c.task.files, fd, on = (call.arg & kFdCloexec) != 0] {
      table->set_cloexec(fd.v, on);
    };
    return plan;
  }
  if (cmd == kFGetfl && c.result.ok()) {
    c.shows_nonblock(fd, (static_cast<u64>(c.result.value) & kONonblock) != 0);
  }
  const FdSlot* slot = c.files().find(fd.v);
  if (cmd == kFSetfl && c.result.ok() && slot != nullptr && slot->nonblock != nullptr) {
    *slot->nonblock = (static_cast<u64>(call.arg) & kONonblock) != 0;
  }
  const bool sizes = cmd == kFSetpipeSz || cmd == kFGetpipeSz;
  if (sizes && kind == FdKind::kOther && c.result.ok()) {
    c.files().set_kind(fd.v, FdKind::kInheritedPipe);  // only a pipe answers this
    c.state.inherited.found(*c.files().find(fd.v), "");
    return Plan::of(Plan::Fate::kInheritedPipe);
  }
  auto dropped = c.drop(kind);
  return dropped ? *std::move(dropped) : c.keep(call);
}

/// The int behind ioctl()'s third argument: "[5]".
std::optional<i32> int_behind(Conversion& c, const Node* node) {
  if (node == nullptr || node->kind != Node::Kind::kList) {
    return std::nullopt;
  }
  if (node->items.size() != 1) {
    c.args.expected(node, "arg", "one number, as in [5]");
    return std::nullopt;
  }
  return static_cast<i32>(c.args.number(&node->items[0], "arg"));
}

/// FIOCLEX and FIONCLEX, which are needed on any file.
Plan keep_cloexec_ioctl(Conversion& c, FdKind kind, const IoctlCall& call) {
  if (kind == FdKind::kClosed || !c.result.ok()) {
    return Plan::no_effect();
  }
  Plan plan = keep_on(c, kind, call);
  plan.at_exit = [table = c.task.files, call] {
    table->set_cloexec(call.fd.v, call.request.v == kFioclex);
  };
  return plan;
}

Plan convert_ioctl(Conversion& c) {
  const FdKind kind = c.use(0);
  const Node* request_node = c.args.at(1);
  if (request_node == nullptr || c.args.problem()) {
    return {};
  }
  const auto request = request_node->is("TIOCINQ") ? std::optional<u64>{kFionread}
                                                   : flags_value(*request_node, ioctl_names());
  if (!request || !name_of(ioctl_names(), *request)) {
    if (c.result.ok() && (c.result.annotation || request_node->is("TIOCGPTPEER"))) {
      return plan_new_fd(c, c.result.value);
    }
    if (auto dropped = c.drop(kind)) {
      return *std::move(dropped);
    }
    if (c.result.ok()) {
      c.args.unsupported(fmt::format("ioctl {}", printable(request_node->text, 40)));
    }
    return Plan::no_effect();
  }
  IoctlCall call{c.args.fd(c.args.at(0), "fd"), IoctlRequest{static_cast<u32>(*request)}};
  if (call.request.v == kFioclex || call.request.v == kFionclex) {
    return keep_cloexec_ioctl(c, kind, call);
  }
  if (auto dropped = c.drop(kind)) {
    return *std::move(dropped);
  }
  const Node* arg = c.args.at(2);
  call.arg = c.args.out_ptr(arg, "arg", c.faulted());
  const auto value = int_behind(c, arg);
  if (call.request.v == kFionbio || call.request.v == kFioasync) {
    call.value = value.value_or(0);
    c.state.async_files |= call.request.v == kFioasync && call.value != 0;
    return c.keep(call);
  }
  return value && c.result.ok() ? c.keep(call, IntOut{*value}) : c.keep(call);
}

Plan convert_close_range(Conversion& c) {
  CloseRangeCall call{static_cast<u32>(c.args.size(c.args.at(0), "first")),
                      static_cast<u32>(c.args.size(c.args.at(1), "last")),
                      {}};
  call.flags.v = static_cast<u32>(c.args.flags(c.args.at(2), "flags", close_range_names()));
  if (c.args.problem() || !c.result.ok()) {
    return Plan::no_effect();
  }
  if ((call.flags.v & kCloseRangeUnshare) != 0) {
    c.state.tasks.unshare_files(c.task);
  }
  const std::vector<i32> fds = c.files().open_between(call.first, call.last);
  if (c.state.unseen.index()) {
    // Above all descriptors of the log there may be those that the trace needs.
    call.last = std::min(call.last, static_cast<u32>(std::max(c.state.unseen.base(), 1)) - 1);
    if (call.first > call.last) {
      return Plan::no_effect();
    }
  }
  const bool ours = ranges::any_of(fds, [&](i32 fd) { return is_ours(c, Fd{fd}); });
  const bool cloexec = (call.flags.v & kCloseRangeCloexec) != 0;
  Plan plan = ours ? c.keep(call) : c.keep_bookkeeping(call);
  plan.at_exit = [table = c.task.files, fds, cloexec] {
    for (const i32 fd : fds) {
      if (cloexec) {
        table->set_cloexec(fd, true);
      } else {
        table->close(fd);
      }
    }
  };
  return plan;
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"close", convert_close},
    {"close_range", convert_close_range},
    {"dup", convert_dup},
    {"dup2", convert_dup2},
    {"dup3", convert_dup3},
    {"fcntl", convert_fcntl},
    {"fcntl64", convert_fcntl},
    {"ioctl", convert_ioctl},
});

}  // namespace

std::span<const NamedConverter> fd_converters() { return kConverters; }

}  // namespace ipcsim::strace
