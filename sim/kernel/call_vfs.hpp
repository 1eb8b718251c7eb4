// The calls on names, attributes and contents of files, as values; call_files.hpp says how they are
// written.
#pragma once

#include <string>
#include <string_view>

#include "model/base/user_memory.hpp"
#include "sim/kernel/call_arguments.hpp"

namespace ipcsim {

/// The position of an open file.
struct LseekCall {
  static constexpr std::string_view kName = "lseek";
  Fd fd;
  i64 offset = 0;
  Whence whence;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.field("offset", self.offset);
    v.field("whence", self.whence);
  }
  bool operator==(const LseekCall&) const = default;
};

struct FtruncateCall {
  static constexpr std::string_view kName = "ftruncate";
  Fd fd;
  i64 length = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.field("length", self.length);
  }
  bool operator==(const FtruncateCall&) const = default;
};

struct FsyncCall {
  static constexpr std::string_view kName = "fsync";
  Fd fd;
  static void each_field(auto& self, auto&& v) { v.field("fd", self.fd); }
  bool operator==(const FsyncCall&) const = default;
};

struct FdatasyncCall {
  static constexpr std::string_view kName = "fdatasync";
  Fd fd;
  static void each_field(auto& self, auto&& v) { v.field("fd", self.fd); }
  bool operator==(const FdatasyncCall&) const = default;
};

struct FallocateCall {
  static constexpr std::string_view kName = "fallocate";
  Fd fd;
  i32 mode = 0;
  i64 offset = 0;
  i64 len = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.field("mode", self.mode);
    v.field("offset", self.offset);
    v.field("len", self.len);
  }
  bool operator==(const FallocateCall&) const = default;
};

struct Fadvise64Call {
  static constexpr std::string_view kName = "fadvise64";
  Fd fd;
  i64 offset = 0;
  i64 len = 0;
  i32 advice = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.field("offset", self.offset);
    v.field("len", self.len);
    v.field("advice", self.advice);
  }
  bool operator==(const Fadvise64Call&) const = default;
};

struct ReadaheadCall {
  static constexpr std::string_view kName = "readahead";
  Fd fd;
  i64 offset = 0;
  i64 count = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.field("offset", self.offset);
    v.field("count", self.count);
  }
  bool operator==(const ReadaheadCall&) const = default;
};

struct SyncFileRangeCall {
  static constexpr std::string_view kName = "sync_file_range";
  Fd fd;
  i64 offset = 0;
  i64 nbytes = 0;
  u32 flags = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.field("offset", self.offset);
    v.field("nbytes", self.nbytes);
    v.field("flags", self.flags);
  }
  bool operator==(const SyncFileRangeCall&) const = default;
};

/// copy_file_range() with both offsets NULL.
struct CopyFileRangeCall {
  static constexpr std::string_view kName = "copy_file_range";
  Fd fd_in;
  Fd fd_out;
  i64 len = 0;
  u32 flags = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd_in", self.fd_in);
    v.field("fd_out", self.fd_out);
    v.field("len", self.len);
    v.field("flags", self.flags);
  }
  bool operator==(const CopyFileRangeCall&) const = default;
};

/// mmap() of a file from its start, anywhere.
struct MmapCall {
  static constexpr std::string_view kName = "mmap";
  Fd fd;
  i64 length = 0;
  MapProt prot;
  MapFlags flags;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.field("length", self.length);
    v.field("prot", self.prot);
    v.field("flags", self.flags);
  }
  bool operator==(const MmapCall&) const = default;
};

struct FlockCall {
  static constexpr std::string_view kName = "flock";
  Fd fd;
  LockOperation operation;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.field("operation", self.operation);
  }
  bool operator==(const FlockCall&) const = default;
};

/// fstat(): what of it does not depend on the machine.
struct FstatCall {
  static constexpr std::string_view kName = "fstat";
  Fd fd;
  static void each_field(auto& self, auto&& v) { v.field("fd", self.fd); }
  bool operator==(const FstatCall&) const = default;
};

struct StatCall {
  static constexpr std::string_view kName = "stat";
  std::string pathname;
  static void each_field(auto& self, auto&& v) { v.field("pathname", self.pathname); }
  bool operator==(const StatCall&) const = default;
};

struct FstatfsCall {
  static constexpr std::string_view kName = "fstatfs";
  Fd fd;
  static void each_field(auto& self, auto&& v) { v.field("fd", self.fd); }
  bool operator==(const FstatfsCall&) const = default;
};

