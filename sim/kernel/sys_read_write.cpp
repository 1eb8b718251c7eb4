// read(), write(), their forms with vectors, places and flags. Linux fs/read_write.c, fs/pipe.c.
#include <algorithm>

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/iovec.hpp"
#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/sys_file_io.hpp"
#include "sim/kernel/sys_mqueue.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

using Segments = std::span<const UserSegment>;

Errno check_single(Segments buf) {
  return buf.front().len >= kUserSpace ? Errno::kEFAULT : Errno::kOk;
}

/// The segments without what lies beyond the longest transfer.
std::vector<UserSegment> cut_to_longest(Segments segments) {
  std::vector<UserSegment> cut;
  u64 left = kMaxRwCount;
  for (UserSegment segment : segments) {
    segment.len = std::min(segment.len, left);
    left -= segment.len;
    cut.push_back(std::move(segment));
  }
  return cut;
}

/// What kind of transfer a call is.
struct Transfer {
  bool write = false;
  bool vector = false;
  u32 rw_flags = 0;       ///< RWF_* of preadv2(), pwritev2()
  std::optional<i64> at;  ///< the place in the file, of the calls that state one
};

/// Runs the pipe's section and turns its outcome into the call's.
Section finish_section(KernelState& k, TaskId id, PipeId pipe, const PipeSection& section,
                       WaitQueueId queue) {
  if (section.end == PipeSectionEnd::kAsleep) {
    apply_effects(k, id, pipe, section.effects);
    sleep_on(k, id, queue, k.profile->two_wait_queues);
    return Section::asleep();
  }
  finish_wait(k, id);
  apply_effects(k, id, pipe, section.effects);
  return section.result ? Section::returned(static_cast<i64>(section.result->v))
                        : Section::failed(section.result.error());
}

bool moved_bytes(const Section& outcome) {
  return outcome.end == Section::End::kReturned && outcome.result.ret > 0;
}

/// Whether what is written and read shows in the times of the pipe's node.
bool has_times(const KernelState& k, const PipeObject& pipe) {
  return !pipe.anonymous || k.profile->anonymous_pipe_times;
}

PipeIoContext context_of(const KernelState& k, TaskId id, const File& file, u32 rw_flags) {
  return {.nonblock = (file.f_flags & kONonblock) != 0 || (rw_flags & kRwfNowait) != 0,
          .packets = (file.f_flags & kODirect) != 0,
          .nosignal = (rw_flags & kRwfNosignal) != 0,
          .signal_pending = signal_pending(k, id)};
}

Section write_section(KernelState& k, TaskId id, FileId file_id, Segments segments, u32 rw_flags) {
  const File& file = k.files[file_id];
  PipeObject& pipe = k.pipes[file.pipe];
  Task& task = k.task(id);
  WriteInProgress progress{.file = file_id, .rw_flags = rw_flags};
  if (const auto* saved = std::get_if<WriteInProgress>(&task.progress)) {
    progress = *saved;
  }
  const PipeSection section =
      pipe_write_section(pipe.inode, progress.locals, segments,
                         context_of(k, id, file, progress.rw_flags), k.pages, *k.profile);
  if (section.end == PipeSectionEnd::kAsleep || task.progress.index() != 0) {
    task.progress = progress;
  }
  Section outcome = finish_section(k, id, file.pipe, section, pipe.wr_wait);
  if (moved_bytes(outcome) && has_times(k, pipe)) {
    file_modified(k, file);
  }
  return outcome;
}

Section read_section(KernelState& k, TaskId id, FileId file_id, Segments segments, u32 rw_flags) {
  const File& file = k.files[file_id];
  PipeObject& pipe = k.pipes[file.pipe];
  Task& task = k.task(id);
  ReadInProgress progress{.file = file_id, .rw_flags = rw_flags};
  if (auto* saved = std::get_if<ReadInProgress>(&task.progress)) {
    progress = std::move(*saved);
  }
  const bool keep = k.pages.contents() == Contents::kKept;
  const PipeSection section =
      pipe_read_section(pipe.inode, progress.locals, segments, keep ? &progress.bytes : nullptr,
                        context_of(k, id, file, progress.rw_flags), k.pages, *k.profile);
  Section outcome = finish_section(k, id, file.pipe, section, pipe.rd_wait);
  if (moved_bytes(outcome)) {
    if (!pipe.anonymous) {
      file_accessed(k, file);
    } else if (has_times(k, pipe)) {
      k.inodes[file.node].atime = k.now;  // pipefs knows no "relatime"
    }
    const u64 len = static_cast<u64>(outcome.result.ret);
    outcome.result.out.emplace<ReadBytes>(
        ReadBytes{keep ? Payload::of_bytes(std::move(progress.bytes)) : Payload::of_unknown(len)});
  }
  if (section.end == PipeSectionEnd::kAsleep || task.progress.index() != 0) {
    task.progress = std::move(progress);
  }
  return outcome;
}

