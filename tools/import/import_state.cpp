#include "tools/import/import_state.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sim/kernel/file.hpp"
#include "tools/import/printable.hpp"
#include "tools/import/symbols.hpp"

namespace ipcsim::strace {
namespace {

constexpr std::string_view kPipePrefix = "pipe:[";
constexpr i64 kAtFdcwd = -100;  // AT_FDCWD, as -X raw prints it

TaskId number_of(const TaskState& task) { return TaskId{task.index + 1}; }

}  // namespace

u32 ImportState::act(TaskState& task, EventBody body, Origin origin) {
  if (task.interrupted) {
    recorder.withdraw(task.interrupted->event);
    task.interrupted.reset();
    task.open_event.reset();
  }
  return recorder.add(task, std::move(body), origin);
}

FdKind ImportState::kind_of_pipe(std::string_view annotation) const {
  return pipe_names.contains(annotation) ? FdKind::kForeignPipe : FdKind::kInheritedPipe;
}

void ImportState::leave_out(std::string_view pipe) {
  if (const auto found = pipe_names.find(pipe); found != pipe_names.end()) {
    newly_passed_pipes.insert(found->second);
  }
}

void ImportState::leave_out(const FdSlot& slot) {
  if (slot.kind == FdKind::kPipe && slot.made_at != 0) {
    newly_passed_pipes.insert(slot.made_at);
  }
  if (slot.end != nullptr) {
    inherited.leave_out(*slot.end);
  }
}

void ImportState::give_up(const PassedMessage& message) {
  for (const PassedMessage::Item& item : message.items) {
    leave_out(item.like);
  }
}

void ImportState::give_up_in_flight() {
  for (const PassedMessage& message : passing.in_flight()) {
    give_up(message);
  }
}

void ImportState::add_unseen(TaskState& task, Fd fd, FdKind kind, Origin origin) {
  ++unseen_descriptors;
  act(task, OtherFdEvent{number_of(task), fd, false, "opened unseen"}, origin);
  task.files->install(fd.v, kind, false);
}

/// A descriptor that is in use, though it is closed as far as the log shows.
std::expected<FdKind, Problem> ImportState::use_closed_fd(TaskState& task, const Node& node, Fd fd,
                                                          Origin origin) {
  if (const auto kind = task.files->coming(fd.v)) {
    return *kind;
  }
  const bool pipe = node.annotation && node.annotation->starts_with(kPipePrefix);
  const FdKind kind = pipe ? kind_of_pipe(*node.annotation) : FdKind::kOther;
  if (kind != FdKind::kForeignPipe && task.files->inherit(fd.v, kind)) {
    if (kind == FdKind::kInheritedPipe) {
      inherited.found(*task.files->find(fd.v), *node.annotation);
    }
    return kind;
  }
  add_unseen(task, fd, kind, origin);
  if (!node.annotation && !survey.opens) {
    return kind;  // what opens files was not recorded
  }
  if (!node.annotation) {
    return std::unexpected(Problem{
        true, fmt::format("descriptor {} is in use, but no line before it opened it", fd.v)});
  }
  if (kind == FdKind::kForeignPipe) {
    leave_out(*node.annotation);
    return std::unexpected(Problem{
        true, fmt::format("descriptor {} is {}, a pipe of this log, but no line that can be "
                          "imported made it so; calls on it are left out",
                          fd.v, *node.annotation)});
  }
  return kind;
}

std::expected<FdKind, Problem> ImportState::use_fd(TaskState& task, const Node& node, Fd fd,
                                                   bool used, Origin origin) {
  FdTable& table = *task.files;
  const FdSlot* slot = table.find(fd.v);
  const bool open = slot != nullptr && slot->kind != FdKind::kClosed;
  if (!open) {
    if (used && fd.v >= 0 && static_cast<u64>(fd.v) >= kNrOpen) {
      return std::unexpected(
          Problem{true, fmt::format("no process can have a descriptor {}", fd.v)});
    }
    if (used && fd.v >= 0) {
      return use_closed_fd(task, node, fd, origin);
    }
    return FdKind::kClosed;
  }
  if (!node.annotation) {
    return slot->kind;
  }
  const bool pipe = node.annotation->starts_with(kPipePrefix);
  if (pipe && slot->kind == FdKind::kOther) {
    table.set_kind(fd.v, kind_of_pipe(*node.annotation));
    if (slot->kind == FdKind::kInheritedPipe) {
      inherited.found(*slot, *node.annotation);
    }
  } else if (!pipe && slot->kind == FdKind::kPipe && !table.coming(fd.v)) {
    table.set_kind(fd.v, FdKind::kOther);
    return std::unexpected(Problem{
        true, fmt::format("descriptor {} was a pipe, but is {} now; no line shows how that came",
                          fd.v, printable(*node.annotation, 60))});
  }
  return table.find(fd.v)->kind;
}

void ImportState::expect_fd(TaskState& task, Fd fd, FdKind kind, Fd lowest, Origin origin) {
  FdTable& table = *task.files;
  highest_fd = std::max(highest_fd, fd.v);
  const FdSlot* slot = table.find(fd.v);
  if (slot == nullptr || slot->presumed) {
    table.saw_free(fd.v);
  }
  if (table.users > 1) {
    expected_in_shared.push_back({task.files, lowest, fd});
  } else {
    for (const i32 lower : table.explain_lower(lowest.v, fd.v)) {
      add_unseen(task, Fd{lower}, FdKind::kOther, origin);
    }
  }
  table.expect(fd.v, kind);
}

std::string ImportState::path_of(const TaskState& task, const Node* dirfd,
                                 std::string_view path) const {
  std::string_view base = task.fs->cwd;
  if (dirfd != nullptr && dirfd->annotation) {
    base = *dirfd->annotation;
  } else if (dirfd != nullptr && dirfd->kind == Node::Kind::kNumber &&
             static_cast<i64>(dirfd->number) != kAtFdcwd) {
    const FdSlot* slot = task.files->find(static_cast<i32>(dirfd->number));
    const bool known = slot != nullptr && !slot->path.empty();
    base = known ? std::string_view{slot->path} : std::string_view{"?"};
  }
  return absolute_path(base, path);
}

void ImportState::set_mask(TaskState& task, u64 blocked, Origin origin) {
  blocked &= survey.signals;
  if (blocked == task.blocked) {
    return;
  }
  RtSigprocmaskCall call{MaskHow::kSetmask, {}};
  for (u32 number = 1; number <= kMostSignal; ++number) {
    if ((blocked & signal_bit(Signal{number})) != 0) {
      call.set.push_back(Signal{number});
    }
  }
  task.blocked = blocked;
  act(task, CallEvent{number_of(task), std::move(call), SysResult::success(0)}, origin);
}

void ImportState::advance_to(TaskState& task, i64 elapsed_ns, Origin origin) {
  if (elapsed_ns > elapsed_ns_) {
    recorder.add(task, AdvanceEvent{Nanoseconds{elapsed_ns - elapsed_ns_}}, origin);
    elapsed_ns_ = elapsed_ns;
  }
}

}  // namespace ipcsim::strace
