// Attributes of files: stat(), chmod(), chown(), flock(), umask().
// Linux fs/stat.c, fs/attr.c, fs/locks.c.
#include <optional>

#include <fmt/format.h>
#include <range/v3/algorithm/any_of.hpp>
#include <range/v3/algorithm/count_if.hpp>
#include <range/v3/algorithm/find_if.hpp>

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/mqueue_fs.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/user_namespace.hpp"

namespace ipcsim {
namespace {

constexpr std::string_view kOtherFile = "this call on a file that is no pipe or file of the run";
constexpr u64 kBlockBytes = 512;
constexpr u64 kPipefsMagic = 0x50495045;
constexpr u64 kTmpfsMagic = 0x01021994;
constexpr u64 kMqueueMagic = 0x19800202;

bool is_anonymous(const Inode& node) { return node.is_fifo() && node.fifo().anonymous; }

u64 magic_of(const Inode& node) {
  if (node.is_queue() || queue_folder_of(node)) {
    return kMqueueMagic;
  }
  return is_anonymous(node) ? kPipefsMagic : kTmpfsMagic;
}

/// st_size as tmpfs has it, and the file system of queues: a folder counts 20 for each entry, "."
/// and ".." too.
u64 size_of(const Inode& node) {
  constexpr u64 kEntryBytes = 20;
  if (node.is_directory()) {
    return kEntryBytes * (2 + node.directory().entries.size());
  }
  if (node.is_queue()) {
    return static_cast<u64>(node.queue().size);
  }
  return node.is_regular() ? node.regular().size : 0;
}

u64 blocks_of(const KernelState& k, const Inode& node) {
  if (!node.is_regular()) {
    return 0;
  }
  const auto pages = ranges::count_if(node.regular().pages, [](PageId p) { return p != kNoPage; });
  return static_cast<u64>(pages) * k.pages.page_size() / kBlockBytes;
}

/// The node's number, given when it is first told; and which times differ from those last told.
Section stat_section(KernelState& k, TaskId task, InodeId id) {
  Inode& node = k.inodes[id];
  if (node.type() == kSIfchr) {
    return Section::not_modelled("the attributes of a device");
  }
  u32 changed = 0;
  if (node.number == 0) {
    node.number = ++k.told_inodes;
  } else {
    changed |= node.atime != node.told_atime ? kAtimeChanged : 0;
    changed |= node.mtime != node.told_mtime ? kMtimeChanged : 0;
    changed |= node.ctime != node.told_ctime ? kCtimeChanged : 0;
  }
  node.told_atime = node.atime;
  node.told_mtime = node.mtime;
  node.told_ctime = node.ctime;
  const UserNsId ns = k.cred(task).user_ns;
  return Section::returned(0, StatOut{.ino = node.number,
                                      .mode = node.mode,
                                      .nlink = node.nlink,
                                      .uid = from_kid_munged(k, ns, IdKind::kUser, node.uid),
                                      .gid = from_kid_munged(k, ns, IdKind::kGroup, node.gid),
                                      .size = size_of(node),
                                      .blksize = k.pages.page_size(),
                                      .blocks = blocks_of(k, node),
                                      .changed = StatTimes{changed}});
}

/// The existing node at the end of a path, symbolic links followed.
Result<InodeId> node_at(KernelState& k, TaskId id, std::string_view name) {
  const Result<Path> path = walk(k, id, name);
  if (!path) {
    return fail(path.error());
  }
  if (path->node == kNoInode) {
    return path->through_fd ? kNoInode : Result<InodeId>{fail(Errno::kENOENT)};
  }
  if (path->slash && !k.inodes[path->node].is_directory()) {
    return fail(Errno::kENOTDIR);
  }
  return path->node;
}

/// Runs `change` on the node at the end of a path.
Section at_path(KernelState& k, TaskId id, std::string_view name, auto&& change) {
  const Result<InodeId> node = node_at(k, id, name);
  if (!node) {
    return Section::failed(node.error());
  }
  return *node == kNoInode ? Section::not_modelled(std::string(kOtherFile)) : change(*node);
}

/// A device is the machine's, not the program's: no run may change it.
std::optional<Section> refuse_device(const Inode& node) {
  if (node.type() == kSIfchr) {
    return Section::not_modelled("to change a device");
  }
  return std::nullopt;
}

/// Runs `change` on the node of an open file; an O_PATH file counts for fstat() alone.
Section at_file(KernelState& k, TaskId id, Fd fd, bool path_too, auto&& change) {
  const File* file = find_file(k, id, fd, path_too);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  return file->node == kNoInode ? Section::not_modelled(std::string(kOtherFile))
                                : change(file->node);
}

/// Errors, in the order tested: EROFS, EPERM. Linux fs/attr.c: setattr_prepare(), setattr_copy().
Section change_mode(KernelState& k, TaskId id, InodeId node_id, u32 mode) {
  const Credentials& cred = k.cred(id);
  Inode& node = k.inodes[node_id];
  if (auto refused = refuse_device(node)) {
    return *std::move(refused);
  }
  if (read_only(k, node)) {
    return Section::failed(Errno::kEROFS);
  }
  if (!owner_or_capable(k, cred, node)) {
    return Section::failed(Errno::kEPERM);
  }
  u32 bits = mode & kModeBits;
  if (!cred.in_group(node.gid) && !capable_over(k, cred, node, Cap::kFsetid)) {
    bits &= ~kSIsgid;
  }
  node.mode = node.type() | bits;
  node.ctime = current_time(k, node);
  return Section::returned(0);
}

/// The user namespace that owns the file system of a node.
UserNsId file_system_owner(const KernelState& k, const Inode& node) {
  if (node.is_queue()) {
    return k.ipc_namespaces[k.mqueues[node.queue().queue].ns].user_ns;
  }
  const auto ns = queue_folder_of(node);
  return ns ? k.ipc_namespaces[*ns].user_ns : kInitUserNs;
}

/// Errors, in the order tested: EROFS, EINVAL (an id without a place in the task's user namespace),
/// EOVERFLOW (in the file system's, in older kernels), EPERM. Linux fs/open.c: chown_common(),
/// fs/attr.c: chown_ok(), chgrp_ok(), setattr_should_drop_suidgid().
Section change_owner(KernelState& k, TaskId id, InodeId node_id, i64 owner, i64 group) {
  const Credentials& cred = k.cred(id);
  Inode& node = k.inodes[node_id];
  if (auto refused = refuse_device(node)) {
    return *std::move(refused);
  }
  if (read_only(k, node)) {
    return Section::failed(Errno::kEROFS);
  }
  const bool owns = cred.uid.fs == node.uid;
  const bool capable = capable_over(k, cred, node, Cap::kChown);
  const auto new_uid = make_kid(k, cred.user_ns, IdKind::kUser, static_cast<u32>(owner));
  const auto new_gid = make_kid(k, cred.user_ns, IdKind::kGroup, static_cast<u32>(group));
  if ((owner != -1 && !new_uid) || (group != -1 && !new_gid)) {
    return Section::failed(Errno::kEINVAL);
  }
  const u32 uid = new_uid.value_or(0);
  const u32 gid = new_gid.value_or(0);
  if (const UserNsId ns = file_system_owner(k, node);
      k.profile->chown_asks_file_system &&
      ((owner != -1 && !from_kid(k, ns, IdKind::kUser, uid)) ||
       (group != -1 && !from_kid(k, ns, IdKind::kGroup, gid)))) {
    return Section::failed(Errno::kEOVERFLOW);
  }
  if (owner != -1 && !capable && !(owns && uid == node.uid)) {
    return Section::failed(Errno::kEPERM);
  }
  if (group != -1 && !capable && !(owns && (gid == node.gid || cred.in_group(gid)))) {
    return Section::failed(Errno::kEPERM);
  }
  if (!node.is_directory()) {
    const u32 dropped = setattr_should_drop_suidgid(k, cred, node);
    // Dropping a bit is a change of mode, which CAP_CHOWN does not allow.
    if ((node.mode & dropped) != 0 && !owner_or_capable(k, cred, node)) {
      return Section::failed(Errno::kEPERM);
    }
    node.mode &= ~dropped;
  }
  node.uid = owner == -1 ? node.uid : uid;
  node.gid = group == -1 ? node.gid : gid;
  node.ctime = current_time(k, node);
  return Section::returned(0);
}

}  // namespace

void drop_flock(KernelState& k, FileId file) {
  std::erase_if(k.flocks, [&](const Flock& lock) { return lock.file == file; });
}

Section run(KernelState& k, TaskId id, const FstatCall& call) {
  return at_file(k, id, call.fd, true, [&](InodeId node) { return stat_section(k, id, node); });
}

Section run(KernelState& k, TaskId id, const StatCall& call) {
  return at_path(k, id, call.pathname, [&](InodeId node) { return stat_section(k, id, node); });
}

Section run(KernelState& k, TaskId id, const FstatfsCall& call) {
  return at_file(k, id, call.fd, true, [&](InodeId node) {
    if (k.inodes[node].type() == kSIfchr) {
      return Section::not_modelled("the file system of a device");
    }
    return Section::returned(
        0, StatfsOut{.type = magic_of(k.inodes[node]), .bsize = k.pages.page_size()});
  });
}

Section run(KernelState& k, TaskId id, const ReadlinkCall& call) {
  const Result<Path> path = walk(k, id, call.pathname);
  if (!path) {
    return Section::failed(path.error());
  }
  if (path->slash && path->node != kNoInode && !k.inodes[path->node].is_directory()) {
    return Section::failed(Errno::kENOTDIR);
  }
  if (!path->through_fd) {
    return Section::failed(path->node == kNoInode ? Errno::kENOENT : Errno::kEINVAL);
  }
  if (path->node == kNoInode || !is_anonymous(k.inodes[path->node])) {
    return Section::not_modelled("the name of a file that is no pipe");
  }
  Inode& node = k.inodes[path->node];
  if (node.number == 0) {
    return Section::not_modelled("the name of a pipe whose number no fstat() told");
  }
  const std::string text = fmt::format("pipe:[{}]", node.number);
  return Section::returned(static_cast<i64>(text.size()), ReadBytes{Payload::of_bytes(text)});
}

Section run(KernelState& k, TaskId id, const ChmodCall& call) {
  return at_path(k, id, call.pathname,
                 [&](InodeId node) { return change_mode(k, id, node, call.mode); });
}

Section run(KernelState& k, TaskId id, const FchmodCall& call) {
  return at_file(k, id, call.fd, false,
                 [&](InodeId node) { return change_mode(k, id, node, call.mode); });
}

Section run(KernelState& k, TaskId id, const ChownCall& call) {
  return at_path(k, id, call.pathname,
                 [&](InodeId node) { return change_owner(k, id, node, call.owner, call.group); });
}

Section run(KernelState& k, TaskId id, const FchownCall& call) {
  return at_file(k, id, call.fd, false,
                 [&](InodeId node) { return change_owner(k, id, node, call.owner, call.group); });
}

Section run(KernelState& k, TaskId id, const UmaskCall& call) {
  constexpr u32 kPermissions = 0777;
  FsContext& fs = k.fs_context(id);
  return Section::returned(std::exchange(fs.umask, call.mask & kPermissions));
}

// Errors, in the order tested: EINVAL, EBADF (also an access mode of neither read nor write),
// EAGAIN with LOCK_NB. A file's older lock goes before the new one is tried.
// Linux fs/locks.c: flock(), flock_lock_inode().
Section run(KernelState& k, TaskId id, const FlockCall& call) {
  constexpr u32 kLockMand = 32;
  if ((call.operation.v & kLockMand) != 0) {
    return Section::not_modelled("flock() with LOCK_MAND, which kernels of 2022 and later ignore");
  }
  const u32 operation = call.operation.v & ~kLockNb;
  if (operation != kLockSh && operation != kLockEx && operation != kLockUn) {
    return Section::failed(Errno::kEINVAL);
  }
  const File* file = find_file(k, id, call.fd);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (file->node == kNoInode) {
    return Section::not_modelled(std::string(kOtherFile));
  }
  if (operation != kLockUn && !file->f_mode.read && !file->f_mode.write) {
    return Section::failed(Errno::kEBADF);
  }
  const FileId file_id = k.fd_table(id).file(call.fd);
  const bool exclusive = operation == kLockEx;
  const auto own = ranges::find_if(k.flocks, [&](const Flock& l) { return l.file == file_id; });
  if (own != k.flocks.end() && operation != kLockUn && own->exclusive == exclusive) {
    return Section::returned(0);
  }
  const InodeId node = file->node;
  drop_flock(k, file_id);
  if (operation == kLockUn) {
    return Section::returned(0);
  }
  const bool conflict = ranges::any_of(
      k.flocks, [&](const Flock& l) { return l.node == node && (exclusive || l.exclusive); });
  if (conflict) {
    return (call.operation.v & kLockNb) != 0 ? Section::failed(Errno::kEAGAIN)
                                             : Section::not_modelled("waiting for a flock()");
  }
  k.flocks.push_back({.node = node, .file = file_id, .exclusive = exclusive});
  return Section::returned(0);
}

}  // namespace ipcsim
