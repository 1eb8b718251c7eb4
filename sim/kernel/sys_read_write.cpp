// read(), write() and their vector forms. Linux fs/read_write.c, fs/pipe.c.
#include <algorithm>

#include "sim/kernel/files.hpp"
#include "sim/kernel/iovec.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/sys_file_io.hpp"
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

/// Which way the bytes go, and whether the call is a vector call.
struct Direction {
  bool write = false;
  bool vector = false;
};

PipeIoContext context_of(const KernelState& k, TaskId id, const File& file) {
  return {.nonblock = (file.f_flags & kONonblock) != 0,
          .packets = (file.f_flags & kODirect) != 0,
          .signal_pending = signal_pending(k, id)};
}

/// The locals of the call that goes on, or those of one that begins.
template <class InProgress>
InProgress locals_of(const Task& task, FileId file) {
  const auto* saved = std::get_if<InProgress>(&task.progress);
  return saved != nullptr ? *saved : InProgress{.file = file};
}

/// Goes to sleep as the pipe's section says. From the first sleep on the call holds its file.
Section sleep_in(KernelState& k, TaskId id, const PipeSection& section, const auto& progress,
                 WaitQueueId queue) {
  Task& task = k.task(id);
  const File& file = k.files[progress.file];
  if (std::holds_alternative<std::monostate>(task.progress)) {
    ++k.files[progress.file].f_count;
  }
  task.progress = progress;
  apply_effects(k, id, file.pipe, section.effects);
  sleep_on(k, id, queue, true);
  return Section::asleep();
}

Section write_section(KernelState& k, TaskId id, FileId file_id, Segments segments) {
  const File& file = k.files[file_id];
  PipeObject& pipe = k.pipes[file.pipe];
  auto progress = locals_of<WriteInProgress>(k.task(id), file_id);
  const PipeSection section = pipe_write_section(pipe.inode, progress.locals, segments,
                                                 context_of(k, id, file), k.pages, *k.profile);
  if (section.end == PipeSectionEnd::kAsleep) {
    return sleep_in(k, id, section, progress, pipe.wr_wait);
  }
  finish_wait(k, id);
  apply_effects(k, id, file.pipe, section.effects);
  return section.result ? Section::returned(static_cast<i64>(section.result->v))
                        : Section::failed(section.result.error());
}

/// What a read of `len` bytes gives; `bytes` is null when contents are not kept.
Section bytes_read(u64 len, SharedBytes* bytes) {
  Section section = Section::returned(static_cast<i64>(len));
  if (len > 0) {
    section.result.out.emplace<ReadBytes>(ReadBytes{
        bytes != nullptr ? Payload::of_bytes(std::move(*bytes)) : Payload::of_unknown(len)});
  }
  return section;
}

Section read_section(KernelState& k, TaskId id, FileId file_id, Segments segments) {
  const File& file = k.files[file_id];
  PipeObject& pipe = k.pipes[file.pipe];
  auto progress = locals_of<ReadInProgress>(k.task(id), file_id);
  const bool keep = k.pages.contents() == Contents::kKept;
  SharedBytes bytes;
  if (keep && !pipe_empty(pipe.inode)) {
    bytes = SharedBytes(std::min(total_len(segments), pipe_fionread(pipe.inode).v));
  }
  const PipeSection section =
      pipe_read_section(pipe.inode, progress.locals, segments, keep ? &bytes : nullptr,
                        context_of(k, id, file), k.pages, *k.profile);
  if (section.end == PipeSectionEnd::kAsleep) {
    return sleep_in(k, id, section, progress, pipe.rd_wait);
  }
  finish_wait(k, id);
  apply_effects(k, id, file.pipe, section.effects);
  if (!section.result) {
    return Section::failed(section.result.error());
  }
  return bytes_read(section.result->v, keep ? &bytes : nullptr);
}

/// REQUIRES: the segments passed the checks.
Section transfer_section(KernelState& k, TaskId id, FileId file, Segments segments,
                         Direction direction) {
  std::vector<UserSegment> cut;
  if (total_len(segments) > kMaxRwCount) {
    cut = cut_to_longest(segments);
    segments = cut;
  }
  if (k.files[file].kind != FileKind::kPipe) {
    return file_transfer(k, id, file, segments, {.write = direction.write});
  }
  return direction.write ? write_section(k, id, file, segments)
                         : read_section(k, id, file, segments);
}

/// The checks of the VFS, then the pipe's first section.
Section start_transfer(KernelState& k, TaskId id, Fd fd, Segments segments, Direction direction) {
  const File* file = find_file(k, id, fd);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (file->kind == FileKind::kOther) {
    return Section::not_modelled("a transfer on a file that is no pipe, FIFO or queue");
  }
  if (direction.write ? !file->f_mode.write : !file->f_mode.read) {
    return Section::failed(Errno::kEBADF);
  }
  if (file->kind == FileKind::kMqueue) {
    return direction.write ? Section::failed(Errno::kEINVAL)
                           : Section::not_modelled("reading the status text of a queue");
  }
  const Errno error = direction.vector ? check_vector(segments) : check_single(segments);
  if (error != Errno::kOk) {
    return Section::failed(error);
  }
  if (file->kind == FileKind::kPipe && total_len(segments) == 0) {
    return Section::returned(0);
  }
  return transfer_section(k, id, k.fd_table(id).file(fd), segments, direction);
}

/// The file that a sleeping transfer holds.
FileId held_file(const Task& task, Direction direction) {
  return direction.write ? std::get<WriteInProgress>(task.progress).file
                         : std::get<ReadInProgress>(task.progress).file;
}

Section transfer(KernelState& k, TaskId id, Fd fd, Segments segments, Direction direction) {
  if (std::holds_alternative<std::monostate>(k.task(id).progress)) {
    return start_transfer(k, id, fd, segments, direction);
  }
  return transfer_section(k, id, held_file(k.task(id), direction), segments, direction);
}

}  // namespace

Section run(KernelState& k, TaskId id, const ReadCall& call) {
  return transfer(k, id, call.fd, {&call.buf, 1}, {.write = false, .vector = false});
}

Section run(KernelState& k, TaskId id, const WriteCall& call) {
  return transfer(k, id, call.fd, {&call.buf, 1}, {.write = true, .vector = false});
}

Section run(KernelState& k, TaskId id, const ReadvCall& call) {
  return transfer(k, id, call.fd, call.iov, {.write = false, .vector = true});
}

Section run(KernelState& k, TaskId id, const WritevCall& call) {
  return transfer(k, id, call.fd, call.iov, {.write = true, .vector = true});
}

}  // namespace ipcsim
