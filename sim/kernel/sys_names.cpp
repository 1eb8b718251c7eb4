// Names in the file system: mkfifo(), mknod(), mkdir(), unlink(), rmdir(), rename(), link().
// Linux fs/namei.c.
#include "sim/kernel/file_system.hpp"
#include "sim/kernel/mqueue_fs.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

/// The place of a name that is to be made. Errors, in the order tested: those of walk(), EEXIST,
/// ENOENT (a slash behind a name that is to be no folder), EROFS.
/// Linux fs/namei.c: filename_create().
Result<Path> find_place(KernelState& k, TaskId id, std::string_view name, bool folder) {
  Result<Path> path = walk(k, id, name);
  if (!path) {
    return path;
  }
  if (path->node != kNoInode || path->parent == kNoInode) {
    return fail(Errno::kEEXIST);
  }
  if (path->slash && !folder) {
    return fail(Errno::kENOENT);
  }
  if (read_only(k, k.inodes[path->parent])) {
    return fail(Errno::kEROFS);
  }
  return path;
}

/// The same for a name that the task may make there. Errors: those of find_place(), may_create().
Result<Path> place_for(KernelState& k, TaskId id, std::string_view name, bool folder) {
  Result<Path> path = find_place(k, id, name, folder);
  const Errno error = path ? may_create(k, id, *path) : Errno::kOk;
  return error == Errno::kOk ? std::move(path) : fail(error);
}

/// mknod() of a regular file where the folder has queues. Errors: those of make_queue().
Section make_queue_node(KernelState& k, TaskId id, const Path& path, u32 mode) {
  const Result<InodeId> queue = make_queue(k, id, path, mode, std::nullopt);
  return queue ? Section::returned(0) : Section::failed(queue.error());
}

/// A new node under a name. Errors: those of place_for(); in the folder of queues EPERM for what
/// is no queue. Linux fs/namei.c: vfs_mknod(), vfs_mkdir().
Section make(KernelState& k, TaskId id, std::string_view name, u32 mode,
             decltype(Inode::data) data) {
  const Result<Path> path = place_for(k, id, name, (mode & kSIfmt) == kSIfdir);
  if (!path) {
    return Section::failed(path.error());
  }
  const u32 granted = mode & ~k.fs_context(id).umask;
  if (queue_folder_of(k.inodes[path->parent])) {
    return (mode & kSIfmt) == kSIfreg ? make_queue_node(k, id, *path, granted & kModeBits)
                                      : Section::failed(Errno::kEPERM);
  }
  make_node(k, id, *path, granted, std::move(data));
  return Section::returned(0);
}

/// Two paths may lead into one file system through different mounts, which keeps rename() and
/// link() apart as different file systems do.
bool through_unknown_mounts(const KernelState& k, const Path& path) {
  const auto ns = queue_folder_of(k.inodes[path.parent]);
  return ns && k.ipc_namespaces[*ns].mounts > 1;
}

Section mounted_twice() {
  return Section::not_modelled("two names in a file system that is mounted in several places");
}

/// The folder is `below` or lies in it.
bool contains(const KernelState& k, InodeId above, InodeId below) {
  while (below != above && k.inodes[below].directory().parent != below) {
    below = k.inodes[below].directory().parent;
  }
  return below == above;
}

/// Errors of rename() between two places that were found, in the order tested. Linux fs/namei.c:
/// do_renameat2(), vfs_rename(), fs/libfs.c: simple_rename().
Errno check_rename(const KernelState& k, TaskId id, const Path& from, const Path& to) {
  const Inode& node = k.inodes[from.node];
  const bool folder = node.is_directory();
  if (!folder && (from.slash || to.slash)) {
    return Errno::kENOTDIR;
  }
  if (folder && contains(k, from.node, to.parent)) {
    return Errno::kEINVAL;
  }
  if (to.node != kNoInode && k.inodes[to.node].is_directory() &&
      contains(k, to.node, from.parent)) {
    return Errno::kENOTEMPTY;
  }
  if (from.node == to.node) {
    return Errno::kOk;
  }
  // (What follows is vfs_rename().)
  if (const Errno error = may_delete(k, id, from, folder); error != Errno::kOk) {
    return error;
  }
  const Errno error = to.node == kNoInode ? may_create(k, id, to) : may_delete(k, id, to, folder);
  if (error != Errno::kOk) {
    return error;
  }
  if (queue_folder_of(k.inodes[from.parent])) {
    return Errno::kEPERM;  // it has no rename()
  }
  if (from.mount_point || to.mount_point) {
    return Errno::kEBUSY;
  }
  if (folder && from.parent != to.parent) {
    if (const Errno e = inode_permission(k, k.cred(id), node, kMayWrite); e != Errno::kOk) {
      return e;
    }
  }
  const bool full = to.node != kNoInode && k.inodes[to.node].is_directory() &&
                    !k.inodes[to.node].directory().entries.empty();
  return full ? Errno::kENOTEMPTY : Errno::kOk;
}

}  // namespace

