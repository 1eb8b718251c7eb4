// open(). Linux fs/open.c, fs/namei.c, fs/pipe.c.
#include <optional>

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/mqueue_fs.hpp"
#include "sim/kernel/regular_file.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

/// Flags of open() that do not stay in the file's status flags.
constexpr u32 kDroppedFlags = kOCreat | kOExcl | kONoctty | kOTrunc | kOCloexec;
/// All that open() looks at beside O_PATH.
constexpr u32 kPathFlags = kOPath | kODirectory | kONofollow | kOCloexec;
/// __O_TMPFILE
constexpr u32 kOTmpfileBit = 020000000;

PipeMode mode_of(u32 flags) {
  const u32 access = flags & kOAccmode;
  return {.read = access == kORdonly || access == kORdwr,
          .write = access == kOWronly || access == kORdwr};
}

/// What permissions the flags ask for; access mode 3 asks for both.
u32 access_mask(u32 flags) {
  if ((flags & kOPath) != 0) {
    return 0;
  }
  const u32 access = flags & kOAccmode;
  return (access != kOWronly ? kMayRead : 0) |
         (access != kORdonly || (flags & kOTrunc) != 0 ? kMayWrite : 0);
}

/// The pipe of a FIFO, made when nobody has it open; counts one more file.
Result<PipeId> pipe_of_fifo(KernelState& k, TaskId id, InodeId node) {
  if (k.inodes[node].fifo().pipe == kNoPipe) {
    const Result<PipeId> made = make_pipe(k, id);
    if (!made) {
      return fail(Errno::kENOMEM);
    }
    FifoData& fifo = k.inodes[node].fifo();
    k.pipes[*made].node = node;
    k.pipes[*made].anonymous = fifo.anonymous;
    k.pipes[*made].alone = stands_alone(k.pipes[*made], *k.profile);
    fifo.pipe = *made;
  }
  const PipeId pipe = k.inodes[node].fifo().pipe;
  ++k.pipes[pipe].inode.files;
  return pipe;
}

/// The file was found to be unusable: it and its descriptor go.
Section give_up(KernelState& k, TaskId id, FileId file, Fd fd, Errno error) {
  k.fd_table(id).unreserve(fd);
  fput(k, id, file);
  return Section::failed(error);
}

/// Takes the next section of the FIFO's open(); at its end installs or undoes the file.
Section open_section(KernelState& k, TaskId id, OpenInProgress progress) {
  File& file = k.files[progress.file];
  const PipeId pipe = file.pipe;
  PipeObject& object = k.pipes[pipe];
  const FifoOpenSection section =
      fifo_open_section(object.inode, progress.locals, file.f_mode,
                        (file.f_flags & kONonblock) != 0, object.anonymous, signal_pending(k, id));
  if (section.asleep) {
    apply_effects(k, id, pipe, section.effects);
    k.task(id).progress = progress;
    sleep_on(k, id, object.rd_wait, false);
    return Section::asleep();
  }
  finish_wait(k, id);
  k.task(id).progress = {};
  FdTable& table = k.fd_table(id);
  apply_effects(k, id, pipe, section.effects);
  if (section.error != Errno::kOk) {
    table.unreserve(progress.fd);
    const InodeId node = file.node;
    k.files.erase(progress.file);
    put_pipe(k, pipe);
    put_node(k, node);
    return Section::failed(section.error);
  }
  if ((file.f_flags & kODirect) != 0) {
    // The FIFO was opened in full; only then is O_DIRECT found to be unsupported.
    return give_up(k, id, progress.file, progress.fd, Errno::kEINVAL);
  }
  file.f_pipe = section.f_pipe;
  table.install(progress.fd, progress.file);
  return Section::returned(progress.fd.v);
}

FileKind kind_of(const Inode& node) {
  if (node.is_queue()) {
    return FileKind::kMqueue;
  }
  switch (node.type()) {
    case kSIfifo:
      return FileKind::kPipe;
    case kSIfdir:
      return FileKind::kDirectory;
    case kSIfreg:
      return FileKind::kRegular;
    default:
      return FileKind::kDevice;
  }
}

