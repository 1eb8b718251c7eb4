// The calls on who a task is, and on what it hands to others, as values; call_files.hpp says how
// they are written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/caps.hpp"
#include "model/base/user_memory.hpp"
#include "sim/kernel/call_arguments.hpp"

namespace ipcsim {

// An id of -1 is left alone. The system calls are meant, which change the calling thread only.

struct UmaskCall {
  static constexpr std::string_view kName = "umask";
  u32 mask = 0;
  static void each_field(auto& self, auto&& v) { v.mode("mask", self.mask); }
  bool operator==(const UmaskCall&) const = default;
};

struct SetuidCall {
  static constexpr std::string_view kName = "setuid";
  i64 uid = 0;
  static void each_field(auto& self, auto&& v) { v.field("uid", self.uid); }
  bool operator==(const SetuidCall&) const = default;
};

struct SetgidCall {
  static constexpr std::string_view kName = "setgid";
  i64 gid = 0;
  static void each_field(auto& self, auto&& v) { v.field("gid", self.gid); }
  bool operator==(const SetgidCall&) const = default;
};

struct SetreuidCall {
  static constexpr std::string_view kName = "setreuid";
  i64 ruid = -1;
  i64 euid = -1;
  static void each_field(auto& self, auto&& v) {
    v.field("ruid", self.ruid);
    v.field("euid", self.euid);
  }
  bool operator==(const SetreuidCall&) const = default;
};

struct SetregidCall {
  static constexpr std::string_view kName = "setregid";
  i64 rgid = -1;
  i64 egid = -1;
  static void each_field(auto& self, auto&& v) {
    v.field("rgid", self.rgid);
    v.field("egid", self.egid);
  }
  bool operator==(const SetregidCall&) const = default;
};

struct SetresuidCall {
  static constexpr std::string_view kName = "setresuid";
  i64 ruid = -1;
  i64 euid = -1;
  i64 suid = -1;
  static void each_field(auto& self, auto&& v) {
    v.field("ruid", self.ruid);
    v.field("euid", self.euid);
    v.field("suid", self.suid);
  }
  bool operator==(const SetresuidCall&) const = default;
};

struct SetresgidCall {
  static constexpr std::string_view kName = "setresgid";
  i64 rgid = -1;
  i64 egid = -1;
  i64 sgid = -1;
  static void each_field(auto& self, auto&& v) {
    v.field("rgid", self.rgid);
    v.field("egid", self.egid);
    v.field("sgid", self.sgid);
  }
  bool operator==(const SetresgidCall&) const = default;
};

/// Returns the id before, whether or not it was changed.
struct SetfsuidCall {
  static constexpr std::string_view kName = "setfsuid";
  i64 fsuid = -1;
  static void each_field(auto& self, auto&& v) { v.field("fsuid", self.fsuid); }
  bool operator==(const SetfsuidCall&) const = default;
};

struct SetfsgidCall {
  static constexpr std::string_view kName = "setfsgid";
  i64 fsgid = -1;
  static void each_field(auto& self, auto&& v) { v.field("fsgid", self.fsgid); }
  bool operator==(const SetfsgidCall&) const = default;
};

struct SetgroupsCall {
  static constexpr std::string_view kName = "setgroups";
  std::vector<u32> list;
  static void each_field(auto& self, auto&& v) { v.field("list", self.list); }
  bool operator==(const SetgroupsCall&) const = default;
};

struct GetresuidCall {
  static constexpr std::string_view kName = "getresuid";
  static void each_field(auto& /*self*/, auto&& /*v*/) {}
  bool operator==(const GetresuidCall&) const = default;
};

struct GetresgidCall {
  static constexpr std::string_view kName = "getresgid";
  static void each_field(auto& /*self*/, auto&& /*v*/) {}
  bool operator==(const GetresgidCall&) const = default;
};

/// capset() of the calling thread; what is inheritable follows what is permitted.
struct CapsetCall {
  static constexpr std::string_view kName = "capset";
  Caps effective;
  Caps permitted;
  static void each_field(auto& self, auto&& v) {
    v.field("effective", self.effective);
    v.field("permitted", self.permitted);
  }
  bool operator==(const CapsetCall&) const = default;
};

/// Writing a file that says what ids of a process's user namespace are outside: "uid_map",
/// "gid_map" or "setgroups" of /proc/PID. No system call of its own, but open, write and close.
struct IdMapCall {
  static constexpr std::string_view kName = "id_map";
  TaskId pid;  ///< kNoTask: the caller
  std::string file;
  std::string text;
  static void each_field(auto& self, auto&& v) {
    v.field("pid", self.pid);
    v.field("file", self.file);
    v.field("text", self.text);
  }
  bool operator==(const IdMapCall&) const = default;
};

/// socketpair() of AF_UNIX.
struct SocketpairCall {
  static constexpr std::string_view kName = "socketpair";
  SocketType type;
  static void each_field(auto& self, auto&& v) { v.field("type", self.type); }
  bool operator==(const SocketpairCall&) const = default;
};

/// sendmsg() of one buffer, with descriptors as SCM_RIGHTS.
struct SendmsgCall {
  static constexpr std::string_view kName = "sendmsg";
  Fd fd;
  UserSegment buf;
  std::vector<Fd> rights;
  MsgFlags flags;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.in_buffer("buf", "count", self.buf);
    v.field("rights", self.rights);
    v.field("flags", self.flags);
  }
  bool operator==(const SendmsgCall&) const = default;
};

/// recvmsg() into one buffer, with room for `rights` descriptors.
struct RecvmsgCall {
  static constexpr std::string_view kName = "recvmsg";
  Fd fd;
  UserSegment buf;
  u32 rights = 8;
  MsgFlags flags;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.out_buffer("buf", "count", self.buf);
    v.field("rights", self.rights);
    v.field("flags", self.flags);
  }
  bool operator==(const RecvmsgCall&) const = default;
};

}  // namespace ipcsim
