// Who a task is: the ids, groups and capabilities. Linux kernel/sys.c, kernel/groups.c,
// security/commoncap.c.
#include <initializer_list>

#include <range/v3/algorithm/sort.hpp>

#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/user_namespace.hpp"

namespace ipcsim {
namespace {

constexpr i64 kUnchanged = -1;

void commit(KernelState& k, TaskId id, Credentials cred) {
  k.task(id).cred = std::make_shared<const Credentials>(std::move(cred));
}

/// The ids of users or of groups, with the capability that lifts the rules.
struct Kind {
  Ids Credentials::* ids;
  IdKind kind;
  Cap cap;
};
constexpr Kind kUsers{&Credentials::uid, IdKind::kUser, Cap::kSetuid};
constexpr Kind kGroups{&Credentials::gid, IdKind::kGroup, Cap::kSetgid};

/// The ids that a call of the task names become those of the first user namespace. False when one
/// has no place in the task's own.
bool resolve(const KernelState& k, TaskId task, Kind kind, std::initializer_list<i64*> ids) {
  for (i64* id : ids) {
    if (*id == kUnchanged) {
      continue;
    }
    const auto kid = make_kid(k, k.cred(task).user_ns, kind.kind, static_cast<u32>(*id));
    if (!kid) {
      return false;
    }
    *id = *kid;
  }
  return true;
}

bool one_of_three(const Ids& ids, i64 id) {
  return id == ids.real || id == ids.effective || id == ids.saved;
}

/// Errors, in the order tested: EINVAL (an id without a place in the user namespace), EPERM.
/// Linux kernel/sys.c: __sys_setresuid(), __sys_setresgid().
Section set_three(KernelState& k, TaskId task, Kind kind, i64 real, i64 effective, i64 saved) {
  if (!resolve(k, task, kind, {&real, &effective, &saved})) {
    return Section::failed(Errno::kEINVAL);
  }
  Credentials cred = k.cred(task);
  Ids& ids = cred.*kind.ids;
  const bool capable = cred.effective.has(kind.cap);
  for (const i64 id : {real, effective, saved}) {
    if (id != kUnchanged && !capable && !one_of_three(ids, id)) {
      return Section::failed(Errno::kEPERM);
    }
  }
  ids.real = real == kUnchanged ? ids.real : static_cast<u32>(real);
  ids.effective = effective == kUnchanged ? ids.effective : static_cast<u32>(effective);
  ids.saved = saved == kUnchanged ? ids.saved : static_cast<u32>(saved);
  ids.fs = ids.effective;
  commit(k, task, std::move(cred));
  return Section::returned(0);
}

/// Errors, in the order tested: EINVAL, EPERM. The saved id follows the effective one when the real
/// one was given, or the effective one became another than the real one was. Linux kernel/sys.c:
/// __sys_setreuid(), __sys_setregid().
Section set_two(KernelState& k, TaskId task, Kind kind, i64 real, i64 effective) {
  if (!resolve(k, task, kind, {&real, &effective})) {
    return Section::failed(Errno::kEINVAL);
  }
  Credentials cred = k.cred(task);
  Ids& ids = cred.*kind.ids;
  const Ids old = ids;
  const bool capable = cred.effective.has(kind.cap);
  if (real != kUnchanged && !capable && real != old.real && real != old.effective) {
    return Section::failed(Errno::kEPERM);
  }
  if (effective != kUnchanged && !capable && !one_of_three(old, effective)) {
    return Section::failed(Errno::kEPERM);
  }
  ids.real = real == kUnchanged ? old.real : static_cast<u32>(real);
  ids.effective = effective == kUnchanged ? old.effective : static_cast<u32>(effective);
  if (real != kUnchanged || (effective != kUnchanged && ids.effective != old.real)) {
    ids.saved = ids.effective;
  }
  ids.fs = ids.effective;
  commit(k, task, std::move(cred));
  return Section::returned(0);
}

/// With the capability all ids become `id`, otherwise the effective one may become the real or the
/// saved one. Errors, in the order tested: EINVAL (-1, or no place in the user namespace), EPERM.
/// Linux kernel/sys.c: __sys_setuid(), __sys_setgid().
Section set_one(KernelState& k, TaskId task, Kind kind, i64 id) {
  if (id == kUnchanged || !resolve(k, task, kind, {&id})) {
    return Section::failed(Errno::kEINVAL);
  }
  Credentials cred = k.cred(task);
  Ids& ids = cred.*kind.ids;
  if (cred.effective.has(kind.cap)) {
    ids = Ids::all(static_cast<u32>(id));
  } else if (id == ids.real || id == ids.saved) {
    ids.effective = static_cast<u32>(id);
    ids.fs = ids.effective;
  } else {
    return Section::failed(Errno::kEPERM);
  }
  commit(k, task, std::move(cred));
  return Section::returned(0);
}

/// Linux kernel/sys.c: __sys_setfsuid(), __sys_setfsgid().
Section set_fs(KernelState& k, TaskId task, Kind kind, i64 id) {
  Credentials cred = k.cred(task);
  Ids& ids = cred.*kind.ids;
  const u32 before = from_kid_munged(k, cred.user_ns, kind.kind, ids.fs);
  if (!resolve(k, task, kind, {&id})) {
    return Section::returned(before);
  }
  const bool allowed = one_of_three(ids, id) || id == ids.fs || cred.effective.has(kind.cap);
  if (id != kUnchanged && allowed) {
    ids.fs = static_cast<u32>(id);
    commit(k, task, std::move(cred));
  }
  return Section::returned(before);
}

Section tell(const KernelState& k, TaskId task, Kind kind) {
  const Credentials& cred = k.cred(task);
  const auto told = [&](u32 id) { return from_kid_munged(k, cred.user_ns, kind.kind, id); };
  const Ids& ids = cred.*kind.ids;
  return Section::returned(
      0,
      IdsOut{.real = told(ids.real), .effective = told(ids.effective), .saved = told(ids.saved)});
}

}  // namespace

Section run(KernelState& k, TaskId id, const SetuidCall& call) {
  return set_one(k, id, kUsers, call.uid);
}

Section run(KernelState& k, TaskId id, const SetgidCall& call) {
  return set_one(k, id, kGroups, call.gid);
}

Section run(KernelState& k, TaskId id, const SetreuidCall& call) {
  return set_two(k, id, kUsers, call.ruid, call.euid);
}

Section run(KernelState& k, TaskId id, const SetregidCall& call) {
  return set_two(k, id, kGroups, call.rgid, call.egid);
}

Section run(KernelState& k, TaskId id, const SetresuidCall& call) {
  return set_three(k, id, kUsers, call.ruid, call.euid, call.suid);
}

Section run(KernelState& k, TaskId id, const SetresgidCall& call) {
  return set_three(k, id, kGroups, call.rgid, call.egid, call.sgid);
}

Section run(KernelState& k, TaskId id, const SetfsuidCall& call) {
  return set_fs(k, id, kUsers, call.fsuid);
}

Section run(KernelState& k, TaskId id, const SetfsgidCall& call) {
  return set_fs(k, id, kGroups, call.fsgid);
}

Section run(KernelState& k, TaskId id, const GetresuidCall& /*call*/) {
  return tell(k, id, kUsers);
}

Section run(KernelState& k, TaskId id, const GetresgidCall& /*call*/) {
  return tell(k, id, kGroups);
}

// Errors, in the order tested: EPERM, EINVAL (too many; one without a place in the user namespace).
// Linux kernel/groups.c: setgroups().
Section run(KernelState& k, TaskId id, const SetgroupsCall& call) {
  constexpr std::size_t kMostGroups = 65536;
  Credentials cred = k.cred(id);
  if (!cred.effective.has(Cap::kSetgid) || !may_setgroups(k, cred.user_ns)) {
    return Section::failed(Errno::kEPERM);
  }
  if (call.list.size() > kMostGroups) {
    return Section::failed(Errno::kEINVAL);
  }
  cred.groups.clear();
  for (const u32 group : call.list) {
    const auto kid = make_kid(k, cred.user_ns, IdKind::kGroup, group);
    if (!kid) {
      return Section::failed(Errno::kEINVAL);
    }
    cred.groups.push_back(*kid);
  }
  ranges::sort(cred.groups);
  commit(k, id, std::move(cred));
  return Section::returned(0);
}

// Errors: EPERM: more is permitted than was, or more effective than permitted.
// Linux security/commoncap.c: cap_capset().
Section run(KernelState& k, TaskId id, const CapsetCall& call) {
  Credentials cred = k.cred(id);
  if ((call.permitted.bits & ~cred.permitted.bits) != 0 ||
      (call.effective.bits & ~call.permitted.bits) != 0) {
    return Section::failed(Errno::kEPERM);
  }
  cred.effective = call.effective;
  cred.permitted = call.permitted;
  commit(k, id, std::move(cred));
  return Section::returned(0);
}

}  // namespace ipcsim
