// Names in the file system: mkfifo(), mknod(), mkdir(), unlink(), rmdir(), rename(), link().
// Linux fs/namei.c.
#include "sim/kernel/file_system.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

/// The place of a name that is to be made. Errors, in the order tested: those of walk(), EEXIST,
/// ENOENT (a slash behind a name that is to be no folder), those of may_create().
/// Linux fs/namei.c: filename_create().
Result<Path> place_for(KernelState& k, TaskId id, std::string_view name, bool folder) {
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
  if (const Errno error = may_create(k, id, *path); error != Errno::kOk) {
    return fail(error);
  }
  return path;
}

/// A new node under a name. Errors: those of place_for().
Section make(KernelState& k, TaskId id, std::string_view name, u32 mode,
             decltype(Inode::data) data) {
  const Result<Path> path = place_for(k, id, name, (mode & kSIfmt) == kSIfdir);
  if (!path) {
    return Section::failed(path.error());
  }
  make_node(k, id, *path, mode & ~k.fs_context(id).umask, std::move(data));
  return Section::returned(0);
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
  if (const Errno error = may_delete(k, id, from, folder); error != Errno::kOk) {
    return error;
  }
  const Errno error = to.node == kNoInode ? may_create(k, id, to) : may_delete(k, id, to, folder);
  if (error != Errno::kOk) {
    return error;
  }
  if (folder && from.parent != to.parent) {
    if (const Errno e = inode_permission(k.cred(id), node, kMayWrite); e != Errno::kOk) {
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

// Errors, in the order tested: those of walk(); ENOTEMPTY (".."), EINVAL ("."), EBUSY ("/"),
// ENOENT, those of may_delete(), ENOTEMPTY. Linux fs/namei.c: do_rmdir().
Section run(KernelState& k, TaskId id, const RmdirCall& call) {
  const Result<Path> path = walk(k, id, call.pathname);
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
  if (path->node == kNoInode) {
    return Section::failed(Errno::kENOENT);
  }
  if (const Errno error = may_delete(k, id, *path, true); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (!k.inodes[path->node].directory().entries.empty()) {
    return Section::failed(Errno::kENOTEMPTY);
  }
  remove_entry(k, path->parent, path->last);
  return Section::returned(0);
}

// Errors, in the order tested: those of walk(); EBUSY ("." and "..", which cannot move), ENOENT,
// those of check_rename().
Section run(KernelState& k, TaskId id, const RenameCall& call) {
  const Result<Path> from = walk(k, id, call.oldpath);
  const Result<Path> to = from ? walk(k, id, call.newpath) : from;
  if (!to) {
    return Section::failed(to.error());
  }
  if (from->parent == kNoInode || to->parent == kNoInode) {
    return Section::failed(Errno::kEBUSY);
  }
  if (from->node == kNoInode) {
    return Section::failed(Errno::kENOENT);
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
// place_for(); EPERM (another user's file that is special or cannot be read and written: the
// setting fs.protected_hardlinks; a folder). Linux fs/namei.c: do_linkat(), may_linkat().
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
  const Result<Path> to = place_for(k, id, call.newpath, false);
  if (!to && to.error() != Errno::kEACCES) {
    return Section::failed(to.error());
  }
  const Credentials& cred = k.cred(id);
  const Inode& node = k.inodes[from->node];
  const bool safe = node.type() == kSIfreg && (node.mode & kSIsuid) == 0 &&
                    inode_permission(cred, node, kMayRead | kMayWrite) == Errno::kOk;
  if (!safe && !owner_or_capable(cred, node)) {
    return Section::failed(Errno::kEPERM);
  }
  if (!to) {
    return Section::failed(to.error());
  }
  if (node.is_directory()) {
    return Section::failed(Errno::kEPERM);
  }
  add_entry(k, to->parent, to->last, from->node);
  k.inodes[from->node].ctime = k.now;
  return Section::returned(0);
}

Section run(KernelState& k, TaskId id, const UnlinkCall& call) {
  const Result<Path> path = walk(k, id, call.pathname);
  if (!path) {
    return Section::failed(path.error());
  }
  if (path->parent == kNoInode) {
    return Section::failed(Errno::kEISDIR);
  }
  if (path->node == kNoInode) {
    return Section::failed(Errno::kENOENT);
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
