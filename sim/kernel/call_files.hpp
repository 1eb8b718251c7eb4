// The calls on descriptors, pipes and FIFOs, as values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/user_memory.hpp"
#include "sim/kernel/call_arguments.hpp"

namespace ipcsim {

// One struct a call. `kName` is the call's name; each_field() visits the parameters under the names
// of the manual page, so that reading, writing and printing are written once. A visitor has
//   field(name, value)                           an ordinary parameter
//   in_buffer(pointer_name, length_name, seg)    bytes that the kernel reads
//   out_buffer(pointer_name, length_name, seg)   room that the kernel fills
//   in_iov(name, segments), out_iov(name, segments)
//   page_iov(name, segments)                     either, in memory that may have a name
//   payload(name, bytes)
// A parameter with its default value may be left out of a trace.

struct Pipe2Call {
  static constexpr std::string_view kName = "pipe2";
  OpenFlags flags;
  OutPtr pipefd = OutPtr::kValid;
  static void each_field(auto& self, auto&& v) {
    v.field("pipefd", self.pipefd);
    v.field("flags", self.flags);
  }
  bool operator==(const Pipe2Call&) const = default;
};

struct ReadCall {
  static constexpr std::string_view kName = "read";
  Fd fd;
  UserSegment buf;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.out_buffer("buf", "count", self.buf);
  }
  bool operator==(const ReadCall&) const = default;
};

struct WriteCall {
  static constexpr std::string_view kName = "write";
  Fd fd;
  UserSegment buf;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.in_buffer("buf", "count", self.buf);
  }
  bool operator==(const WriteCall&) const = default;
};

struct ReadvCall {
  static constexpr std::string_view kName = "readv";
  Fd fd;
  std::vector<UserSegment> iov;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.out_iov("iov", self.iov);
  }
  bool operator==(const ReadvCall&) const = default;
};

struct WritevCall {
  static constexpr std::string_view kName = "writev";
  Fd fd;
  std::vector<UserSegment> iov;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.in_iov("iov", self.iov);
  }
  bool operator==(const WritevCall&) const = default;
};

struct Pread64Call {
  static constexpr std::string_view kName = "pread64";
  Fd fd;
  UserSegment buf;
  i64 offset = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.out_buffer("buf", "count", self.buf);
    v.field("offset", self.offset);
  }
  bool operator==(const Pread64Call&) const = default;
};

struct Pwrite64Call {
  static constexpr std::string_view kName = "pwrite64";
  Fd fd;
  UserSegment buf;
  i64 offset = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.in_buffer("buf", "count", self.buf);
    v.field("offset", self.offset);
  }
  bool operator==(const Pwrite64Call&) const = default;
};

struct PreadvCall {
  static constexpr std::string_view kName = "preadv";
  Fd fd;
  std::vector<UserSegment> iov;
  i64 offset = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.out_iov("iov", self.iov);
    v.field("offset", self.offset);
  }
  bool operator==(const PreadvCall&) const = default;
};

struct PwritevCall {
  static constexpr std::string_view kName = "pwritev";
  Fd fd;
  std::vector<UserSegment> iov;
  i64 offset = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.in_iov("iov", self.iov);
    v.field("offset", self.offset);
  }
  bool operator==(const PwritevCall&) const = default;
};

struct Preadv2Call {
  static constexpr std::string_view kName = "preadv2";
  Fd fd;
  std::vector<UserSegment> iov;
  i64 offset = 0;  ///< -1: the file's position, which a pipe does not have
  RwFlags flags;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.out_iov("iov", self.iov);
    v.field("offset", self.offset);
    v.field("flags", self.flags);
  }
  bool operator==(const Preadv2Call&) const = default;
};

struct Pwritev2Call {
  static constexpr std::string_view kName = "pwritev2";
  Fd fd;
  std::vector<UserSegment> iov;
  i64 offset = 0;
  RwFlags flags;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.in_iov("iov", self.iov);
    v.field("offset", self.offset);
    v.field("flags", self.flags);
  }
  bool operator==(const Pwritev2Call&) const = default;
};

