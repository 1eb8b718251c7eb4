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

Plan convert_umask(Conversion& c) {
  return keep_done(c, UmaskCall{static_cast<u32>(c.args.flags(c.args.at(0), "mask", {})) & 0777U});
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
    {"setresuid", convert_three<SetresuidCall>},
    {"setreuid", convert_two<SetreuidCall>},
    {"setuid", convert_one<SetuidCall>},
    {"umask", convert_umask},
});

}  // namespace

std::span<const NamedConverter> creds_converters() { return kConverters; }

}  // namespace ipcsim::strace