/// Makes the file of a node that may be opened. Linux fs/open.c: do_dentry_open().
Section open_node(KernelState& k, TaskId id, InodeId node, Fd fd, u32 flags) {
  const FileKind kind = kind_of(k.inodes[node]);
  File file{.kind = kind,
            .node = node,
            .f_count = 1,
            .f_flags = (flags & ~kDroppedFlags) | kOLargefile,
            .f_mode = mode_of(flags)};
  FdTable& table = k.fd_table(id);
  if ((flags & kOPath) != 0) {
    file.path_only = true;
    file.f_flags = kOPath | (flags & (kODirectory | kONofollow));
    file.f_mode = {};
    get_node(k, node);
    table.install(fd, k.files.insert(file));
    return Section::returned(fd.v);
  }
  if (kind == FileKind::kPipe) {
    const Result<PipeId> pipe = pipe_of_fifo(k, id, node);
    if (!pipe) {
      table.unreserve(fd);
      return Section::failed(pipe.error());
    }
    file.pipe = *pipe;
    get_node(k, node);
    return open_section(k, id, {.file = k.files.insert(file), .fd = fd, .locals = {}});
  }
  if (kind == FileKind::kMqueue) {
    file.mqueue = k.inodes[node].queue().queue;
  }
  get_node(k, node);
  const FileId opened = k.files.insert(file);
  const bool direct_io = kind == FileKind::kRegular && k.profile->tmpfs_direct_io;
  if ((flags & kODirect) != 0 && !direct_io) {
    return give_up(k, id, opened, fd, Errno::kEINVAL);
  }
  if ((flags & kOTrunc) != 0) {
    file_remove_privs(k, k.cred(id), k.inodes[node]);
  }
  if ((flags & kOTrunc) != 0 && kind == FileKind::kRegular) {
    truncate_file(k, node, 0);
    k.inodes[node].mtime = k.now;
    k.inodes[node].ctime = k.now;
  }
  if ((flags & kOTrunc) != 0 && kind == FileKind::kMqueue) {
    k.inodes[node].queue().size = 0;
    k.inodes[node].mtime = queue_time(k);
    k.inodes[node].ctime = queue_time(k);
  }
  table.install(fd, opened);
  return Section::returned(fd.v);
}

/// Errors, in the order tested: EISDIR, EROFS, EACCES, EPERM. Linux fs/namei.c: may_open().
Errno may_open(const KernelState& k, TaskId id, const Inode& node, u32 flags) {
  const u32 mask = access_mask(flags);
  if (mask == 0) {
    return Errno::kOk;
  }
  if (node.is_directory() && (mask & kMayWrite) != 0) {
    return Errno::kEISDIR;
  }
  if ((mask & kMayWrite) != 0 && read_only(k, node)) {
    return Errno::kEROFS;
  }
  const Credentials& cred = k.cred(id);
  if (const Errno error = inode_permission(k, cred, node, mask); error != Errno::kOk) {
    return error;
  }
  return (flags & kONoatime) != 0 && !owner_or_capable(k, cred, node) ? Errno::kEPERM : Errno::kOk;
}

/// What is found by a path is opened. Errors, in the order tested:
///   EEXIST  O_CREAT | O_EXCL
///   EISDIR  O_CREAT on a folder
///   ENOTDIR O_DIRECTORY
///   those of may_open()
/// Linux fs/namei.c: do_open().
Section open_existing(KernelState& k, TaskId id, InodeId id_of_node, Fd fd, u32 flags) {
  const Inode& node = k.inodes[id_of_node];
  Errno error = Errno::kOk;
  if ((flags & kOCreat) != 0) {
    error = (flags & kOExcl) != 0 ? Errno::kEEXIST
            : node.is_directory() ? Errno::kEISDIR
                                  : Errno::kOk;
  }
  if (error == Errno::kOk && (flags & kODirectory) != 0 && !node.is_directory()) {
    error = Errno::kENOTDIR;
  }
  if (error == Errno::kOk) {
    error = may_open(k, id, node, flags);
  }
  if (error != Errno::kOk) {
    k.fd_table(id).unreserve(fd);
    return Section::failed(error);
  }
  return open_node(k, id, id_of_node, fd, flags);
}

