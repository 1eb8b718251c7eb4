// mount() of message queues, and the calls on names below: there queues are files.
#include <array>

#include "sim/kernel/constants_vfs.hpp"
#include "tools/import/conversion.hpp"
#include "tools/import/path_arguments.hpp"

namespace ipcsim::strace {
namespace {

/// Flags that change nothing about queues are left out.
u32 mount_flags(const Node* node) {
  if (node == nullptr) {
    return 0;
  }
  constexpr u64 kKnown = kMsRdonly | kMsRemount;
  if (node->kind == Node::Kind::kNumber) {
    return static_cast<u32>(node->number & kKnown);
  }
  return (node->text.contains("MS_RDONLY") ? kMsRdonly : 0) |
         (node->text.contains("MS_REMOUNT") ? kMsRemount : 0);
}

/// The trace makes a folder of its own for each mount: what the log mounts on may be anything.
Plan convert_mount(Conversion& c) {
  const Node* type = c.args.at(2);
  const auto target = path_of(c, path_arguments(c, 1, false));
  if (!c.result.ok() || !target || c.args.problem()) {
    return Plan::other();
  }
  const u32 flags = mount_flags(c.args.at(3));
  QueueMounts& mounts = c.state.mounts;
  if (const auto there = mounts.folder(*target); there && (flags & kMsRemount) != 0) {
    return c.keep(MountCall{*there, MountFlags{flags}});
  }
  const bool queues =
      type != nullptr && type->kind == Node::Kind::kString && type->bytes == "mqueue";
  if (!queues) {
    return Plan::other();
  }
  if (flags != 0) {
    c.args.unsupported("mount of message queues with these flags");
    return {};
  }
  const std::string folder = mounts.next_folder();
  Plan plan = c.keep(MkdirCall{folder});
  plan.calls.front().result = SysResult::success(0);
  plan.calls.push_back({MountCall{folder, {}}, SysResult::success(0)});
  plan.at_exit = [&mounts, path = *target] { mounts.mounted(path); };
  return plan;
}

/// The folder stays mounted in the trace, and is not used any more.
Plan convert_umount(Conversion& c) {
  const auto target = path_of(c, path_arguments(c, 0, false));
  if (!target || !c.result.ok() || !c.state.mounts.folder(*target)) {
    return Plan::other();
  }
  Plan plan = Plan::no_effect();
  plan.at_exit = [&mounts = c.state.mounts, path = *target] { mounts.unmounted(path); };
  return plan;
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"mount", convert_mount},
    {"umount", convert_umount},
    {"umount2", convert_umount},
});

}  // namespace

std::span<const NamedConverter> mount_converters() { return kConverters; }

}  // namespace ipcsim::strace
