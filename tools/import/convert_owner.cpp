// Whom the signals of a file go to, and the process groups that may be meant.
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "tools/import/conversion.hpp"
#include "tools/import/symbols.hpp"

namespace ipcsim::strace {
namespace {

/// The only process of the log in a group, if it is one: what goes to the group goes to it.
std::optional<TaskId> only_member(Conversion& c, i64 group) {
  std::optional<TaskId> only;
  for (const TaskState& task : c.state.tasks.all()) {
    const ProcessState& process = c.state.tasks.process_of(task);
    if (!task.alive || process.leader != task.index || process.group != group) {
      continue;
    }
    if (only) {
      return std::nullopt;
    }
    only = Conversion::number_of(task);
  }
  return only;
}

/// The task that owns a file from now on; 0: none. Nothing: it cannot be told, or named.
std::optional<TaskId> owner_of(Conversion& c, OwnerType type, i64 pid) {
  if (pid == 0) {
    return TaskId{0};
  }
  if (type == OwnerType::kPgrp) {
    return only_member(c, pid);
  }
  const TaskState* owner = c.state.tasks.find_as(c.task, pid);
  return owner == nullptr ? std::nullopt : std::optional{Conversion::number_of(*owner)};
}

/// {type=F_OWNER_PID, pid=123}
std::optional<std::pair<OwnerType, i64>> owner_struct(Conversion& c) {
  constexpr std::array kTypes =
      std::to_array<NamedNumber>({{"F_OWNER_TID", 0}, {"F_OWNER_PID", 1}, {"F_OWNER_PGRP", 2}});
  const Node* owner = c.args.at(2);
  const Node* type = owner == nullptr ? nullptr : owner->member("type");
  const Node* pid = owner == nullptr ? nullptr : owner->member("pid");
  const auto value = type == nullptr ? std::nullopt : flags_value(*type, kTypes);
  if (!value || *value > 2 || pid == nullptr) {
    return std::nullopt;
  }
  return std::pair{static_cast<OwnerType>(*value), c.args.number(pid, "pid")};
}

/// setpgid(): groups are named by the pid of the process that they were made for.
Plan convert_setpgid(Conversion& c) {
  if (!c.result.ok()) {
    return Plan::other();
  }
  const i64 pid = c.args.number(c.args.at(0), "pid");
  const i64 group = c.args.number(c.args.at(1), "pgid");
  TaskState* task = pid == 0 ? &c.task : c.state.tasks.find_as(c.task, pid);
  if (task != nullptr) {
    c.state.tasks.process_of(*task).group = group == 0 ? task->pid : group;
  }
  return Plan::other();
}

Plan convert_setsid(Conversion& c) {
  if (c.result.ok()) {
    c.state.tasks.process_of(c.task).group = c.task.pid;
  }
  return Plan::other();
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"setpgid", convert_setpgid},
    {"setsid", convert_setsid},
});

}  // namespace

Plan convert_owner(Conversion& c, FcntlCmd cmd) {
  if (auto dropped = c.drop(c.use(0))) {
    return *std::move(dropped);
  }
  if (cmd.v == kFGetown || cmd.v == kFGetownEx || !c.result.ok()) {
    return Plan::no_effect();
  }
  const Fd fd = c.args.fd(c.args.at(0), "fd");
  const i64 who = cmd.v == kFSetown ? c.args.number(c.args.at(2), "arg") : 0;
  const auto named = cmd.v == kFSetownEx ? owner_struct(c)
                     : who < 0           ? std::pair{OwnerType::kPgrp, -who}
                                         : std::pair{OwnerType::kPid, who};
  const auto owner = named ? owner_of(c, named->first, named->second) : std::nullopt;
  if (!owner) {
    c.args.unsupported("fcntl with an owner that is no process of the log, or more than one");
    return Plan{};
  }
  if (named->first == OwnerType::kTid) {
    return c.keep(FcntlCall{fd, cmd, 0, UserPtr<OwnerEx>::of({OwnerType::kTid, *owner})});
  }
  return c.keep(FcntlCall{fd, FcntlCmd{kFSetown}, owner->v, {}});
}

std::span<const NamedConverter> owner_converters() { return kConverters; }

}  // namespace ipcsim::strace
