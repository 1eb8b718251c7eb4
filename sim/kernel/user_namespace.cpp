#include "sim/kernel/user_namespace.hpp"

#include <algorithm>
#include <utility>

#include <range/v3/algorithm/any_of.hpp>

namespace ipcsim {
namespace {

constexpr u32 kNoId = 0xffff'ffff;
constexpr u32 kDeepestLevel = 32;

const std::vector<IdExtent>& map_of(const UserNamespace& ns, IdKind kind) {
  return kind == IdKind::kUser ? ns.uid_map : ns.gid_map;
}

/// Where `id` goes that lies in a range which begins at one member and goes to the other.
std::optional<u32> mapped(const std::vector<IdExtent>& map, u32 IdExtent::* from,
                          u32 IdExtent::* to, u32 id) {
  for (const IdExtent& extent : map) {
    if (id >= extent.*from && id - extent.*from < extent.count) {
      return extent.*to + (id - extent.*from);
    }
  }
  return std::nullopt;
}

std::optional<u32> unmapped(u32 id) { return id == kNoId ? std::nullopt : std::optional{id}; }

}  // namespace

UserNamespace& user_namespace(KernelState& k, UserNsId ns) { return k.user_namespaces[ns.v - 1]; }

const UserNamespace& user_namespace(const KernelState& k, UserNsId ns) {
  return k.user_namespaces[ns.v - 1];
}

std::optional<u32> make_kid(const KernelState& k, UserNsId ns, IdKind kind, u32 id) {
  return ns == kInitUserNs ? unmapped(id)
                           : mapped(map_of(user_namespace(k, ns), kind), &IdExtent::first,
                                    &IdExtent::lower_first, id);
}

std::optional<u32> from_kid(const KernelState& k, UserNsId ns, IdKind kind, u32 kid) {
  return ns == kInitUserNs ? unmapped(kid)
                           : mapped(map_of(user_namespace(k, ns), kind), &IdExtent::lower_first,
                                    &IdExtent::first, kid);
}

u32 from_kid_munged(const KernelState& k, UserNsId ns, IdKind kind, u32 kid) {
  return from_kid(k, ns, kind, kid).value_or(kOverflowId);
}

bool ns_capable(const KernelState& k, const Credentials& cred, UserNsId ns, Cap cap) {
  const auto level = [&](UserNsId id) {
    return id == kInitUserNs ? 0 : user_namespace(k, id).level;
  };
  while (ns != cred.user_ns) {
    if (level(ns) <= level(cred.user_ns)) {
      return false;
    }
    const UserNamespace& space = user_namespace(k, ns);
    if (space.parent == cred.user_ns && space.owner == cred.uid.effective) {
      return true;
    }
    ns = space.parent;
  }
  return cred.effective.has(cap);
}

bool capable_over(const KernelState& k, const Credentials& cred, const Inode& node, Cap cap) {
  return cred.effective.has(cap) && from_kid(k, cred.user_ns, IdKind::kUser, node.uid) &&
         from_kid(k, cred.user_ns, IdKind::kGroup, node.gid);
}

bool may_setgroups(const KernelState& k, UserNsId ns) {
  return ns == kInitUserNs ||
         (!user_namespace(k, ns).gid_map.empty() && user_namespace(k, ns).setgroups_allowed);
}

bool fs_ids_have_mapping(const KernelState& k, const Credentials& cred, UserNsId ns) {
  return from_kid(k, ns, IdKind::kUser, cred.uid.fs) &&
         from_kid(k, ns, IdKind::kGroup, cred.gid.fs);
}

Result<Credentials> make_user_namespace(KernelState& k, TaskId maker) {
  Credentials cred = k.cred(maker);
  const UserNsId parent = cred.user_ns;
  const bool first = parent == kInitUserNs;
  if (!first && user_namespace(k, parent).level > kDeepestLevel) {
    return fail(Errno::kENOSPC);
  }
  if (!from_kid(k, parent, IdKind::kUser, cred.uid.effective) ||
      !from_kid(k, parent, IdKind::kGroup, cred.gid.effective)) {
    return fail(Errno::kEPERM);
  }
  const UserId user = k.user(parent, cred.uid.effective);
  k.user_namespaces.push_back(
      {.parent = parent,
       .level = first ? 1 : user_namespace(k, parent).level + 1,
       .owner = cred.uid.effective,
       .uid_map = {},
       .gid_map = {},
       .setgroups_allowed = first || user_namespace(k, parent).setgroups_allowed,
       .parent_could_setfcap = cred.effective.has(Cap::kSetfcap),
       .maker = user,
       .rlimit_msgqueue = k.process_of(maker).rlimit_msgqueue});
  cred.user_ns = UserNsId{static_cast<u32>(k.user_namespaces.size())};
  cred.effective = kAllCaps;
  cred.permitted = kAllCaps;
  return cred;
}

UserId user_of_queues(KernelState& k, const Credentials& cred) {
  return k.user(k.profile->mq_rlimit_hierarchical ? cred.user_ns : kInitUserNs, cred.uid.real);
}

std::optional<UserId> charged_above(const KernelState& k, UserId user) {
  const UserNsId ns = k.users[user.v].ns;
  return ns == kInitUserNs ? std::nullopt : std::optional{user_namespace(k, ns).maker};
}

bool charge_msgqueue(KernelState& k, UserId user, u64 bytes, u64 rlimit) {
  u64 most = rlimit;
  for (std::optional at = user; at; at = charged_above(k, *at)) {
    const User& charged = k.users[at->v];
    if (charged.mq_bytes + bytes > most) {
      return false;
    }
    most = charged.ns == kInitUserNs ? 0 : user_namespace(k, charged.ns).rlimit_msgqueue;
  }
  for (std::optional at = user; at; at = charged_above(k, *at)) {
    k.users[at->v].mq_bytes += bytes;
  }
  return true;
}

void uncharge_msgqueue(KernelState& k, UserId user, u64 bytes) {
  for (std::optional at = user; at; at = charged_above(k, *at)) {
    k.users[at->v].mq_bytes -= bytes;
  }
}

namespace {

constexpr std::string_view kBlank = " \t\v\f\r";

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
}

/// A number, or 0 where none stands, as simple_strtoul() takes it.
u32 take_number(std::string_view& text) {
  u64 number = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    number = number * 10 + static_cast<u64>(text.front() - '0');
    text.remove_prefix(1);
  }
  return static_cast<u32>(number);
}

