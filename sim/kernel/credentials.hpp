// Who a task is, and what it may do.
#pragma once

#include <vector>

#include "model/base/caps.hpp"
#include "model/base/hash.hpp"
#include "model/base/types.hpp"
#include "sim/kernel/ids.hpp"

namespace ipcsim {

/// The ids of one kind, users or groups (`struct cred`: uid, euid, suid, fsuid).
struct Ids {
  u32 real = 0;
  u32 effective = 0;
  u32 saved = 0;
  u32 fs = 0;  ///< what the file system looks at; follows the effective one

  /// Real, effective, saved and of the file system alike.
  [[nodiscard]] static constexpr Ids all(u32 id) { return {id, id, id, id}; }
  bool operator==(const Ids&) const = default;
};

/// `struct cred`: a value that tasks share until one of them changes its own. The ids are those of
/// the first user namespace (kuid_t, kgid_t); the capabilities count in the task's own one. As
/// under SECBIT_NO_SETUID_FIXUP, a change of ids leaves them as they are.
struct Credentials {
  Ids uid;
  Ids gid;
  std::vector<u32> groups;  ///< supplementary ones, in ascending order
  Caps effective;
  Caps permitted;
  UserNsId user_ns = kInitUserNs;

  /// The group is the file system's or a supplementary one. Linux kernel/groups.c: in_group_p().
  [[nodiscard]] bool in_group(u32 group) const;
  /// The effective capabilities that count in the first user namespace, where all that belongs to
  /// the machine is. Linux kernel/capability.c: capable().
  [[nodiscard]] Caps machine_caps() const { return user_ns == kInitUserNs ? effective : Caps{}; }
  void hash_into(Hasher& hasher) const;
  bool operator==(const Credentials&) const = default;
};

}  // namespace ipcsim
