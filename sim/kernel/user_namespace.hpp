// User namespaces: which ids and capabilities count where, and what is charged in them.
// Linux kernel/user_namespace.c, kernel/capability.c, kernel/ucount.c.
#pragma once

#include <optional>
#include <string_view>

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// What an id without a place in a namespace is there (overflowuid, overflowgid).
inline constexpr u32 kOverflowId = 65534;
/// All that whoever makes a namespace has in it (CAP_FULL_SET).
inline constexpr Caps kAllCaps{(u64{1} << 41U) - 1};

/// Ids of users and of groups are mapped apart.
enum class IdKind : u8 { kUser, kGroup };

/// The first namespace's id for an id of `ns`; nothing when it has none there.
/// Linux kernel/user_namespace.c: make_kuid(), make_kgid().
[[nodiscard]] std::optional<u32> make_kid(const KernelState& k, UserNsId ns, IdKind kind, u32 id);
/// The other way round. Linux kernel/user_namespace.c: from_kuid(), from_kgid().
[[nodiscard]] std::optional<u32> from_kid(const KernelState& k, UserNsId ns, IdKind kind, u32 kid);
/// The same, with kOverflowId for what has no place there: what calls hand out.
[[nodiscard]] u32 from_kid_munged(const KernelState& k, UserNsId ns, IdKind kind, u32 kid);

/// The namespace, which somebody made. REQUIRES: not the first one.
[[nodiscard]] UserNamespace& user_namespace(KernelState& k, UserNsId ns);
[[nodiscard]] const UserNamespace& user_namespace(const KernelState& k, UserNsId ns);

/// A capability over what belongs to a namespace: it counts in the task's own one and in those
/// below, and whoever made one has all of them in it.
/// Linux security/commoncap.c: cap_capable().
[[nodiscard]] bool ns_capable(const KernelState& k, const Credentials& cred, UserNsId ns, Cap cap);
/// A capability over a node, whose ids must have a place in the task's namespace.
/// Linux kernel/capability.c: capable_wrt_inode_uidgid().
[[nodiscard]] bool capable_over(const KernelState& k, const Credentials& cred, const Inode& node,
                                Cap cap);
/// setgroups() waits for a map of groups, and may be denied for good.
/// Linux kernel/user_namespace.c: userns_may_setgroups().
[[nodiscard]] bool may_setgroups(const KernelState& k, UserNsId ns);
/// Both ids that the task makes files with have a place in the namespace.
/// Linux include/linux/fs.h: fsuidgid_has_mapping().
[[nodiscard]] bool fs_ids_have_mapping(const KernelState& k, const Credentials& cred, UserNsId ns);

/// A namespace below the task's own, and the credentials of a task that moves there: all
/// capabilities, the same ids. Errors, in the order tested:
///   ENOSPC  33 namespaces lie above it
///   EPERM   the effective ids have no place in the task's own namespace
/// Linux kernel/user_namespace.c: create_user_ns(), set_cred_user_ns().
[[nodiscard]] Result<Credentials> make_user_namespace(KernelState& k, TaskId maker);

/// Who is charged for the queues that a task makes: its real user in its namespace, in old kernels
/// in the first one. Linux kernel/cred.c: set_cred_ucounts().
[[nodiscard]] UserId user_of_queues(KernelState& k, const Credentials& cred);
/// Charges `bytes` to a user, and to the maker of each namespace around. The user may have
/// `rlimit`, each maker what its own limit was when it made the namespace below. False, and nothing
/// is charged, when one would have more. Linux kernel/ucount.c: inc_rlimit_ucounts().
[[nodiscard]] bool charge_msgqueue(KernelState& k, UserId user, u64 bytes, u64 rlimit);
/// Linux kernel/ucount.c: dec_rlimit_ucounts().
void uncharge_msgqueue(KernelState& k, UserId user, u64 bytes);
/// Who is charged too, a namespace further up, or nothing for users of the first one.
[[nodiscard]] std::optional<UserId> charged_above(const KernelState& k, UserId user);

/// The lines of a map as somebody wrote them, in ids of the namespaces themselves; nothing when
/// they are none: no numbers, no ids, ranges that overlap.
/// Linux kernel/user_namespace.c: map_write(), mappings_overlap().
[[nodiscard]] std::optional<std::vector<IdExtent>> parse_id_map(std::string_view text);

}  // namespace ipcsim
