#include "tools/import/conversion.hpp"

#include <map>

#include <fmt/format.h>

#include "sim/kernel/file.hpp"

namespace ipcsim::strace {

FdKind Conversion::use(const Node* node, Fd fd) {
  if (node == nullptr || args.problem()) {
    return FdKind::kClosed;
  }
  // EBADF may also mean that the file is open the wrong way.
  const bool used =
      result.ok() || (result.kind == CallResult::Kind::kFailed && result.error != "EBADF" &&
                      result.error != "EFAULT" && result.error != "EINVAL");
  const auto kind = state.use_fd(task, *node, fd, used, origin);
  if (!kind) {
    if (kind.error().unsupported) {
      args.unsupported(kind.error().what);
    } else {
      args.fail(kind.error().what);
    }
    return FdKind::kClosed;
  }
  return *kind;
}

FdKind Conversion::use(std::size_t index) {
  const Node* node = args.at(index);
  const Fd fd = args.fd(node, "fd");
  return use(node, fd);
}

std::optional<Plan> Conversion::drop(FdKind kind) const {
  switch (kind) {
    case FdKind::kClosed:
      return Plan::no_effect();
    case FdKind::kOther:
      return Plan::other();
    case FdKind::kInheritedPipe:
    case FdKind::kForeignPipe:
      return Plan::of(Plan::Fate::kInheritedPipe);
    default:
      return std::nullopt;
  }
}

std::optional<SysResult> Conversion::outcome(Output out) {
  switch (result.kind) {
    case CallResult::Kind::kValue:
      if (result.value < 0) {
        args.fail(fmt::format("{} returned {}; expected 0 or more, or -1 and the name of an error",
                              name(), result.value));
      }
      return SysResult::success(result.value, std::move(out));
    case CallResult::Kind::kFailed:
      break;
    default:
      return std::nullopt;
  }
  const auto error = errno_from_name(result.error);
  if (!error) {
    args.unsupported(
        fmt::format("{} fails with {}, which the model does not have", name(), result.error));
  }
  return SysResult::failure(error.value_or(Errno::kEINVAL));
}

Plan Conversion::keep(Call call, Output out) {
  task.made_ours = true;
  Plan plan = Plan::of(Plan::Fate::kKept);
  plan.calls.push_back({std::move(call), outcome(std::move(out))});
  return plan;
}

Plan Conversion::keep_bookkeeping(Call call) {
  Plan plan = Plan::of(Plan::Fate::kKept);
  plan.calls.push_back({std::move(call), outcome()});
  return plan;
}

void Conversion::shows_nonblock(Fd fd, bool on) {
  const FdSlot* slot = files().find(fd.v);
  if (state.survey.ioctls || task.interrupted || slot == nullptr || slot->nonblock == nullptr ||
      *slot->nonblock == on) {
    return;
  }
  *slot->nonblock = on;
  const IoctlCall call{fd, IoctlRequest{kFionbio}, OutPtr::kValid, on ? 1 : 0};
  state.recorder.add(task, CallEvent{number_of(task), call, SysResult::success(0)}, origin);
}

void Conversion::expect_fd(i64 fd, FdKind kind, Fd lowest) {
  if (fd < 0 || static_cast<u64>(fd) >= kNrOpen) {
    args.fail(fmt::format("{} returned {}; expected a descriptor", name(), fd));
    return;
  }
  if (!args.problem()) {
    state.expect_fd(task, Fd{static_cast<i32>(fd)}, kind, lowest, origin);
  }
}

Converter find_converter(std::string_view name) {
  static const std::map<std::string_view, Converter> kConverters = [] {
    std::map<std::string_view, Converter> map;
    for (const auto family :
         {creds_converters(), epoll_converters(), pipe_converters(), fd_converters(),
          poll_converters(), path_converters(), attr_converters(), mount_converters(),
          mqueue_converters(), notify_converters(), passing_converters(), task_converters(),
          signal_converters(), splice_converters(), other_converters(), owner_converters()}) {
      for (const NamedConverter& row : family) {
        map.emplace(row.name, row.convert);
      }
    }
    return map;
  }();
  const auto found = kConverters.find(name);
  return found == kConverters.end() ? nullptr : found->second;
}

}  // namespace ipcsim::strace
