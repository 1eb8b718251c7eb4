// mount() of the file system of message queues. Linux fs/namespace.c.
#include "sim/kernel/mqueue_fs.hpp"
#include "sim/kernel/path_walk.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

/// Something keeps the file system from becoming read-only: a queue is open for writing, or is
/// open and has lost its name. Linux fs/namespace.c: sb_prepare_remount_readonly().
bool has_writers(const KernelState& k, IpcNsId ns) {
  bool found = false;
  k.files.each([&](FileId /*id*/, const File& file) {
    found = found || (file.kind == FileKind::kMqueue && file.f_mode.write && !file.path_only &&
                      k.mqueues[file.mqueue].ns == ns);
  });
  k.mqueues.each([&](MqueueId /*id*/, const MqueueObject& queue) {
    found = found || (queue.ns == ns && k.inodes[queue.node].nlink == 0);
  });
  return found;
}

/// MS_REMOUNT. Errors, in the order tested: EINVAL (nothing is mounted there), EBUSY.
/// Linux fs/namespace.c: do_remount(), fs/super.c: reconfigure_super().
Section remount(KernelState& k, InodeId node, bool frozen) {
  const auto ns = queue_folder_of(k.inodes[node]);
  if (!ns) {
    return Section::failed(Errno::kEINVAL);
  }
  IpcNamespace& space = k.ipc_namespaces[*ns];
  if (space.mounts > 1) {
    return Section::not_modelled("a remount of what is mounted in several places");
  }
  if (frozen && !space.read_only && has_writers(k, *ns)) {
    return Section::failed(Errno::kEBUSY);
  }
  space.read_only = frozen;
  return Section::returned(0);
}

}  // namespace

// Errors, in the order tested: those of walk(), ENOENT, ENOTDIR (a slash behind what is no folder),
// EPERM (without CAP_SYS_ADMIN); those of remount(); EBUSY (the same is mounted there already),
// ENOTDIR. Linux fs/namespace.c: path_mount(), do_add_mount().
Section run(KernelState& k, TaskId id, const MountCall& call) {
  const u32 flags = call.mountflags.v;
  if ((flags & ~(kMsRdonly | kMsRemount)) != 0 || flags == kMsRdonly) {
    return Section::not_modelled("mount() with these flags");
  }
  const Result<Path> path = walk(k, id, call.target);
  if (!path) {
    return Section::failed(path.error());
  }
  if (path->through_fd) {
    return Section::not_modelled("a mount on an open file");
  }
  if (path->node == kNoInode) {
    return Section::failed(Errno::kENOENT);
  }
  const Inode& node = k.inodes[path->node];
  if (path->slash && !node.is_directory()) {
    return Section::failed(Errno::kENOTDIR);
  }
  if (!k.cred(id).machine_caps().has(Cap::kSysAdmin)) {  // the mounts are the first one's
    return Section::failed(Errno::kEPERM);
  }
  if ((flags & kMsRemount) != 0) {
    return remount(k, path->node, (flags & kMsRdonly) != 0);
  }
  const IpcNsId ns = k.task(id).ipc;
  if (const auto there = queue_folder_of(node)) {
    return *there == ns ? Section::failed(Errno::kEBUSY)
                        : Section::not_modelled("a mount over another one");
  }
  if (!node.is_directory()) {
    return Section::failed(Errno::kENOTDIR);
  }
  k.inodes[path->node].directory().mounted = k.ipc_namespaces[ns].folder;
  ++k.ipc_namespaces[ns].mounts;
  return Section::returned(0);
}

}  // namespace ipcsim