/// REQUIRES: the segments passed the checks.
Section transfer_section(KernelState& k, TaskId id, FileId file, Segments segments,
                         const Transfer& transfer) {
  std::vector<UserSegment> cut;
  if (total_len(segments) > kMaxRwCount) {
    cut = cut_to_longest(segments);
    segments = cut;
  }
  if (k.files[file].kind != FileKind::kPipe) {
    FileTransfer place{.write = transfer.write};
    if (transfer.at) {
      place.at = static_cast<u64>(*transfer.at);
    }
    return file_transfer(k, id, file, segments, place);
  }
  return transfer.write ? write_section(k, id, file, segments, transfer.rw_flags)
                        : read_section(k, id, file, segments, transfer.rw_flags);
}

/// Whether a pipe's transfer may have these flags. Those that are allowed and not looked at later
/// mean nothing to a pipe. Errors, in the order the kernel tests them:
///   EOPNOTSUPP  a bit that this kernel does not know
///   EINVAL      RWF_APPEND and RWF_NOAPPEND together
///   EOPNOTSUPP  RWF_NOWAIT on a file without FMODE_NOWAIT
///   EOPNOTSUPP  RWF_ATOMIC, RWF_DONTCACHE: no pipe has them
/// Linux include/linux/fs.h: kiocb_set_rw_flags().
Errno check_rw_flags(const KernelState& k, const File& file, u32 flags) {
  u32 known = kRwfHipri | kRwfDsync | kRwfSync | kRwfNowait | kRwfAppend;
  known |= k.profile->rwf_noappend ? kRwfNoappend : 0;
  known |= k.profile->rwf_nosignal ? kRwfNosignal : 0;
  if ((flags & ~(known | kRwfAtomic | kRwfDontcache)) != 0) {
    return Errno::kEOPNOTSUPP;
  }
  if ((flags & kRwfAppend) != 0 && (flags & kRwfNoappend) != 0) {
    return Errno::kEINVAL;
  }
  if ((flags & kRwfNowait) != 0 && !file.nowait) {
    return Errno::kEOPNOTSUPP;
  }
  return (flags & (kRwfAtomic | kRwfDontcache)) != 0 ? Errno::kEOPNOTSUPP : Errno::kOk;
}

/// The checks of the VFS, then the first section. Errors, in the order the kernel tests them:
///   EINVAL  a negative place
///   EBADF   no such descriptor
///   ESPIPE  a place in a pipe or epoll instance
///   EBADF   not open for this direction
///   EINVAL  a queue, or a vector that is too long or has a negative length
///   EFAULT  a buffer out of the user half of the address space
///   then check_rw_flags(), unless there is no byte to transfer
/// To some version the vector's errors came before those of the direction.
/// Linux fs/read_write.c: ksys_pread64(), do_preadv(), vfs_readv(), import_iovec().
Section start_transfer(KernelState& k, TaskId id, Fd fd, Segments segments,
                       const Transfer& transfer) {
  if (transfer.at && *transfer.at < 0) {
    return Section::failed(Errno::kEINVAL);
  }
  const FileId number = k.fd_table(id).file(fd);
  if (number == kNoFile || k.files[number].path_only) {
    return Section::failed(Errno::kEBADF);
  }
  File* file = &k.files[number];
  if (file->kind == FileKind::kOther || file->kind == FileKind::kSocket ||
      file->kind == FileKind::kNetlink) {
    return Section::not_modelled("a transfer on a file that is no pipe, FIFO or queue");
  }
  if (transfer.at && (file->kind == FileKind::kPipe || file->kind == FileKind::kEpoll)) {
    return Section::failed(Errno::kESPIPE);
  }
  const Errno error = transfer.vector ? check_vector(segments) : check_single(segments);
  if (error != Errno::kOk && transfer.vector && k.profile->vector_before_mode) {
    return Section::failed(error);
  }
  if (transfer.write ? !file->f_mode.write : !file->f_mode.read) {
    return Section::failed(Errno::kEBADF);
  }
  const bool queue = file->kind == FileKind::kMqueue;
  if (queue && transfer.write) {
    return Section::failed(Errno::kEINVAL);
  }
  if (file->kind == FileKind::kEpoll) {
    return Section::failed(Errno::kEINVAL);
  }
  if (error != Errno::kOk) {
    return Section::failed(error);
  }
  if ((file->kind == FileKind::kPipe || transfer.vector) && total_len(segments) == 0) {
    return Section::returned(0);  // vfs_writev() asks no file for nothing
  }
  if (transfer.rw_flags != 0) {
    if (file->kind != FileKind::kPipe) {
      return Section::not_modelled("RWF_* flags on a file that is no pipe");
    }
    if (const Errno refused = check_rw_flags(k, *file, transfer.rw_flags); refused != Errno::kOk) {
      return Section::failed(refused);
    }
  }
  if (queue) {
    return read_mqueue_text(k, id, *file, segments, transfer.at);
  }
  if (file->kind == FileKind::kMqLimit) {
    return transfer.at || segments.size() != 1
               ? Section::not_modelled("a limit's file in parts or at a place")
           : transfer.write ? write_mq_limit(k, *file, segments.front())
                            : read_mq_limit(k, *file, segments.front());
  }
  return transfer_section(k, id, number, segments, transfer);
}

