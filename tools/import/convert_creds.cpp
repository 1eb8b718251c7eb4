// Who a task is: user and group ids, and the mask of new files' modes.
#include <array>

#include "tools/import/conversion.hpp"

namespace ipcsim::strace {
namespace {

/// An id; strace prints -1, which leaves it alone, as it stands or as 4294967295.
i64 id_at(Conversion& c, std::size_t index) {
  constexpr i64 kLeaveAlone = 0xffff'ffff;
  const i64 id = c.args.number(c.args.at(index), "id");
  return id == kLeaveAlone ? -1 : id;
}

/// Only what succeeded says something about later calls.
Plan keep_done(Conversion& c, Call call) {
  if (!c.result.ok() || c.args.problem()) {
    return Plan::other();
  }
  return c.keep_bookkeeping(std::move(call));
}

/// What the mask was before shows only here: it becomes so first.
Plan convert_umask(Conversion& c) {
  const u32 mask = static_cast<u32>(c.args.flags(c.args.at(0), "mask", {})) & 0777U;
  Plan plan = keep_done(c, UmaskCall{mask});
  if (plan.calls.empty()) {
    return plan;
  }
  u32& known = c.task.fs->umask;
  const u32 before = static_cast<u32>(c.result.value) & 0777U;
  if (before != known) {
    plan.calls.insert(plan.calls.begin(), {UmaskCall{before}, SysResult::success(known)});
  }
  known = mask;
  return plan;
}

/// The capabilities that follow from new user ids. Linux security/commoncap.c:
/// cap_emulate_setxuid().
TaskCreds with_caps(const TaskCreds& old, TaskCreds now) {
  const bool was_root = old.real == 0 || old.effective == 0 || old.saved == 0;
  const bool is_root = now.real == 0 || now.effective == 0 || now.saved == 0;
  if (was_root && !is_root) {
    now.caps_permitted = 0;
    now.caps_effective = 0;
  }
  if (old.effective == 0 && now.effective != 0) {
    now.caps_effective = 0;
  } else if (old.effective != 0 && now.effective == 0) {
    now.caps_effective = now.caps_permitted;
  }
  return now;
}

/// Changes user ids. The trace has capabilities apart from them.
Plan keep_users(Conversion& c, Call call, TaskCreds now) {
  Plan plan = keep_done(c, std::move(call));
  if (plan.calls.empty()) {
    return plan;
  }
  TaskCreds& known = c.task.creds;
  now = with_caps(known, now);
  if (now.caps_effective != known.caps_effective || now.caps_permitted != known.caps_permitted) {
    plan.calls.push_back(
        {CapsetCall{.effective = Caps{now.caps_effective}, .permitted = Caps{now.caps_permitted}},
         SysResult::success(0)});
  }
  known = now;
  return plan;
}

void set_id(u32& id, i64 wanted) {
  if (wanted >= 0) {
    id = static_cast<u32>(wanted);
  }
}

Plan convert_setuid(Conversion& c) {
  const i64 uid = id_at(c, 0);
  TaskCreds now = c.task.creds;
  if ((now.caps_effective & u64{1} << static_cast<unsigned>(Cap::kSetuid)) != 0) {
    set_id(now.real, uid);
    set_id(now.saved, uid);
  }
  set_id(now.effective, uid);
  return keep_users(c, SetuidCall{uid}, now);
}

Plan convert_setreuid(Conversion& c) {
  const SetreuidCall call{id_at(c, 0), id_at(c, 1)};
  TaskCreds now = c.task.creds;
  set_id(now.effective, call.euid);
  if (call.ruid >= 0 || (call.euid >= 0 && now.effective != now.real)) {
    now.saved = now.effective;
  }
  set_id(now.real, call.ruid);
  return keep_users(c, call, now);
}

Plan convert_setresuid(Conversion& c) {
  const SetresuidCall call{id_at(c, 0), id_at(c, 1), id_at(c, 2)};
  TaskCreds now = c.task.creds;
  set_id(now.real, call.ruid);
  set_id(now.effective, call.euid);
  set_id(now.saved, call.suid);
  return keep_users(c, call, now);
}

template <class T>
Plan convert_one(Conversion& c) {
  return keep_done(c, T{id_at(c, 0)});
}

template <class T>
Plan convert_two(Conversion& c) {
  return keep_done(c, T{id_at(c, 0), id_at(c, 1)});
}

template <class T>
Plan convert_three(Conversion& c) {
  return keep_done(c, T{id_at(c, 0), id_at(c, 1), id_at(c, 2)});
}

Plan convert_setgroups(Conversion& c) {
  const Node* list = c.args.count() > 1 ? c.args.at(1) : nullptr;
  SetgroupsCall call;
  if (list != nullptr && list->kind == Node::Kind::kList) {
    for (const Node& item : list->items) {
      if (item.kind == Node::Kind::kCut) {
        return Plan::other();
      }
      call.list.push_back(static_cast<u32>(c.args.size(&item, "list")));
    }
  }
  return keep_done(c, std::move(call));
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"setfsgid", convert_one<SetfsgidCall>},
    {"setfsuid", convert_one<SetfsuidCall>},
    {"setgid", convert_one<SetgidCall>},
    {"setgroups", convert_setgroups},
    {"setregid", convert_two<SetregidCall>},
    {"setresgid", convert_three<SetresgidCall>},
    {"setresuid", convert_setresuid},
    {"setreuid", convert_setreuid},
    {"setuid", convert_setuid},
    {"umask", convert_umask},
});

}  // namespace

std::span<const NamedConverter> creds_converters() { return kConverters; }

}  // namespace ipcsim::strace
