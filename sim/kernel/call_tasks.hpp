// The calls on processes, threads and signals, as values; call_files.hpp says how they are written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/payload.hpp"
#include "sim/kernel/call_arguments.hpp"

namespace ipcsim {

/// fork(): a process with a copy of the descriptors. `child` is the number that the trace gives it.
struct ForkCall {
  static constexpr std::string_view kName = "fork";
  TaskId child;
  static void each_field(auto& self, auto&& v) { v.field("child", self.child); }
  bool operator==(const ForkCall&) const = default;
};

/// vfork(): as fork(), and the caller sleeps until the child has called execve() or is gone.
struct VforkCall {
  static constexpr std::string_view kName = "vfork";
  TaskId child;
  static void each_field(auto& self, auto&& v) { v.field("child", self.child); }
  bool operator==(const VforkCall&) const = default;
};

/// clone() as far as it shares: CLONE_THREAD makes a thread, CLONE_FILES shares the descriptors.
struct CloneCall {
  static constexpr std::string_view kName = "clone";
  CloneFlags flags;
  TaskId child;
  static void each_field(auto& self, auto&& v) {
    v.field("flags", self.flags);
    v.field("child", self.child);
  }
  bool operator==(const CloneCall&) const = default;
};

/// A successful execve(): other threads end, close-on-exec descriptors close, handlers are reset.
struct ExecveCall {
  static constexpr std::string_view kName = "execve";
  std::string pathname;
  static void each_field(auto& self, auto&& v) { v.field("pathname", self.pathname); }
  bool operator==(const ExecveCall&) const = default;
};

/// _exit() of one thread.
struct ExitCall {
  static constexpr std::string_view kName = "exit";
  i32 status = 0;
  static void each_field(auto& self, auto&& v) { v.field("status", self.status); }
  bool operator==(const ExitCall&) const = default;
};

struct ExitGroupCall {
  static constexpr std::string_view kName = "exit_group";
  i32 status = 0;
  static void each_field(auto& self, auto&& v) { v.field("status", self.status); }
  bool operator==(const ExitGroupCall&) const = default;
};

/// `pid` is the number of the task that leads the process.
struct KillCall {
  static constexpr std::string_view kName = "kill";
  TaskId pid;
  Signal sig;
  static void each_field(auto& self, auto&& v) {
    v.field("pid", self.pid);
    v.field("sig", self.sig);
  }
  bool operator==(const KillCall&) const = default;
};

struct TgkillCall {
  static constexpr std::string_view kName = "tgkill";
  TaskId tgid;
  TaskId tid;
  Signal sig;
  static void each_field(auto& self, auto&& v) {
    v.field("tgid", self.tgid);
    v.field("tid", self.tid);
    v.field("sig", self.sig);
  }
  bool operator==(const TgkillCall&) const = default;
};

/// A handler may store bytes at the start of the buffer that the call it interrupts reads (write()
/// or mq_timedsend()): a call that starts again reads those.
struct RtSigactionCall {
  static constexpr std::string_view kName = "rt_sigaction";
  Signal signum;
  Disposition handler = Disposition::kDefault;
  SaFlags sa_flags;
  UserPtr<Payload> stores = {};
  static void each_field(auto& self, auto&& v) {
    v.field("signum", self.signum);
    v.field("handler", self.handler);
    v.field("sa_flags", self.sa_flags);
    v.field("stores", self.stores);
  }
  bool operator==(const RtSigactionCall&) const = default;
};

/// How rt_sigprocmask() changes the mask.
enum class MaskHow : u8 { kBlock, kUnblock, kSetmask };

struct RtSigprocmaskCall {
  static constexpr std::string_view kName = "rt_sigprocmask";
  MaskHow how = MaskHow::kSetmask;
  std::vector<Signal> set;
  static void each_field(auto& self, auto&& v) {
    v.field("how", self.how);
    v.field("set", self.set);
  }
  bool operator==(const RtSigprocmaskCall&) const = default;
};

/// setrlimit() of the soft limit.
struct SetrlimitCall {
  static constexpr std::string_view kName = "setrlimit";
  Resource resource;
  u64 rlim_cur = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("resource", self.resource);
    v.field("rlim_cur", self.rlim_cur);
  }
  bool operator==(const SetrlimitCall&) const = default;
};

}  // namespace ipcsim
