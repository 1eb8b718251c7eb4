// The calls on a task's priority and namespaces, as values; call_files.hpp says how they are
// written.
#pragma once

#include <string_view>

#include "sim/kernel/call_arguments.hpp"

namespace ipcsim {

/// setpriority() as far as it names one task: `who` 0 is the caller.
struct SetpriorityCall {
  static constexpr std::string_view kName = "setpriority";
  PriorityWhich which;
  TaskId who;
  i32 prio = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("which", self.which);
    v.field("who", self.who);
    v.field("prio", self.prio);
  }
  bool operator==(const SetpriorityCall&) const = default;
};

/// `sched_priority` is the only member of `param`; `pid` 0 is the caller.
struct SchedSetschedulerCall {
  static constexpr std::string_view kName = "sched_setscheduler";
  TaskId pid;
  SchedPolicy policy;
  i32 sched_priority = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("pid", self.pid);
    v.field("policy", self.policy);
    v.field("sched_priority", self.sched_priority);
  }
  bool operator==(const SchedSetschedulerCall&) const = default;
};

/// unshare() as far as it concerns IPC namespaces and descriptors.
struct UnshareCall {
  static constexpr std::string_view kName = "unshare";
  CloneFlags flags;
  static void each_field(auto& self, auto&& v) { v.field("flags", self.flags); }
  bool operator==(const UnshareCall&) const = default;
};

}  // namespace ipcsim
