// Who a task is: user and group ids, and the mask of new files' modes.
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "sim/kernel/user_namespace.hpp"
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

/// A file of /proc as it was opened: whose it is, and which one.
struct IdMapFile {
  std::optional<i64> pid;  ///< nothing: the task's own
  std::string_view name;
};

/// "/proc/self/uid_map", "/proc/71/gid_map".
std::optional<IdMapFile> id_map_file(std::string_view path) {
  constexpr std::string_view kProc = "/proc/";
  const std::size_t slash = path.rfind('/');
  if (!path.starts_with(kProc) || slash < kProc.size()) {
    return std::nullopt;
  }
  IdMapFile file{.pid = {}, .name = path.substr(slash + 1)};
  const std::string_view whose = path.substr(kProc.size(), slash - kProc.size());
  if (file.name != "uid_map" && file.name != "gid_map" && file.name != "setgroups") {
    return std::nullopt;
  }
  if (whose != "self" && whose != "thread-self") {
    i64 pid = 0;
    const auto [end, error] = std::from_chars(whose.data(), whose.data() + whose.size(), pid);
    if (error != std::errc{} || end != whose.data() + whose.size()) {
      return std::nullopt;
    }
    file.pid = pid;
  }
  return file;
}

/// The task's ids as they are told in the namespace from now on.
void rename_ids(TaskCreds& creds, std::string_view map) {
  const auto extents = parse_id_map(map);
  for (u32* id : {&creds.real, &creds.effective, &creds.saved}) {
    for (const IdExtent& extent : extents.value_or(std::vector<IdExtent>{})) {
      if (*id >= extent.lower_first && *id - extent.lower_first < extent.count) {
        *id = extent.first + (*id - extent.lower_first);
        break;
      }
    }
  }
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

std::optional<Plan> convert_id_map(Conversion& c) {
  const Node* fd = c.args.at(0);
  const Node* text = c.args.at(1);
  const FdSlot* slot = fd == nullptr ? nullptr : c.files().find(static_cast<i32>(fd->number));
  if (slot == nullptr || slot->kind != FdKind::kOther || !c.result.ok() || text == nullptr ||
      text->kind != Node::Kind::kString) {
    return std::nullopt;
  }
  const auto file = id_map_file(slot->path);
  TaskState* target = !file ? nullptr : file->pid ? c.state.tasks.find(*file->pid) : &c.task;
  if (target == nullptr) {
    return std::nullopt;
  }
  if (file->name == "uid_map") {
    rename_ids(target->creds, text->bytes);
  }
  Plan plan =
      c.keep(IdMapCall{Conversion::number_of(*target), std::string(file->name), text->bytes});
  plan.calls.front().result = SysResult::success(0);
  return plan;
}

std::span<const NamedConverter> creds_converters() { return kConverters; }

}  // namespace ipcsim::strace
