// User and PID namespaces, and what ids are outside of them.
#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sim/kernel/user_namespace.hpp"
#include "tools/host/call_encoder.hpp"

namespace ipcsim::host {
namespace {

/// Lines of a map that the kernel takes, less some.
constexpr u64 kMostLines = 300;

/// A map whose outer ids are the trace's, with the run's instead of them: a line for each id.
/// Nothing: there are too many, or one cannot be had.
std::optional<std::string> with_run_ids(const std::vector<IdExtent>& map, IdMap& ids) {
  std::string text;
  u64 lines = 0;
  for (const IdExtent& extent : map) {
    lines += extent.count;
    for (u32 i = 0; i < extent.count && lines <= kMostLines; ++i) {
      const auto id = ids.to_host(extent.lower_first + i);
      if (!id) {
        return std::nullopt;
      }
      text += fmt::format("{} {} 1\n", extent.first + i, *id);
    }
  }
  return lines <= kMostLines ? std::optional{text} : std::nullopt;
}

bool has_root(const std::vector<IdExtent>& map) {
  return std::ranges::any_of(map, [](const IdExtent& e) { return e.lower_first == 0; });
}

}  // namespace

void Encoder::refuse_user_namespace(bool shared_memory) {
  if (!context_.book.ids.own()) {
    build_.refuse("user namespaces need the privilege to have ids of the run's own");
  } else if (shared_memory) {
    build_.refuse("clone() with CLONE_NEWUSER and CLONE_VM is not supported");
  }
}

void Encoder::refuse_pid_namespace(u64 flags) {
  if ((flags & kCloneNewpid) != 0 && context_.in_machines_pids) {
    build_.refuse("PID namespaces need a run that has one of its own");
  } else if ((flags & kCloneNewpid) != 0 &&
             context_.tasks.spaces().level(pid_space()) + 1 >= kMostPidLevels) {
    build_.refuse("more PID namespaces inside each other than a run can have");
  }
  // A handler knows its namespace by the memory that it shares.
  if (child_slot_ && (flags & kCloneVm) != 0 && (flags & kCloneThread) == 0 &&
      context_.tasks.slot_at(*child_slot_).pid_space != pid_space()) {
    build_.refuse("a child in another PID namespace that shares memory is not supported");
  }
}

void Encoder::put(const UnshareCall& c) {
  constexpr u64 kKnown = kCloneNewipc | kCloneNewuser | kCloneNewpid | kCloneThread | kCloneFs |
                         kCloneFiles | kCloneSysvsem;
  if ((c.flags.v & ~kKnown) != 0) {
    return build_.refuse("unshare() with these flags is not supported");
  }
  if ((c.flags.v & kCloneNewuser) != 0) {
    refuse_user_namespace(false);
  }
  refuse_pid_namespace(c.flags.v);
  build_.special(Op::kUnshare, c.flags.v);
}

void Encoder::put(const IdMapCall& c) {
  const TaskId target = c.pid == kNoTask ? task_ : c.pid;
  const bool map = c.file == "uid_map" || c.file == "gid_map";
  if ((!map && c.file != "setgroups") || !context_.tasks.exists(target)) {
    return build_.refuse(fmt::format("the file {} of task {} is not supported", c.file, target.v));
  }
  std::string text = c.text;
  const auto parsed = map ? parse_id_map(text) : std::nullopt;
  // Only the maps of the outermost namespaces of the trace name ids of the machine.
  if (parsed && context_.tasks.task(target).user_ns_level <= 1) {
    const auto here = with_run_ids(*parsed, context_.book.ids);
    if (!here) {
      return build_.refuse("more ids in a map than a run can have");
    }
    if (has_root(*parsed) && context_.book.ids.to_host(0) != 0U) {
      return build_.refuse("the machine's user 0 in a map: the run's is another one");
    }
    text = *here;
  }
  const Slot& slot = context_.tasks.slot(target);
  const u64 path = build_.window().put_text(
      fmt::format("/proc/{}/task/{}/{}", slot.host_tgid.load(), slot.host_tid.load(), c.file));
  const u64 bytes = build_.window().put(std::as_bytes(std::span(text)));
  build_.special(Op::kWriteFile, path, bytes, text.size());
}

}  // namespace ipcsim::host
