// Attributes of files: chmod() and chown() of what the trace has, and what a stat() shows.
#include <array>
#include <charconv>
#include <utility>

#include "tools/import/conversion.hpp"
#include "tools/import/path_arguments.hpp"

namespace ipcsim::strace {
namespace {

/// chmod() and chown() of a FIFO or queue decide who may open it.
template <class T>
std::optional<T> fifo_call(Conversion& c, std::size_t path_at, bool at_call) {
  const auto path = path_of(c, path_arguments(c, path_at, at_call));
  const FifoNames& fifos = c.state.fifos;
  if (!path || !c.result.ok() || c.args.problem()) {
    return std::nullopt;
  }
  const auto queue = c.state.mounts.file(*path);
  if (!queue && !fifos.is_fifo(*path)) {
    return std::nullopt;
  }
  T call;
  call.pathname = queue ? *queue : fifos.name(*path);
  return call;
}

Plan convert_chmod(Conversion& c) {
  const bool at_call = c.name() != "chmod";
  auto call = fifo_call<ChmodCall>(c, 0, at_call);
  if (!call) {
    return Plan::other();
  }
  call->mode = static_cast<u32>(c.args.flags(c.args.at(at_call ? 2 : 1), "mode", mode_names()));
  return c.keep(*std::move(call));
}

Plan convert_chown(Conversion& c) {
  constexpr i64 kLeaveAlone = 0xffff'ffff;
  const bool at_call = c.name() == "fchownat";
  auto call = fifo_call<ChownCall>(c, 0, at_call);
  if (!call) {
    return Plan::other();
  }
  const i64 owner = c.args.number(c.args.at(at_call ? 2 : 1), "owner");
  const i64 group = c.args.number(c.args.at(at_call ? 3 : 2), "group");
  call->owner = owner == kLeaveAlone ? -1 : owner;
  call->group = group == kLeaveAlone ? -1 : group;
  return c.keep(*std::move(call));
}

/// True when a stat() shows a FIFO: "st_mode=S_IFIFO|0644", "stx_mode=010644".
bool shows_fifo(std::string_view text) {
  constexpr std::string_view kKey = "_mode=";
  const std::size_t at = text.find(kKey);
  if (at == std::string_view::npos) {
    return false;
  }
  text.remove_prefix(at + kKey.size());
  if (text.starts_with("S_IFIFO")) {
    return true;
  }
  u32 mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  constexpr u32 kType = 0170000;
  return error == std::errc{} && text.starts_with('0') && (mode & kType) == 0010000;
}

/// The file that a stat() looks at, if the log shows its path.
std::optional<std::string> stat_path(Conversion& c) {
  const Node* first = c.args.at(0);
  if (first == nullptr) {
    return std::nullopt;
  }
  if (first->kind == Node::Kind::kString) {
    return path_of(c, {nullptr, first});
  }
  const Node* second = c.args.count() > 1 ? c.args.at(1) : nullptr;
  const bool by_name = second != nullptr && second->kind == Node::Kind::kString;
  if (by_name && !second->bytes.empty()) {
    return path_of(c, {first, second});
  }
  if (first->annotation) {
    return std::string(*first->annotation);
  }
  const FdSlot* slot = c.files().find(static_cast<i32>(first->number));
  return slot == nullptr ? std::nullopt : std::optional{slot->path};
}

/// The descriptor that an fstat() looks at is one from before the log, of a pipe or a FIFO. With -y
/// its name says so wherever it is used.
void see_inherited(Conversion& c) {
  const Node* first = c.args.at(0);
  const Node* second = c.args.count() > 1 ? c.args.at(1) : nullptr;
  const bool named = second != nullptr && second->kind == Node::Kind::kString;
  if (first == nullptr || first->kind != Node::Kind::kNumber || first->annotation ||
      (named && !second->bytes.empty())) {
    return;
  }
  const i32 fd = static_cast<i32>(first->number);
  const FdSlot* slot = c.files().find(fd);
  if (slot != nullptr && slot->kind == FdKind::kOther && slot->inherited) {
    c.files().set_kind(fd, FdKind::kInheritedPipe);
    c.state.inherited.found(*slot, "");
  }
}

/// stat() and its relatives have no effect, but may show a FIFO that nothing in the log made.
Plan convert_stat(Conversion& c) {
  if (!c.result.ok() || !shows_fifo(c.record.text())) {
    return Plan::other();
  }
  see_inherited(c);
  const auto path = stat_path(c);
  const bool name_known = path && !path->empty() && !path->starts_with('?') &&
                          !path->starts_with("pipe:[") && !fd_path(*path);
  if (name_known && !c.state.fifos.ever_fifo(*path)) {
    c.state.discovered_fifos.try_emplace(*path, c.record.line);
  }
  return Plan::other();
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"chmod", convert_chmod},
    {"chown", convert_chown},
    {"fchmodat", convert_chmod},
    {"fchownat", convert_chown},
    {"fstat", convert_stat},
    {"lchown", convert_chown},
    {"lstat", convert_stat},
    {"newfstatat", convert_stat},
    {"stat", convert_stat},
    {"statx", convert_stat},
});

}  // namespace

std::span<const NamedConverter> attr_converters() { return kConverters; }

}  // namespace ipcsim::strace
