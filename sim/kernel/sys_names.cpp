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

}  // namespace

Section run(KernelState& k, TaskId id, const MkfifoCall& call) {
  const Result<Path> path = place_for(k, id, call.pathname, false);
  if (!path) {
    return Section::failed(path.error());
  }
  make_node(k, id, *path, kSIfifo | (call.mode & kModeBits & ~k.fs_context(id).umask), FifoData{});
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
