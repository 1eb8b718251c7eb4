// Calls on names: open() of anything, mkfifo(), unlink(), and what tells which name is a FIFO.
#include <array>
#include <utility>

#include <fmt/format.h>

#include "sim/kernel/ipc_namespace.hpp"
#include "tools/import/conversion.hpp"
#include "tools/import/path_arguments.hpp"
#include "tools/import/printable.hpp"
#include "tools/import/symbols.hpp"

namespace ipcsim::strace {
namespace {

constexpr std::size_t kMostWhatBytes = 80;

/// Flags of an open() of any file: names that the model does not have do not matter.
struct OpenArguments {
  PathArguments where;
  const Node* flags_node = nullptr;
  OpenFlags flags;
  const Node* mode_node = nullptr;
};

OpenFlags lenient_flags(const Node* node) {
  if (node == nullptr) {
    return {};
  }
  const u64 cloexec = node->text.contains("O_CLOEXEC") ? kOCloexec : 0;
  return OpenFlags{static_cast<u32>(open_flags_value(*node).value_or(cloexec))};
}

OpenArguments open_arguments(Conversion& c) {
  OpenArguments open;
  const bool at_call = c.name() == "openat" || c.name() == "openat2";
  open.where = path_arguments(c, 0, at_call);
  const std::size_t flags_at = at_call ? 2 : 1;
  open.flags_node = c.args.at(flags_at);
  open.mode_node = c.args.count() > flags_at + 1 ? c.args.at(flags_at + 1) : nullptr;
  if (c.name() == "creat") {
    open.mode_node = std::exchange(open.flags_node, nullptr);
    open.flags = OpenFlags{kOCreat | kOWronly | kOTrunc};
    return open;
  }
  if (c.name() == "openat2" && open.flags_node != nullptr) {
    open.mode_node = open.flags_node->member("mode");
    open.flags_node = open.flags_node->member("flags");
  }
  open.flags = lenient_flags(open.flags_node);
  return open;
}

/// An open() that the model does not have: its descriptor becomes some other file.
Plan open_other(Conversion& c, const OpenArguments& open) {
  if (!c.result.ok()) {
    return Plan::other();
  }
  const bool pipe = c.result.annotation && c.result.annotation->starts_with("pipe:[");
  const FdKind kind = !pipe                                               ? FdKind::kOther
                      : c.state.pipe_names.contains(*c.result.annotation) ? FdKind::kForeignPipe
                                                                          : FdKind::kInheritedPipe;
  c.expect_fd(c.result.value, kind);
  if (c.args.problem()) {
    return {};
  }
  Plan plan = Plan::of(Plan::Fate::kKept);
  const std::string path = path_of(c, open.where).value_or(std::string{});
  const Fd fd{static_cast<i32>(c.result.value)};
  const bool cloexec = (open.flags.v & kOCloexec) != 0;
  const std::string shown = open.where.path == nullptr
                                ? std::string{}
                                : printable(open.where.path->bytes, kMostWhatBytes);
  plan.other_fds.push_back({fd, cloexec, shown});
  plan.at_exit = [table = c.task.files, fd, kind, cloexec, path] {
    table->install(fd.v, kind, cloexec, path);
  };
  if (kind == FdKind::kForeignPipe) {
    plan.remark = "opens a pipe of this log in a way that cannot be imported";
  }
  return plan;
}

/// open() of a device that the model has, in a log where bytes may be spliced from or to it. For
/// all else it is some other file.
std::optional<Plan> open_device(Conversion& c, const OpenArguments& open, std::string_view path) {
  if (!c.state.survey.splices || !is_known_device(path) || !c.result.ok() ||
      open.flags_node == nullptr) {
    return std::nullopt;
  }
  constexpr u32 kUsual = kOAccmode | kOCloexec | kONonblock | kOCreat | kOTrunc | kOLargefile;
  if ((open.flags.v & ~kUsual) != 0) {
    return std::nullopt;
  }
  Plan plan = open_other(c, open);
  plan.other_fds.clear();
  plan.calls = c.keep_bookkeeping(OpenCall{std::string(path), open.flags, 0}).calls;
  return plan;
}

/// The plan that keeps an open() of a FIFO or pipe under the name that the trace has for it.
Plan open_ours(Conversion& c, const OpenArguments& open, std::string name, FdKind kind) {
  if (c.result.ok()) {
    c.expect_fd(c.result.value, kind);
  }
  OpenCall call{std::move(name), open.flags, 0};
  if (open.flags_node != nullptr) {
    call.flags = c.args.open_flags(open.flags_node, "flags");
  }
  if ((call.flags.v & kOCreat) != 0) {
    call.mode = static_cast<u32>(c.args.flags(open.mode_node, "mode", mode_names()));
  }
  Plan plan = c.keep(std::move(call));
  if (c.result.ok() && !c.args.problem()) {
    plan.at_exit = [table = c.task.files, fd = static_cast<i32>(c.result.value), kind,
                    cloexec = (open.flags.v & kOCloexec) != 0,
                    nonblock = (open.flags.v & kONonblock) != 0] {
      table->install(fd, kind, cloexec);
      if (kind == FdKind::kPipe || kind == FdKind::kFifo) {
        table->set_nonblock(fd, std::make_shared<bool>(nonblock));
      }
    };
  }
  return plan;
}

/// open() of /dev/fd/3 and the like: a new file on the pipe that is there.
std::optional<Plan> open_fd_path(Conversion& c, const OpenArguments& open, const FdPath& target) {
  const FdSlot* slot = c.files().find(target.fd);
  const bool own = !target.pid || *target.pid == c.task.pid ||
                   *target.pid == c.state.tasks.at(c.state.tasks.process_of(c.task).leader).pid;
  if (!own || slot == nullptr || (slot->kind != FdKind::kPipe && slot->kind != FdKind::kFifo)) {
    return std::nullopt;
  }
  if (slot->end != nullptr) {
    c.state.inherited.leave_out(*slot->end);  // which of its ends this is would be one more unknown
  }
  return open_ours(c, open, fmt::format("/proc/self/fd/{}", target.fd), FdKind::kPipe);
}

}  // namespace

bool is_known_device(std::string_view path) {
  return path == "/dev/null" || path == "/dev/zero" || path == "/dev/full";
}

namespace {

Plan convert_open(Conversion& c) {
  const OpenArguments open = open_arguments(c);
  const auto path = path_of(c, open.where);
  if (!path || c.args.problem()) {
    return c.args.problem() ? Plan{} : open_other(c, open);
  }
  if (const auto target = fd_path(open.where.path->bytes)) {
    if (auto plan = open_fd_path(c, open, *target)) {
      return *std::move(plan);
    }
    return open_other(c, open);
  }
  if (mq_limit_of_path(*path)) {
    return open_ours(c, open, *path, FdKind::kLimit);
  }
  if (const auto queue = c.state.mounts.file(*path)) {
    return open_ours(c, open, *queue, FdKind::kQueue);
  }
  if (auto plan = open_device(c, open, *path)) {
    return *std::move(plan);
  }
  FifoNames& fifos = c.state.fifos;
  const bool gone = fifos.ever_fifo(*path) && !fifos.has_other_name(*path) &&
                    c.result.failed_with("ENOENT") && (open.flags.v & kOCreat) == 0;
  if (fifos.is_fifo(*path) || gone) {
    return open_ours(c, open, fifos.name(*path), FdKind::kFifo);
  }
  // A link led to it: -y shows where.
  const std::string reached(c.result.annotation.value_or(""));
  if (!reached.empty() && fifos.is_fifo(reached)) {
    return open_ours(c, open, fifos.name(reached), FdKind::kFifo);
  }
  if (fifos.may_be_fifo(*path)) {
    Plan plan = open_other(c, open);
    plan.remark = fmt::format(
        "'{}' may be a FIFO: the log does not show in which directory it is; "
        "taken for another file",
        printable(*path, kMostWhatBytes));
    return plan;
  }
  return open_other(c, open);
}

/// True for "S_IFIFO|0644", and for 010644 of -X raw.
bool is_fifo_mode(const Node& mode) {
  constexpr u64 kType = 0170000;
  constexpr u64 kFifo = 0010000;
  return mode.text.contains("S_IFIFO") ||
         (mode.kind == Node::Kind::kNumber && (mode.number & kType) == kFifo);
}

/// The errors of mkfifo() that depend on other files than FIFOs are left out.
Plan convert_mknod(Conversion& c) {
  const bool at_call = c.name() == "mknodat";
  const PathArguments where = path_arguments(c, 0, at_call);
  const Node* mode = c.args.at(at_call ? 2 : 1);
  const auto path = path_of(c, where);
  if (mode == nullptr || !is_fifo_mode(*mode) || !path || c.args.problem()) {
    return Plan::other();
  }
  const u32 bits = static_cast<u32>(c.args.flags(mode, "mode", mode_names())) & 07777U;
  FifoNames& fifos = c.state.fifos;
  if (c.result.failed_with("EEXIST") && fifos.is_fifo(*path)) {
    return c.keep(MkfifoCall{fifos.name(*path), bits});
  }
  if (!c.result.ok()) {
    return Plan::no_effect();
  }
  Plan plan = c.keep(MkfifoCall{fifos.new_name(*path), bits});
  plan.at_exit = [&fifos, path = *path] { fifos.made(path); };
  return plan;
}

Plan convert_unlink(Conversion& c) {
  const auto path = path_of(c, path_arguments(c, 0, c.name() == "unlinkat"));
  FifoNames& fifos = c.state.fifos;
  if (const auto queue = path ? c.state.mounts.file(*path) : std::nullopt) {
    return c.keep(UnlinkCall{*queue});
  }
  if (!path || !fifos.ever_fifo(*path)) {
    return Plan::other();
  }
  if (!c.result.ok()) {
    const bool gone =
        c.result.failed_with("ENOENT") && !fifos.is_fifo(*path) && !fifos.has_other_name(*path);
    return gone ? c.keep(UnlinkCall{fifos.name(*path)}) : Plan::no_effect();
  }
  if (!fifos.is_fifo(*path)) {
    return Plan::other();
  }
  if (fifos.has_other_name(*path)) {
    fifos.unlinked(*path);
    return Plan::no_effect();
  }
  Plan plan = c.keep(UnlinkCall{fifos.name(*path)});
  plan.at_exit = [&fifos, path = *path] { fifos.unlinked(path); };
  return plan;
}

/// rename() and link() change what the names of FIFOs mean; the trace keeps one name for each.
Plan convert_second_name(Conversion& c) {
  const bool at_call = c.name().contains("at");
  const auto from = path_of(c, path_arguments(c, 0, at_call));
  const auto to = path_of(c, path_arguments(c, at_call ? 2 : 1, at_call));
  if (!from || !to || !c.result.ok() || c.args.problem()) {
    return Plan::other();
  }
  FifoNames& fifos = c.state.fifos;
  if (!fifos.is_fifo(*from) && !fifos.is_fifo(*to)) {
    return Plan::other();
  }
  if (c.name().starts_with("rename")) {
    fifos.renamed(*from, *to);
  } else {
    fifos.linked(*from, *to);
  }
  return Plan::no_effect();
}

/// A symbolic link to a FIFO is one more name of it.
Plan convert_symlink(Conversion& c) {
  const bool at_call = c.name() == "symlinkat";
  const Node* target = c.args.at(0);
  const auto to = path_of(c, path_arguments(c, 1, at_call));
  const bool shown = target != nullptr && target->kind == Node::Kind::kString && !target->cut;
  if (!shown || !to || !c.result.ok() || c.args.problem()) {
    return Plan::other();
  }
  const std::string folder =
      to->substr(0, to->rfind('/') == std::string::npos ? 0 : to->rfind('/'));
  c.state.fifos.linked(absolute_path(folder, target->bytes), *to);
  return Plan::other();
}

Plan convert_chdir(Conversion& c) {
  const Node* where = c.args.at(0);
  if (!c.result.ok() || where == nullptr) {
    return Plan::other();
  }
  std::string& cwd = c.task.fs->cwd;
  if (where->kind == Node::Kind::kString && !where->cut) {
    cwd = c.state.path_of(c.task, nullptr, where->bytes);
  } else if (where->annotation) {
    cwd = std::string(*where->annotation);
  } else if (where->kind == Node::Kind::kNumber) {
    cwd = c.state.path_of(c.task, where, ".");
  }
  return Plan::other();
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"chdir", convert_chdir},
    {"creat", convert_open},
    {"fchdir", convert_chdir},
    {"link", convert_second_name},
    {"linkat", convert_second_name},
    {"mknod", convert_mknod},
    {"mknodat", convert_mknod},
    {"open", convert_open},
    {"openat", convert_open},
    {"openat2", convert_open},
    {"rename", convert_second_name},
    {"renameat", convert_second_name},
    {"renameat2", convert_second_name},
    {"symlink", convert_symlink},
    {"symlinkat", convert_symlink},
    {"unlink", convert_unlink},
    {"unlinkat", convert_unlink},
});

}  // namespace

std::span<const NamedConverter> path_converters() { return kConverters; }

}  // namespace ipcsim::strace