Section run(KernelState& k, TaskId id, const MkfifoCall& call) {
  return make(k, id, call.pathname, kSIfifo | (call.mode & kModeBits), FifoData{});
}

// Errors before those of a name: EPERM (a folder), EINVAL (an unknown type).
// Linux fs/namei.c: do_mknodat(), may_mknod().
Section run(KernelState& k, TaskId id, const MknodCall& call) {
  const u32 bits = call.mode & kModeBits;
  switch (call.mode & kSIfmt) {
    case kSIfifo:
      return make(k, id, call.pathname, kSIfifo | bits, FifoData{});
    case 0:
    case kSIfreg:
      return make(k, id, call.pathname, kSIfreg | bits, RegularData{});
    case kSIfdir:
      return Section::failed(Errno::kEPERM);
    case kSIfchr:
    case kSIfblk:
    case kSIfsock:
      return Section::not_modelled("making a device or a socket");
    default:
      return Section::failed(Errno::kEINVAL);
  }
}

Section run(KernelState& k, TaskId id, const MkdirCall& call) {
  constexpr u32 kFolderBits = 0777 | kSIsvtx;
  return make(k, id, call.pathname, kSIfdir | (call.mode & kFolderBits), DirectoryData{});
}

// Errors, in the order tested: those of walk_to_last(); ENOTEMPTY (".."), EINVAL ("."), EBUSY
// ("/"), EROFS, ENAMETOOLONG, ENOENT, those of may_delete(), EBUSY (something is mounted there),
// ENOTEMPTY. Linux fs/namei.c: do_rmdir(), vfs_rmdir().
Section run(KernelState& k, TaskId id, const RmdirCall& call) {
  const Result<Path> path = walk_to_last(k, id, call.pathname);
  if (!path) {
    return Section::failed(path.error());
  }
  if (path->parent == kNoInode) {
    std::string_view name = call.pathname;
    while (name.ends_with('/')) {
      name.remove_suffix(1);
    }
    return Section::failed(name.ends_with("..")  ? Errno::kENOTEMPTY
                           : name.ends_with('.') ? Errno::kEINVAL
                                                 : Errno::kEBUSY);
  }
  if (read_only(k, k.inodes[path->parent])) {
    return Section::failed(Errno::kEROFS);
  }
  if (path->node == kNoInode) {
    return Section::failed(path->too_long ? Errno::kENAMETOOLONG : Errno::kENOENT);
  }
  if (const Errno error = may_delete(k, id, *path, true); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (path->mount_point) {
    return Section::failed(Errno::kEBUSY);
  }
  if (!k.inodes[path->node].directory().entries.empty()) {
    return Section::failed(Errno::kENOTEMPTY);
  }
  remove_entry(k, path->parent, path->last);
  return Section::returned(0);
}

// Errors, in the order tested: those of walk_to_last(); EXDEV; EBUSY ("." and "..", which cannot
// move); EROFS; ENAMETOOLONG and ENOENT of the old name, ENAMETOOLONG of the new one, those of
// check_rename().
Section run(KernelState& k, TaskId id, const RenameCall& call) {
  const Result<Path> from = walk_to_last(k, id, call.oldpath);
  const Result<Path> to = from ? walk_to_last(k, id, call.newpath) : from;
  if (!to) {
    return Section::failed(to.error());
  }
  if (from->folder == kNoInode && to->folder == kNoInode) {
    return Section::not_modelled("two names outside of the run's folder");
  }
  if (from->folder == kNoInode || to->folder == kNoInode ||
      !same_file_system(k, from->folder, to->folder)) {
    return Section::failed(Errno::kEXDEV);
  }
  if (from->parent == kNoInode || to->parent == kNoInode) {
    return Section::failed(Errno::kEBUSY);
  }
  if (through_unknown_mounts(k, *from)) {
    return mounted_twice();
  }
  if (read_only(k, k.inodes[from->parent])) {
    return Section::failed(Errno::kEROFS);
  }
  if (from->node == kNoInode) {
    return Section::failed(from->too_long ? Errno::kENAMETOOLONG : Errno::kENOENT);
  }
  if (to->too_long) {
    return Section::failed(Errno::kENAMETOOLONG);
  }
  if (const Errno error = check_rename(k, id, *from, *to); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (from->node == to->node) {
    return Section::returned(0);
  }
  if (to->node != kNoInode) {
    remove_entry(k, to->parent, to->last);
  }
  add_entry(k, to->parent, to->last, from->node);
  remove_entry(k, from->parent, from->last);
  if (k.inodes[from->node].is_directory()) {
    k.inodes[from->node].directory().parent = to->parent;
  }
  return Section::returned(0);
}

// A second name for a file. Errors, in the order tested: those of walk(), ENOENT; those of
// find_place(); EXDEV; EPERM (another user's file that is special or cannot be read and written:
// the setting fs.protected_hardlinks); those of may_create(); EPERM (a folder or a queue). Linux
// fs/namei.c: do_linkat(), may_linkat().
Section run(KernelState& k, TaskId id, const LinkCall& call) {
  const Result<Path> from = walk(k, id, call.oldpath);
  if (!from) {
    return Section::failed(from.error());
  }
  if (from->through_fd || (from->parent == kNoInode && !k.inodes[from->node].is_directory())) {
    return Section::not_modelled("a link between file systems");
  }
  if (from->node == kNoInode) {
    return Section::failed(Errno::kENOENT);
  }
  if (from->slash && !k.inodes[from->node].is_directory()) {
    return Section::failed(Errno::kENOTDIR);
  }
  const Result<Path> to = find_place(k, id, call.newpath, false);
  if (!to) {
    return Section::failed(to.error());
  }
  if (!same_file_system(k, from->node, to->parent)) {
    return Section::failed(Errno::kEXDEV);
  }
  if (through_unknown_mounts(k, *to)) {
    return mounted_twice();
  }
  const Credentials& cred = k.cred(id);
  const Inode& node = k.inodes[from->node];
  const bool safe = node.type() == kSIfreg && (node.mode & kSIsuid) == 0 &&
                    inode_permission(k, cred, node, kMayRead | kMayWrite) == Errno::kOk;
  if (!safe && !owner_or_capable(k, cred, node)) {
    return Section::failed(Errno::kEPERM);
  }
  if (const Errno error = may_create(k, id, *to); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (node.is_directory() || node.is_queue()) {
    return Section::failed(Errno::kEPERM);
  }
  add_entry(k, to->parent, to->last, from->node);
  k.inodes[from->node].ctime = k.now;
  return Section::returned(0);
}

Section run(KernelState& k, TaskId id, const UnlinkCall& call) {
  const Result<Path> path = walk_to_last(k, id, call.pathname);
  if (!path) {
    return Section::failed(path.error());
  }
  if (path->parent == kNoInode) {
    return Section::failed(Errno::kEISDIR);
  }
  if (read_only(k, k.inodes[path->parent])) {
    return Section::failed(Errno::kEROFS);
  }
  if (path->node == kNoInode) {
    return Section::failed(path->too_long ? Errno::kENAMETOOLONG : Errno::kENOENT);
  }
  if (path->slash) {
    return Section::failed(k.inodes[path->node].is_directory() ? Errno::kEISDIR : Errno::kENOTDIR);
  }
  if (const Errno error = may_delete(k, id, *path, false); error != Errno::kOk) {
    return Section::failed(error);
  }
  remove_entry(k, path->parent, path->last);
  return Section::returned(0);
}

}  // namespace ipcsim
