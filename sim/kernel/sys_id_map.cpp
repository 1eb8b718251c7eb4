// The files of /proc/PID that say what ids of a user namespace are outside.
// Linux kernel/user_namespace.c, fs/proc/base.c.
#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/user_namespace.hpp"

namespace ipcsim {
namespace {

constexpr std::size_t kPageSize = 4096;
constexpr std::size_t kMostSetgroupsText = 8;

/// The file of a process: its owner's, as long as the process may be looked at.
/// Errors: EACCES. Linux fs/proc/base.c: task_dump_owner().
Errno may_open(const KernelState& k, const Credentials& cred, const Credentials& target) {
  const Inode file{.mode = kSIfreg | 0644,
                   .uid = target.uid.effective,
                   .gid = target.gid.effective,
                   .name = {},
                   .data = RegularData{}};
  return inode_permission(k, cred, file, kMayWrite);
}

UserNsId parent_of(const KernelState& k, UserNsId ns) {
  return ns == kInitUserNs ? kInitUserNs : user_namespace(k, ns).parent;
}

/// Whoever made the namespace, and had CAP_SETFCAP then, may make its own user 0 one inside; others
/// need that capability outside. Linux kernel/user_namespace.c: verify_root_map().
bool may_map_root(const KernelState& k, const Credentials& cred, UserNsId ns,
                  const std::vector<IdExtent>& map) {
  for (const IdExtent& extent : map) {
    if (extent.lower_first == 0 && k.profile->user_ns_root_needs_setfcap) {
      const UserNamespace& space = user_namespace(k, ns);
      return cred.user_ns == ns ? space.parent_could_setfcap
                                : ns_capable(k, cred, space.parent, Cap::kSetfcap);
    }
  }
  return true;
}

/// Linux kernel/user_namespace.c: new_idmap_permitted().
bool may_map(const KernelState& k, const Credentials& cred, UserNsId ns, IdKind kind,
             const std::vector<IdExtent>& map) {
  const UserNamespace& space = user_namespace(k, ns);
  const bool users = kind == IdKind::kUser;
  if (users && !may_map_root(k, cred, ns, map)) {
    return false;
  }
  if (map.size() == 1 && map.front().count == 1 && space.owner == cred.uid.effective) {
    const u32 own = users ? cred.uid.effective : cred.gid.effective;
    const bool own_only = make_kid(k, space.parent, kind, map.front().lower_first) == own;
    if (own_only && (users || !space.setgroups_allowed)) {
      return true;
    }
  }
  return ns_capable(k, cred, space.parent, users ? Cap::kSetuid : Cap::kSetgid);
}

/// A map in ids of the namespace above becomes one in ids of the first one. Nothing: a range has no
/// place there as a whole. Linux kernel/user_namespace.c: map_id_range_down().
std::optional<std::vector<IdExtent>> lowered(const KernelState& k, UserNsId parent, IdKind kind,
                                             std::vector<IdExtent> map) {
  for (IdExtent& extent : map) {
    const auto first = make_kid(k, parent, kind, extent.lower_first);
    const auto last = make_kid(k, parent, kind, extent.lower_first + (extent.count - 1));
    if (!first || !last || *last - *first != extent.count - 1) {
      return std::nullopt;
    }
    extent.lower_first = *first;
  }
  return map;
}

/// Errors, in the order tested: EPERM, EINVAL, EPERM: see the call.
Section write_map(KernelState& k, const Credentials& cred, UserNsId ns, IdKind kind,
                  std::string_view text) {
  if (ns == kInitUserNs || (cred.user_ns != ns && cred.user_ns != parent_of(k, ns))) {
    return Section::failed(Errno::kEPERM);
  }
  if (text.size() >= kPageSize) {
    return Section::failed(Errno::kEINVAL);
  }
  UserNamespace& space = user_namespace(k, ns);
  std::vector<IdExtent>& map = kind == IdKind::kUser ? space.uid_map : space.gid_map;
  if (!map.empty() || !ns_capable(k, cred, ns, Cap::kSysAdmin)) {
    return Section::failed(Errno::kEPERM);
  }
  auto written = parse_id_map(text);
  if (!written) {
    return Section::failed(Errno::kEINVAL);
  }
  auto lower = may_map(k, cred, ns, kind, *written)
                   ? lowered(k, space.parent, kind, *std::move(written))
                   : std::nullopt;
  if (!lower) {
    return Section::failed(Errno::kEPERM);
  }
  map = *std::move(lower);
  return Section::returned(0);
}

/// "deny" holds for good, and comes before the map of groups. Errors, in the order tested: EACCES,
/// EINVAL, EPERM. Linux kernel/user_namespace.c: proc_setgroups_write().
Section write_setgroups(KernelState& k, const Credentials& cred, UserNsId ns,
                        std::string_view text) {
  if (!ns_capable(k, cred, ns, Cap::kSysAdmin)) {
    return Section::failed(Errno::kEACCES);
  }
  constexpr std::string_view kBlank = " \t\n\v\f\r";
  const bool allow = text.starts_with("allow");
  const std::string_view rest = text.substr(std::min<std::size_t>(text.size(), allow ? 5 : 4));
  if (text.size() >= kMostSetgroupsText || (!allow && !text.starts_with("deny")) ||
      rest.find_first_not_of(kBlank) != std::string_view::npos) {
    return Section::failed(Errno::kEINVAL);
  }
  if (ns == kInitUserNs) {
    return allow ? Section::returned(0) : Section::failed(Errno::kEPERM);  // it has a map
  }
  UserNamespace& space = user_namespace(k, ns);
  if (allow ? !space.setgroups_allowed : !space.gid_map.empty()) {
    return Section::failed(Errno::kEPERM);
  }
  space.setgroups_allowed = allow;
  return Section::returned(0);
}

}  // namespace

// Errors, in the order tested:
//   EACCES  another user's process, without CAP_DAC_OVERRIDE
//   EPERM   the first namespace; a task that is neither in the namespace nor in that above
//   EINVAL  a page of text, or more
//   EPERM   there is a map already; no CAP_SYS_ADMIN in the namespace
//   EINVAL  the text is no map
//   EPERM   the map has more than the writer's own id (of groups: unless setgroups() is denied),
//           without CAP_SETUID or CAP_SETGID above; user 0 without CAP_SETFCAP; ids that have no
//           place above
// Linux kernel/user_namespace.c: map_write().
Section run(KernelState& k, TaskId id, const IdMapCall& call) {
  const TaskId target = call.pid == kNoTask ? id : call.pid;
  if (!k.exists(target)) {
    return Section::not_modelled("the map of a task that has ended");
  }
  const Credentials& cred = k.cred(id);
  const UserNsId ns = k.cred(target).user_ns;
  if (const Errno error = may_open(k, cred, k.cred(target)); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (call.file == "uid_map" || call.file == "gid_map") {
    const IdKind kind = call.file == "uid_map" ? IdKind::kUser : IdKind::kGroup;
    return write_map(k, cred, ns, kind, call.text);
  }
  return call.file == "setgroups" ? write_setgroups(k, cred, ns, call.text)
                                  : Section::not_modelled("this file of a user namespace");
}

}  // namespace ipcsim
