// Descriptors: close(), the dup family, fcntl(), ioctl(). Linux fs/file.c, fs/open.c, fs/fcntl.c.
#include <algorithm>
#include <vector>

#include "sim/kernel/close_all.hpp"
#include "sim/kernel/fasync.hpp"
#include "sim/kernel/file_system.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/sys_mqueue.hpp"
#include "sim/kernel/sys_pipe.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/user_namespace.hpp"

namespace ipcsim {
namespace {

/// Status flags that F_SETFL changes (SETFL_MASK). O_ASYNC is not one of them: only a file that can
/// do it gets it.
constexpr u32 kSetflMask = kOAppend | kONonblock | kODirect | kONoatime;

/// DN_MULTISHOT: the bit of F_NOTIFY's argument that is no event.
constexpr u32 kDnMultishot = 0x80000000;

Section dup_from(KernelState& k, TaskId id, Fd oldfd, Fd lowest, bool close_on_exec) {
  FdTable& table = k.fd_table(id);
  const FileId file = table.file(oldfd);
  const Result<Fd> fd = table.reserve(lowest, k.process_of(id).rlimit_nofile, close_on_exec);
  if (!fd) {
    return Section::failed(fd.error());
  }
  ++k.files[file].f_count;
  table.install(*fd, file);
  return Section::returned(fd->v);
}

/// Linux fs/file.c: ksys_dup3().
Section dup_to(KernelState& k, TaskId id, Fd oldfd, Fd newfd, bool close_on_exec) {
  FdTable& table = k.fd_table(id);
  const u64 limit = std::min(k.process_of(id).rlimit_nofile, kNrOpen);
  const FileId file = table.file(oldfd);
  if (newfd.v < 0 || static_cast<u64>(newfd.v) >= limit || file == kNoFile) {
    return Section::failed(Errno::kEBADF);
  }
  if (table.reserved(newfd)) {
    return Section::failed(Errno::kEBUSY);
  }
  const FileId replaced = table.file(newfd);
  ++k.files[file].f_count;
  table.set(newfd, file, close_on_exec);
  if (replaced != kNoFile) {
    filp_close(k, id, replaced);
  }
  return Section::returned(newfd.v);
}

/// True when the task owns the file, or has CAP_FOWNER. What is behind an epoll instance is root's.
bool owns_file(const KernelState& k, TaskId id, const File& file) {
  const Credentials& cred = k.cred(id);
  if (file.node != kNoInode) {
    return owner_or_capable(k, cred, k.inodes[file.node]);
  }
  return file.kind != FileKind::kEpoll || cred.uid.fs == 0 ||
         (cred.effective.has(Cap::kFowner) && from_kid(k, cred.user_ns, IdKind::kUser, 0));
}

/// Errors, in the order tested: EPERM, O_NOATIME on somebody else's file; EINVAL, O_DIRECT on a
/// file that has no direct I/O. Linux fs/fcntl.c: setfl().
Section set_status_flags(KernelState& k, TaskId task, FileId id, const FcntlCall& call) {
  File& file = k.files[id];
  const u32 flags = static_cast<u32>(call.arg);
  if ((flags & ~file.f_flags & kONoatime) != 0 && !owns_file(k, task, file)) {
    return Section::failed(Errno::kEPERM);
  }
  const bool direct_io = file.kind == FileKind::kPipe ||
                         (file.kind == FileKind::kRegular && k.profile->tmpfs_direct_io);
  if (!direct_io && (flags & kODirect) != 0) {
    return Section::failed(Errno::kEINVAL);
  }
  if (((flags ^ file.f_flags) & kOAsync) != 0) {
    pipe_fasync(k, id, call.fd, (flags & kOAsync) != 0);
  }
  if ((flags & ~file.f_flags & kODirect) != 0 && file.kind == FileKind::kPipe) {
    k.fd_tables.each([id](FdTableId /*id*/, FdTable& table) { table.forget_pipe(id); });
  }
  file.f_flags = (file.f_flags & ~kSetflMask) | (flags & kSetflMask);
  return Section::returned(0);
}

/// Commands about the open file, not the descriptor.
Section file_fcntl(KernelState& k, TaskId id, File& file, const FcntlCall& call) {
  if (file.kind == FileKind::kOther) {
    return Section::not_modelled("this fcntl() command on a file that is no pipe or queue");
  }
  if (auto answer = owner_fcntl(k, id, file, call)) {
    return *std::move(answer);
  }
  switch (call.cmd.v) {
    case kFDupfdQuery: {
      if (!k.profile->dupfd_query) {
        return Section::failed(Errno::kEINVAL);
      }
      const FileId other = k.fd_table(id).file(Fd{static_cast<i32>(call.arg)});
      return other == kNoFile ? Section::failed(Errno::kEBADF)
                              : Section::returned(other == k.fd_table(id).file(call.fd) ? 1 : 0);
    }
    case kFCreatedQuery:
      return k.profile->dupfd_query ? Section::not_modelled("F_CREATED_QUERY")
                                    : Section::failed(Errno::kEINVAL);
    case kFGetlease:
      return Section::returned(kFUnlck);
    case kFNotify:
      if ((static_cast<u32>(call.arg) & ~kDnMultishot) == 0) {
        return Section::returned(0);  // nothing is to be told any more, and nothing was
      }
      return file.kind == FileKind::kDirectory ? Section::not_modelled("F_NOTIFY")
                                               : Section::failed(Errno::kENOTDIR);
    case kFAddSeals:
    case kFGetSeals:
      return file.kind == FileKind::kPipe ? Section::failed(Errno::kEINVAL)
                                          : Section::not_modelled("seals");
    case kFGetfl:
      return Section::returned(file.f_flags);
    case kFSetfl:
      return set_status_flags(k, id, k.fd_table(id).file(call.fd), call);
    case kFGetpipeSz:
    case kFSetpipeSz:
      return file.kind == FileKind::kPipe ? pipe_fcntl(k, id, file.pipe, call)
                                          : Section::failed(Errno::kEBADF);
    default:
      return call.cmd.v > kMostFcntlCmd ? Section::failed(Errno::kEINVAL)
                                        : Section::not_modelled("this fcntl() command");
  }
}

/// Linux fs/fcntl.c: check_fcntl_cmd().
bool allowed_on_path_file(const KernelProfile& profile, u32 cmd) {
  const bool query = cmd == kFDupfdQuery || cmd == kFCreatedQuery;
  return cmd == kFDupfd || cmd == kFDupfdCloexec || cmd == kFGetfd || cmd == kFSetfd ||
         cmd == kFGetfl || (query && profile.dupfd_query);
}

/// The block size of the file system. Linux fs/ioctl.c: do_vfs_ioctl().
Section figetbsz(const KernelState& k, const File& file, OutPtr arg) {
  const bool unknown = file.node == kNoInode && file.kind != FileKind::kEpoll;
  if (unknown || file.kind == FileKind::kDevice) {
    return Section::not_modelled("FIGETBSZ on a file that is no pipe or file of the run");
  }
  if (arg != OutPtr::kValid) {
    return Section::failed(Errno::kEFAULT);
  }
  return Section::returned(0, IntOut{static_cast<i32>(k.pages.page_size())});
}

/// Bytes from the position to the end. Linux fs/ioctl.c: file_ioctl().
Section file_ioctl_fionread(const KernelState& k, const File& file, OutPtr arg) {
  if (file.kind != FileKind::kRegular) {
    return Section::failed(Errno::kENOTTY);
  }
  if (arg != OutPtr::kValid) {
    return Section::failed(Errno::kEFAULT);
  }
  const u64 size = k.inodes[file.node].regular().size;
  return Section::returned(0, IntOut{static_cast<i32>(size - file.f_pos)});
}

/// Errors, in the order tested: EFAULT, ENOTTY (only pipes can do it).
/// Linux fs/ioctl.c: ioctl_fioasync().
Section ioctl_fioasync(KernelState& k, FileId id, const IoctlCall& call) {
  File& file = k.files[id];
  if (call.arg != OutPtr::kValid) {
    return Section::failed(Errno::kEFAULT);
  }
  const bool on = call.value != 0;
  if (on == ((file.f_flags & kOAsync) != 0)) {
    return Section::returned(0);
  }
  if (file.kind != FileKind::kPipe) {
    return file.kind == FileKind::kOther
               ? Section::not_modelled("FIOASYNC on a file that is not under study")
               : Section::failed(Errno::kENOTTY);
  }
  pipe_fasync(k, id, call.fd, on);
  return Section::returned(0);
}

Section generic_ioctl(KernelState& k, TaskId id, File& file, const IoctlCall& call) {
  if (file.kind == FileKind::kEpoll && call.request.v != kFioclex && call.request.v != kFionclex &&
      call.request.v != kFionbio && call.request.v != kFioasync && call.request.v != kFigetbsz &&
      call.request.v != kFioqsize) {
    // ep_eventpoll_ioctl()
    return Section::failed(k.profile->epoll_has_ioctl ? Errno::kEINVAL : Errno::kENOTTY);
  }
  switch (call.request.v) {
    case kFioclex:
    case kFionclex:
      k.fd_table(id).set_close_on_exec(call.fd, call.request.v == kFioclex);
      return Section::returned(0);
    case kFionbio:
      if (call.arg != OutPtr::kValid) {
        return Section::failed(Errno::kEFAULT);
      }
      file.f_flags = call.value != 0 ? file.f_flags | kONonblock : file.f_flags & ~kONonblock;
      return Section::returned(0);
    case kFioasync:
      return ioctl_fioasync(k, k.fd_table(id).file(call.fd), call);
    case kFionread:
      if (file.kind == FileKind::kMqueue) {
        return mqueue_fionread(k, file, call.arg);
      }
      if (file.node == kNoInode || file.kind == FileKind::kNetlink ||
          file.kind == FileKind::kMqLimit) {
        return Section::not_modelled(
            "FIONREAD on a file that is no pipe, queue or file of the run");
      }
      return file.kind == FileKind::kPipe ? pipe_ioctl_fionread(k, file.pipe, call.arg)
                                          : file_ioctl_fionread(k, file, call.arg);
    case kFigetbsz:
      return figetbsz(k, file, call.arg);
    case kFioqsize:
      return file.kind == FileKind::kPipe || file.kind == FileKind::kEpoll
                 ? Section::failed(Errno::kENOTTY)
                 : Section::not_modelled("FIOQSIZE on no pipe");
    default:
      return file.kind == FileKind::kOther || file.kind == FileKind::kSocket ||
                     file.kind == FileKind::kNetlink
                 ? Section::not_modelled("ioctl() on a file that is no pipe or queue")
                 : Section::failed(Errno::kENOTTY);
  }
}

}  // namespace

Section run(KernelState& k, TaskId id, const CloseCall& call) {
  FdTable& table = k.fd_table(id);
  if (table.file(call.fd) == kNoFile) {
    return Section::failed(Errno::kEBADF);
  }
  filp_close(k, id, table.clear(call.fd));
  return Section::returned(0);
}

// Errors: EINVAL: unknown flags, or first > last. CLOSE_RANGE_UNSHARE gives the task a table of its
// own first. Linux fs/file.c: close_range().
Section run(KernelState& k, TaskId id, const CloseRangeCall& call) {
  const u32 flags = call.flags.v;
  if ((flags & ~(kCloseRangeUnshare | kCloseRangeCloexec)) != 0 || call.first > call.last) {
    return Section::failed(Errno::kEINVAL);
  }
  if ((flags & kCloseRangeUnshare) != 0) {
    unshare_fd_table(k, id);
  }
  FdTable& table = k.fd_table(id);
  if ((flags & kCloseRangeCloexec) != 0) {
    // Also those that an open() has reserved and not yet given a file.
    for (u64 number = call.first; number <= call.last; ++number) {
      const Fd fd{static_cast<i32>(number)};
      if (number >= kNrOpen || !table.has_entry(fd)) {
        break;  // beyond all that were ever used
      }
      FdTable::Entry& entry = table.entry(fd);
      entry.close_on_exec = entry.close_on_exec || entry.reserved || entry.file != kNoFile;
    }
    return Section::returned(0);
  }
  std::vector<FileId> closed;
  for (const Fd fd : table.open_fds()) {
    const u32 number = static_cast<u32>(fd.v);
    if (number >= call.first && number <= call.last) {
      closed.push_back(table.clear(fd));
    }
  }
  filp_close_all(k, id, closed);
  return Section::returned(0);
}

Section run(KernelState& k, TaskId id, const DupCall& call) {
  if (find_file(k, id, call.oldfd, true) == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  return dup_from(k, id, call.oldfd, Fd{0}, false);
}

Section run(KernelState& k, TaskId id, const Dup2Call& call) {
  if (call.oldfd == call.newfd) {
    return find_file(k, id, call.oldfd, true) == nullptr ? Section::failed(Errno::kEBADF)
                                                         : Section::returned(call.newfd.v);
  }
  return dup_to(k, id, call.oldfd, call.newfd, false);
}

Section run(KernelState& k, TaskId id, const Dup3Call& call) {
  if ((call.flags.v & ~kOCloexec) != 0 || call.oldfd == call.newfd) {
    return Section::failed(Errno::kEINVAL);
  }
  return dup_to(k, id, call.oldfd, call.newfd, call.flags.v != 0);
}

Section run(KernelState& k, TaskId id, const FcntlCall& call) {
  if (const auto* resize = std::get_if<ResizeInProgress>(&k.task(id).progress)) {
    return finish_resize(k, *resize);
  }
  File* file = find_file(k, id, call.fd, true);
  if (file == nullptr || (file->path_only && !allowed_on_path_file(*k.profile, call.cmd.v))) {
    return Section::failed(Errno::kEBADF);
  }
  FdTable& table = k.fd_table(id);
  switch (call.cmd.v) {
    case kFDupfd:
    case kFDupfdCloexec: {
      const i32 lowest = static_cast<i32>(call.arg);  // the argument is a C int
      if (lowest < 0 || static_cast<u64>(lowest) >= k.process_of(id).rlimit_nofile) {
        return Section::failed(Errno::kEINVAL);
      }
      return dup_from(k, id, call.fd, Fd{lowest}, call.cmd.v == kFDupfdCloexec);
    }
    case kFGetfd:
      return Section::returned(table.close_on_exec(call.fd) ? kFdCloexec : 0);
    case kFSetfd:
      table.set_close_on_exec(call.fd, (call.arg & kFdCloexec) != 0);
      return Section::returned(0);
    default:
      return file_fcntl(k, id, *file, call);
  }
}

Section run(KernelState& k, TaskId id, const IoctlCall& call) {
  File* file = find_file(k, id, call.fd);
  return file == nullptr ? Section::failed(Errno::kEBADF) : generic_ioctl(k, id, *file, call);
}

}  // namespace ipcsim
