// Names and attributes of files.
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <string_view>

#include <fmt/format.h>

#include "sim/kernel/ipc_namespace.hpp"
#include "tools/host/call_encoder.hpp"
#include "tools/host/host_flags.hpp"
#include "tools/host/kernel_structs.hpp"

namespace ipcsim::host {
namespace {

constexpr i32 kAtFdcwd = -100;
constexpr u32 kSIfifo = 0010000;
constexpr u32 kPermissionBits = 07777;
constexpr u32 kAtRemovedir = 0x200;

/// The last name of a path.
std::string_view last_part(std::string_view path) {
  while (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

u64 Encoder::path(const std::string& name) {
  return build_.window().put_text(name_in_run(name, context_.book.queue_folders));
}

void Encoder::put(const OpenCall& c) {
  if (mq_limit_of_path(c.pathname)) {
    return open_limit(c);
  }
  build_.system_call(SYS_openat, kAtFdcwd, path(c.pathname), open_flags_to_host(c.flags.v), c.mode);
}

void Encoder::put(const MkfifoCall& c) {
  build_.system_call(SYS_mknodat, kAtFdcwd, path(c.pathname), kSIfifo | (c.mode & kPermissionBits),
                     0);
}

void Encoder::put(const UnlinkCall& c) {
  build_.system_call(SYS_unlinkat, kAtFdcwd, path(c.pathname), 0);
}

void Encoder::open_limit(const OpenCall& c) {
  if (context_.queue_names != nullptr) {
    return build_.refuse("this machine's own limits cannot be opened");
  }
  build_.system_call(SYS_openat, kAtFdcwd, build_.window().put_text(c.pathname),
                     open_flags_to_host(c.flags.v), c.mode);
}

void Encoder::put(const LseekCall& c) {
  build_.system_call(SYS_lseek, c.fd.v, c.offset, c.whence.v);
}

void Encoder::put(const FtruncateCall& c) { build_.system_call(SYS_ftruncate, c.fd.v, c.length); }

void Encoder::put(const FsyncCall& c) { build_.system_call(SYS_fsync, c.fd.v); }

void Encoder::put(const FdatasyncCall& c) { build_.system_call(SYS_fdatasync, c.fd.v); }

void Encoder::put(const FallocateCall& c) {
  build_.system_call(SYS_fallocate, c.fd.v, c.mode, c.offset, c.len);
}

void Encoder::put(const Fadvise64Call& c) {
  build_.system_call(SYS_fadvise64, c.fd.v, c.offset, c.len, c.advice);
}

void Encoder::put(const ReadaheadCall& c) {
  build_.system_call(SYS_readahead, c.fd.v, c.offset, c.count);
}

void Encoder::put(const SyncFileRangeCall& c) {
  build_.system_call(SYS_sync_file_range, c.fd.v, c.offset, c.nbytes, c.flags);
}

void Encoder::put(const CopyFileRangeCall& c) {
  build_.system_call(SYS_copy_file_range, c.fd_in.v, 0, c.fd_out.v, 0, c.len, c.flags);
}

void Encoder::put(const MmapCall& c) {
  const u32 flags = c.flags.v & (kMapShared | kMapPrivate);
  if (flags != c.flags.v) {
    return build_.refuse("mmap() with other flags than MAP_SHARED and MAP_PRIVATE");
  }
  build_.system_call(SYS_mmap, 0, c.length, c.prot.v, flags, c.fd.v, 0);
}

void Encoder::put(const FlockCall& c) { build_.system_call(SYS_flock, c.fd.v, c.operation.v); }

void Encoder::put(const FstatCall& c) {
  build_.system_call(SYS_fstat, c.fd.v, build_.out<struct stat>(OutPtr::kValid));
}

void Encoder::put(const StatCall& c) {
  const u64 name = path(c.pathname);
  build_.system_call(SYS_newfstatat, kAtFdcwd, name, build_.out<struct stat>(OutPtr::kValid), 0);
}

void Encoder::put(const FstatfsCall& c) {
  build_.system_call(SYS_fstatfs, c.fd.v, build_.out<struct statfs>(OutPtr::kValid));
}

void Encoder::put(const ReadlinkCall& c) {
  const u64 name = path(c.pathname);
  build_.system_call(SYS_readlinkat, kAtFdcwd, name, build_.out<char[kLinkBytes]>(OutPtr::kValid),
                     kLinkBytes);
}

void Encoder::put(const MknodCall& c) {
  const u32 type = c.mode & S_IFMT;
  if (type == S_IFCHR || type == S_IFBLK || type == S_IFSOCK) {
    return build_.refuse("mknod() of a device or socket");
  }
  build_.system_call(SYS_mknodat, kAtFdcwd, path(c.pathname), c.mode, 0);
}

void Encoder::put(const MkdirCall& c) {
  build_.system_call(SYS_mkdirat, kAtFdcwd, path(c.pathname), c.mode);
}

void Encoder::put(const RmdirCall& c) {
  std::string name = name_in_run(c.pathname, context_.book.queue_folders);
  // Nothing is above the run's folder, and ".." there is ".": but which of them it is counts here.
  const std::string_view last = last_part(c.pathname);
  if (last == ".." && last_part(name) == ".") {
    name.insert(name.find_last_of('.'), ".");
  }
  build_.system_call(SYS_unlinkat, kAtFdcwd, build_.window().put_text(name), kAtRemovedir);
}

void Encoder::put(const MountCall& c) {
  if (context_.queue_names != nullptr) {
    return build_.refuse("mount() needs a mount namespace of the run's own");
  }
  if (c.target.find('/') != std::string::npos) {
    return build_.refuse("mount() on a folder in another one");
  }
  context_.book.queue_folders.insert(c.target);
  const u64 name = path(c.target);
  const u64 source = build_.window().put_text("ipcsim");
  build_.system_call(SYS_mount, source, name, build_.window().put_text("mqueue"), c.mountflags.v,
                     0);
}
void Encoder::put(const RenameCall& c) {
  const u64 from = path(c.oldpath);
  build_.system_call(SYS_renameat2, kAtFdcwd, from, kAtFdcwd, path(c.newpath), 0);
}

void Encoder::put(const LinkCall& c) {
  const u64 from = path(c.oldpath);
  build_.system_call(SYS_linkat, kAtFdcwd, from, kAtFdcwd, path(c.newpath), 0);
}

void Encoder::put(const ChmodCall& c) {
  refuse_devices(c.pathname);
  build_.system_call(SYS_fchmodat, kAtFdcwd, path(c.pathname), c.mode);
}

void Encoder::put(const FchmodCall& c) { build_.system_call(SYS_fchmod, c.fd.v, c.mode); }

void Encoder::put(const ChownCall& c) {
  refuse_devices(c.pathname);
  build_.system_call(SYS_fchownat, kAtFdcwd, path(c.pathname), id(c.owner), id(c.group), 0);
}

void Encoder::put(const FchownCall& c) {
  build_.system_call(SYS_fchown, c.fd.v, id(c.owner), id(c.group));
}

void Encoder::put(const SysctlCall& c) {
  build_.refuse(
      fmt::format("{} is a limit of the whole machine, which a run leaves alone", c.name));
}

void Encoder::refuse_devices(const std::string& name) {
  if (name_in_folder(name).starts_with("/")) {
    build_.refuse("changing a file that is not the run's own");
  }
}

}  // namespace ipcsim::host