/// The file that a sleeping transfer holds.
FileId held_file(const Task& task, bool write) {
  return write ? std::get<WriteInProgress>(task.progress).file
               : std::get<ReadInProgress>(task.progress).file;
}

// Apart from transfer(): with one variable alone to return, the outcome is made where it goes to.
Section first_section(KernelState& k, TaskId id, Fd fd, Segments segments,
                      const Transfer& transfer) {
  Section section = start_transfer(k, id, fd, segments, transfer);
  if (section.end == Section::End::kAsleep) {
    ++k.files[held_file(k.task(id), transfer.write)].f_count;
  }
  return section;
}

Section transfer(KernelState& k, TaskId id, Fd fd, Segments segments, const Transfer& transfer) {
  const bool resumed = !std::holds_alternative<std::monostate>(k.task(id).progress);
  return resumed
             ? transfer_section(k, id, held_file(k.task(id), transfer.write), segments, transfer)
             : first_section(k, id, fd, segments, transfer);
}

/// The place that preadv2() and pwritev2() state: -1 is the file's own position.
std::optional<i64> place_of(i64 offset) {
  return offset == -1 ? std::nullopt : std::optional{offset};
}

}  // namespace

Section run(KernelState& k, TaskId id, const ReadCall& call) {
  return transfer(k, id, call.fd, {&call.buf, 1}, {});
}

Section run(KernelState& k, TaskId id, const WriteCall& call) {
  return transfer(k, id, call.fd, {&call.buf, 1}, {.write = true});
}

Section run(KernelState& k, TaskId id, const ReadvCall& call) {
  return transfer(k, id, call.fd, call.iov, {.vector = true});
}

Section run(KernelState& k, TaskId id, const WritevCall& call) {
  return transfer(k, id, call.fd, call.iov, {.write = true, .vector = true});
}

Section run(KernelState& k, TaskId id, const Pread64Call& call) {
  return transfer(k, id, call.fd, {&call.buf, 1}, {.at = call.offset});
}

Section run(KernelState& k, TaskId id, const Pwrite64Call& call) {
  return transfer(k, id, call.fd, {&call.buf, 1}, {.write = true, .at = call.offset});
}

Section run(KernelState& k, TaskId id, const PreadvCall& call) {
  return transfer(k, id, call.fd, call.iov, {.vector = true, .at = call.offset});
}

Section run(KernelState& k, TaskId id, const PwritevCall& call) {
  return transfer(k, id, call.fd, call.iov, {.write = true, .vector = true, .at = call.offset});
}

Section run(KernelState& k, TaskId id, const Preadv2Call& call) {
  return transfer(k, id, call.fd, call.iov,
                  {.vector = true, .rw_flags = call.flags.v, .at = place_of(call.offset)});
}

Section run(KernelState& k, TaskId id, const Pwritev2Call& call) {
  return transfer(
      k, id, call.fd, call.iov,
      {.write = true, .vector = true, .rw_flags = call.flags.v, .at = place_of(call.offset)});
}

}  // namespace ipcsim