struct CloseCall {
  static constexpr std::string_view kName = "close";
  Fd fd;
  static void each_field(auto& self, auto&& v) { v.field("fd", self.fd); }
  bool operator==(const CloseCall&) const = default;
};

struct DupCall {
  static constexpr std::string_view kName = "dup";
  Fd oldfd;
  static void each_field(auto& self, auto&& v) { v.field("oldfd", self.oldfd); }
  bool operator==(const DupCall&) const = default;
};

struct Dup2Call {
  static constexpr std::string_view kName = "dup2";
  Fd oldfd;
  Fd newfd;
  static void each_field(auto& self, auto&& v) {
    v.field("oldfd", self.oldfd);
    v.field("newfd", self.newfd);
  }
  bool operator==(const Dup2Call&) const = default;
};

struct Dup3Call {
  static constexpr std::string_view kName = "dup3";
  Fd oldfd;
  Fd newfd;
  OpenFlags flags;
  static void each_field(auto& self, auto&& v) {
    v.field("oldfd", self.oldfd);
    v.field("newfd", self.newfd);
    v.field("flags", self.flags);
  }
  bool operator==(const Dup3Call&) const = default;
};

/// `arg` is a number, of F_SETOWN a task's; for F_SETFL and F_SETFD a trace may name its bits.
/// `owner` is what F_SETOWN_EX reads, and F_GETOWN_EX writes unless it is a bad pointer.
struct FcntlCall {
  static constexpr std::string_view kName = "fcntl";
  Fd fd;
  FcntlCmd cmd;
  i64 arg = 0;
  UserPtr<OwnerEx> owner;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.field("cmd", self.cmd);
    v.fcntl_arg("arg", self.cmd, self.arg);
    v.field("owner", self.owner);
  }
  bool operator==(const FcntlCall&) const = default;
};

/// FIONREAD writes an int through `arg`; FIONBIO reads `value` there.
struct IoctlCall {
  static constexpr std::string_view kName = "ioctl";
  Fd fd;
  IoctlRequest request;
  OutPtr arg = OutPtr::kValid;
  i32 value = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.field("request", self.request);
    v.field("arg", self.arg);
    v.field("value", self.value);
  }
  bool operator==(const IoctlCall&) const = default;
};

/// `timeout` in milliseconds; negative waits for ever.
struct PollCall {
  static constexpr std::string_view kName = "poll";
  std::vector<PollFd> fds;
  i32 timeout = -1;
  static void each_field(auto& self, auto&& v) {
    v.field("fds", self.fds);
    v.field("timeout", self.timeout);
  }
  bool operator==(const PollCall&) const = default;
};

/// open() of a FIFO by name (relative names and absolute ones are names in a folder of the run's
/// own), or of a pipe as /proc/self/fd/N or /dev/fd/N.
struct OpenCall {
  static constexpr std::string_view kName = "open";
  std::string pathname;
  OpenFlags flags;
  u32 mode = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("pathname", self.pathname);
    v.field("flags", self.flags);
    v.mode("mode", self.mode);
  }
  bool operator==(const OpenCall&) const = default;
};

/// mkfifo(): mknod() with S_IFIFO.
struct MkfifoCall {
  static constexpr std::string_view kName = "mkfifo";
  std::string pathname;
  u32 mode = 0600;
  static void each_field(auto& self, auto&& v) {
    v.field("pathname", self.pathname);
    v.mode("mode", self.mode);
  }
  bool operator==(const MkfifoCall&) const = default;
};

struct UnlinkCall {
  static constexpr std::string_view kName = "unlink";
  std::string pathname;
  static void each_field(auto& self, auto&& v) { v.field("pathname", self.pathname); }
  bool operator==(const UnlinkCall&) const = default;
};

}  // namespace ipcsim