/// "FIRST LOWER COUNT", with blanks around each.
std::optional<IdExtent> parse_line(std::string_view line) {
  IdExtent extent;
  for (u32* number : {&extent.first, &extent.lower_first}) {
    skip_blanks(line);
    *number = take_number(line);
    if (line.empty() || kBlank.find(line.front()) == std::string_view::npos) {
      return std::nullopt;
    }
  }
  skip_blanks(line);
  extent.count = take_number(line);
  skip_blanks(line);
  const bool wraps = extent.first + extent.count <= extent.first ||
                     extent.lower_first + extent.count <= extent.lower_first;
  const bool none = extent.first == kNoId || extent.lower_first == kNoId;
  return !line.empty() || wraps || none ? std::nullopt : std::optional{extent};
}

bool overlap(u32 a, u32 a_count, u32 b, u32 b_count) { return a < b + b_count && b < a + a_count; }

bool clashes(const std::vector<IdExtent>& map, const IdExtent& with) {
  return ranges::any_of(map, [&](const IdExtent& extent) {
    return overlap(extent.first, extent.count, with.first, with.count) ||
           overlap(extent.lower_first, extent.count, with.lower_first, with.count);
  });
}

}  // namespace

std::optional<std::vector<IdExtent>> parse_id_map(std::string_view text) {
  constexpr std::size_t kMostExtents = 340;
  std::vector<IdExtent> map;
  do {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto extent = parse_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!extent || clashes(map, *extent) || map.size() == kMostExtents) {
      return std::nullopt;
    }
    map.push_back(*extent);
  } while (!text.empty());
  return map;
}

}  // namespace ipcsim