/// readlink() of /proc/self/fd/N.
struct ReadlinkCall {
  static constexpr std::string_view kName = "readlink";
  std::string pathname;
  static void each_field(auto& self, auto&& v) { v.field("pathname", self.pathname); }
  bool operator==(const ReadlinkCall&) const = default;
};

/// `mode` with the type: 0010600 is a FIFO.
struct MknodCall {
  static constexpr std::string_view kName = "mknod";
  std::string pathname;
  u32 mode = 0010600;
  static void each_field(auto& self, auto&& v) {
    v.field("pathname", self.pathname);
    v.mode("mode", self.mode);
  }
  bool operator==(const MknodCall&) const = default;
};

struct MkdirCall {
  static constexpr std::string_view kName = "mkdir";
  std::string pathname;
  u32 mode = 0777;
  static void each_field(auto& self, auto&& v) {
    v.field("pathname", self.pathname);
    v.mode("mode", self.mode);
  }
  bool operator==(const MkdirCall&) const = default;
};

struct RmdirCall {
  static constexpr std::string_view kName = "rmdir";
  std::string pathname;
  static void each_field(auto& self, auto&& v) { v.field("pathname", self.pathname); }
  bool operator==(const RmdirCall&) const = default;
};

/// mount() of the file system of the message queues in the task's IPC namespace.
struct MountCall {
  static constexpr std::string_view kName = "mount";
  std::string target;
  MountFlags mountflags;
  static void each_field(auto& self, auto&& v) {
    v.field("target", self.target);
    v.field("mountflags", self.mountflags);
  }
  bool operator==(const MountCall&) const = default;
};

struct RenameCall {
  static constexpr std::string_view kName = "rename";
  std::string oldpath;
  std::string newpath;
  static void each_field(auto& self, auto&& v) {
    v.field("oldpath", self.oldpath);
    v.field("newpath", self.newpath);
  }
  bool operator==(const RenameCall&) const = default;
};

struct LinkCall {
  static constexpr std::string_view kName = "link";
  std::string oldpath;
  std::string newpath;
  static void each_field(auto& self, auto&& v) {
    v.field("oldpath", self.oldpath);
    v.field("newpath", self.newpath);
  }
  bool operator==(const LinkCall&) const = default;
};

struct ChmodCall {
  static constexpr std::string_view kName = "chmod";
  std::string pathname;
  u32 mode = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("pathname", self.pathname);
    v.mode("mode", self.mode);
  }
  bool operator==(const ChmodCall&) const = default;
};

struct FchmodCall {
  static constexpr std::string_view kName = "fchmod";
  Fd fd;
  u32 mode = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.mode("mode", self.mode);
  }
  bool operator==(const FchmodCall&) const = default;
};

/// An id of -1 is left alone.
struct ChownCall {
  static constexpr std::string_view kName = "chown";
  std::string pathname;
  i64 owner = -1;
  i64 group = -1;
  static void each_field(auto& self, auto&& v) {
    v.field("pathname", self.pathname);
    v.field("owner", self.owner);
    v.field("group", self.group);
  }
  bool operator==(const ChownCall&) const = default;
};

struct FchownCall {
  static constexpr std::string_view kName = "fchown";
  Fd fd;
  i64 owner = -1;
  i64 group = -1;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.field("owner", self.owner);
    v.field("group", self.group);
  }
  bool operator==(const FchownCall&) const = default;
};

struct CloseRangeCall {
  static constexpr std::string_view kName = "close_range";
  u32 first = 0;
  u32 last = 0;
  CloseRangeFlags flags;
  static void each_field(auto& self, auto&& v) {
    v.field("first", self.first);
    v.field("last", self.last);
    v.field("flags", self.flags);
  }
  bool operator==(const CloseRangeCall&) const = default;
};

/// Not a system call of its own: opens a file of /proc/sys/fs, writes `value` unless that is -1,
/// and reads the value in force.
struct SysctlCall {
  static constexpr std::string_view kName = "sysctl";
  std::string name;  ///< "fs.pipe-max-size"
  i64 value = -1;
  static void each_field(auto& self, auto&& v) {
    v.field("name", self.name);
    v.field("value", self.value);
  }
  bool operator==(const SysctlCall&) const = default;
};

}  // namespace ipcsim