/// Whether O_CREAT finds what some settings of the machine (fs.protected_regular, protected_fifos)
/// keep it from opening: another user's file in a sticky folder. Linux fs/namei.c:
/// may_create_in_sticky().
bool may_be_protected(const KernelState& k, TaskId id, const Path& path, u32 flags) {
  if ((flags & (kOCreat | kOExcl)) != kOCreat || path.parent == kNoInode) {
    return false;
  }
  const Inode& folder = k.inodes[path.parent];
  const Inode& node = k.inodes[path.node];
  const bool kind = node.type() == kSIfreg || node.type() == kSIfifo;
  return kind && (folder.mode & kSIsvtx) != 0 && node.uid != folder.uid &&
         node.uid != k.cred(id).uid.fs;
}

/// O_CREAT of what is not there. Errors: EROFS, EACCES. Linux fs/namei.c: lookup_open().
Section create_and_open(KernelState& k, TaskId id, const Path& path, Fd fd, const OpenCall& call) {
  const Errno error = read_only(k, k.inodes[path.parent]) ? Errno::kEROFS : may_create(k, id, path);
  if (error != Errno::kOk) {
    k.fd_table(id).unreserve(fd);
    return Section::failed(error);
  }
  if (queue_folder_of(k.inodes[path.parent])) {
    const u32 bits = call.mode & kModeBits & ~k.fs_context(id).umask;
    const Result<InodeId> queue = make_queue(k, id, path, bits, std::nullopt);
    if (!queue) {
      k.fd_table(id).unreserve(fd);
      return Section::failed(queue.error());
    }
    return open_node(k, id, *queue, fd, call.flags.v & ~kOTrunc);
  }
  const u32 mode = kSIfreg | (call.mode & kModeBits & ~k.fs_context(id).umask);
  return open_node(k, id, make_node(k, id, path, mode, RegularData{}), fd, call.flags.v & ~kOTrunc);
}

}  // namespace

Section run(KernelState& k, TaskId id, const OpenCall& call) {
  if (const auto* progress = std::get_if<OpenInProgress>(&k.task(id).progress)) {
    return open_section(k, id, *progress);
  }
  u32 flags = call.flags.v;
  if ((flags & kOPath) != 0) {
    flags &= kPathFlags;
  }
  if ((flags & (kOCreat | kODirectory)) == (kOCreat | kODirectory)) {
    return Section::failed(Errno::kEINVAL);
  }
  if ((flags & kOTmpfileBit) != 0) {
    return Section::not_modelled("open() with O_TMPFILE");
  }
  if (const Errno error = check_path_text(call.pathname); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (const auto limit = mq_limit_of_path(call.pathname)) {
    return open_mq_limit(k, id, *limit, flags);
  }
  FdTable& table = k.fd_table(id);
  const Result<Fd> fd =
      table.reserve(Fd{0}, k.process_of(id).rlimit_nofile, (flags & kOCloexec) != 0);
  if (!fd) {
    return Section::failed(fd.error());
  }
  const auto refuse = [&](Section section) {
    table.unreserve(*fd);
    return section;
  };
  const Result<Path> path = walk_to_last(k, id, call.pathname);
  if (!path) {
    return refuse(Section::failed(path.error()));
  }
  if (path->through_fd && (flags & kONofollow) != 0) {
    return refuse((flags & kOPath) != 0 ? Section::not_modelled("a descriptor of a symbolic link")
                                        : Section::failed(Errno::kELOOP));
  }
  if (path->through_fd && path->node == kNoInode) {
    return refuse(Section::not_modelled("opening a file that is no pipe, FIFO or file of the run"));
  }
  if ((flags & kOCreat) != 0 && path->slash) {
    return refuse(Section::failed(Errno::kEISDIR));
  }
  if (path->too_long) {
    return refuse(Section::failed(Errno::kENAMETOOLONG));
  }
  if (path->node != kNoInode && may_be_protected(k, id, *path, flags)) {
    return refuse(Section::not_modelled("O_CREAT of another user's file in a sticky folder"));
  }
  if (path->node != kNoInode) {
    return open_existing(k, id, path->node, *fd, path->slash ? flags | kODirectory : flags);
  }
  return (flags & kOCreat) != 0 ? create_and_open(k, id, *path, *fd, call)
                                : refuse(Section::failed(Errno::kENOENT));
}

}  // namespace ipcsim
