// splice(), tee() and sendfile(). Linux fs/splice.c, fs/read_write.c.
#include "sim/kernel/sys_splice.hpp"

#include <limits>

#include "sim/kernel/files.hpp"
#include "sim/kernel/iovec.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/splice_file.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

/// Stores what outlives a section. The first time the call takes its files.
void keep_progress(KernelState& k, Task& task, const SpliceInProgress& progress) {
  if (std::holds_alternative<std::monostate>(task.progress)) {
    for (const FileId file : progress.files) {
      ++k.files[file].f_count;
    }
  }
  task.progress = progress;
}

}  // namespace

Section finish_splice(KernelState& k, TaskId id, const SpliceInProgress& progress,
                      const SpliceSection& section, PipeId in, PipeId out) {
  Task& task = k.task(id);
  if (section.end == SpliceEnd::kPrepared) {
    finish_wait(k, id);
    keep_progress(k, task, progress);
    enqueue_first(k, id);  // it goes on; another processor may come between
    return Section::asleep();
  }
  if (section.end == SpliceEnd::kAsleepOnIn || section.end == SpliceEnd::kAsleepOnOut) {
    const WaitQueueId queue =
        section.end == SpliceEnd::kAsleepOnIn ? k.pipes[in].rd_wait : k.pipes[out].wr_wait;
    if (task.wait_entry != kNoWaitEntry && k.wait_queues[task.wait_entry].queue != queue) {
      finish_wait(k, id);
    }
    keep_progress(k, task, progress);
    sleep_on(k, id, queue, false);
    return Section::asleep();
  }
  finish_wait(k, id);
  if (out != kNoPipe) {
    apply_effects(k, id, out, section.out_effects);
  }
  if (in != kNoPipe) {
    apply_effects(k, id, in, section.in_effects);
  }
  return section.result ? Section::returned(static_cast<i64>(section.result->v))
                        : Section::failed(section.result.error());
}

Result<u64> place(const UserPtr<i64>& offset, const File& file, u64 len) {
  constexpr u64 kMost = std::numeric_limits<i64>::max();
  const u64 pos = offset.is_null() ? file.f_pos : static_cast<u64>(offset.value);
  if (len > kMost || pos > kMost || len > kMost - pos) {
    return fail(Errno::kEINVAL);
  }
  return pos;
}

void tell_place(File& file, u64 pos, const UserPtr<i64>& pointer, std::optional<i64>& told) {
  if (pointer.is_null()) {
    file.f_pos = pos;
  } else {
    told = static_cast<i64>(pos);
  }
}

namespace {

bool is_pipe(const File& file) { return file.kind == FileKind::kPipe; }
/// Whether the call must not wait because of a file's O_NONBLOCK.
bool nonblocking(const KernelState& k, const File& file) {
  return k.profile->splice_respects_nonblock && (file.f_flags & kONonblock) != 0;
}
bool readable(const File& file) { return file.kind == FileKind::kOther || file.f_mode.read; }
bool writable(const File& file) { return file.kind == FileKind::kOther || file.f_mode.write; }

/// The files behind a call's two descriptors.
struct Ends {
  FileId in;
  FileId out;
};

Result<Ends> find_ends(KernelState& k, TaskId id, Fd in, Fd out) {
  if (find_file(k, id, in) == nullptr || find_file(k, id, out) == nullptr) {
    return fail(Errno::kEBADF);
  }
  return Ends{k.fd_table(id).file(in), k.fd_table(id).file(out)};
}

/// Sockets, and the files of /proc/sys, have a way of their own to splice.
bool is_spliced_its_own_way(const File& file) {
  return file.kind == FileKind::kSocket || file.kind == FileKind::kNetlink ||
         file.kind == FileKind::kMqLimit;
}

bool has_own_splice(KernelState& k, TaskId id, Fd in, Fd out) {
  const Result<Ends> ends = find_ends(k, id, in, out);
  return ends &&
         (is_spliced_its_own_way(k.files[ends->in]) || is_spliced_its_own_way(k.files[ends->out]));
}

/// splice() and tee() from pipe to pipe.
Section between(KernelState& k, TaskId id, SpliceInProgress progress, u64 len, bool copy) {
  const PipeId in = k.files[progress.files[0]].pipe;
  const PipeId out = k.files[progress.files[1]].pipe;
  PipeToPipe& locals = std::get<PipeToPipe>(progress.locals);
  auto* step = copy ? &tee_section : &splice_pipe_to_pipe_section;
  const SpliceSection section = step(k.pipes[in].inode, k.pipes[out].inode, locals, len,
                                     signal_pending(k, id), k.pages, *k.profile);
  return finish_splice(k, id, progress, section, in, out);
}

/// splice() from a pipe into a file. `*pos` is where the file goes on.
Section into_file(KernelState& k, TaskId id, SpliceInProgress progress, u64 len, u64& pos) {
  const PipeId in = k.files[progress.files[0]].pipe;
  FileTarget target(k, id, progress.files[1], progress.pos);
  const SpliceSection section = splice_out_section(
      k.pipes[in].inode, std::get<SpliceOut>(progress.locals), len,
      splice_feed(k.files[progress.files[1]]), target, signal_pending(k, id), k.pages, *k.profile);
  if (target.not_modelled()) {
    return Section::not_modelled(*target.not_modelled());
  }
  pos = target.pos();
  return finish_splice(k, id, progress, section, in, kNoPipe);
}

/// splice() and sendfile() from a file into a pipe. `*pos` is where the file goes on.
/// Linux fs/splice.c: splice_file_to_pipe().
Section out_of_file(KernelState& k, TaskId id, SpliceInProgress progress, u64 len, u64& pos) {
  const PipeId out = k.files[progress.files[1]].pipe;
  PipeInode& pipe = k.pipes[out].inode;
  SpliceSection section =
      wait_for_space(pipe, std::get<SpliceIn>(progress.locals), signal_pending(k, id));
  pos = progress.pos;
  if (section.end == SpliceEnd::kReady) {
    section = splice_in_done(splice_read(k, id, progress.files[0], pos, len, pipe));
  }
  return finish_splice(k, id, progress, section, kNoPipe, out);
}

Output output_of(const Offsets& offsets) { return offsets.any() ? Output{offsets} : Output{}; }

bool succeeded(const Section& section) {
  return section.end == Section::End::kReturned && section.result.error == Errno::kOk;
}

Section with_offsets(Section section, const Offsets& offsets) {
  if (succeeded(section)) {
    section.result.out = output_of(offsets);
  }
  return section;
}

/// Whether the file's place is written back: whatever came of the call, but for 6.12.y.
bool writes_place_back(const KernelState& k, const Section& section) {
  return succeeded(section) ||
         (section.end == Section::End::kReturned && k.profile->splice_failure_moves_back);
}

/// Linux fs/splice.c: do_splice(). A file without a pointer to an offset is where the call left
/// off: after a failed sleep in which somebody else moved it, where the call began.
Section splice_section(KernelState& k, TaskId id, const SpliceInProgress& progress,
                       const SpliceCall& call) {
  if (std::holds_alternative<PipeToPipe>(progress.locals)) {
    return between(k, id, progress, call.len, false);
  }
  u64 pos = 0;
  Offsets offsets;
  if (std::holds_alternative<SpliceOut>(progress.locals)) {
    Section section = into_file(k, id, progress, call.len, pos);
    if (writes_place_back(k, section)) {
      tell_place(k.files[progress.files[1]], pos, call.off_out, offsets.off_out);
    }
    return with_offsets(std::move(section), offsets);
  }
  Section section = out_of_file(k, id, progress, call.len, pos);
  if (writes_place_back(k, section)) {
    tell_place(k.files[progress.files[0]], pos, call.off_in, offsets.off_in);
  }
  return with_offsets(std::move(section), offsets);
}

/// The length that splice() goes on with. Linux fs/splice.c: do_splice_to().
u64 length_with_file(const KernelState& k, u64 len) {
  constexpr u64 kMost = std::numeric_limits<i64>::max();
  return len > kMost && k.profile->splice_cuts_huge_len ? kMaxRwCount : len;
}

/// What do_splice() tests when one side is a file, and the locals that it begins with.
/// Errors, in the order the kernel tests them:
///   EINVAL  into a file opened O_APPEND; place(); into a file without splice_write
///   EINVAL  neither is a pipe
Result<SpliceInProgress> begin_with_file(const KernelState& k, Ends ends, const SpliceCall& call) {
  const File& in = k.files[ends.in];
  const File& out = k.files[ends.out];
  const bool nonblock = (call.flags.v & kSpliceNonblock) != 0;
  const u64 len = length_with_file(k, call.len);
  SpliceInProgress progress{.files = {ends.in, ends.out}, .pos = 0, .locals = {}};
  if (is_pipe(in)) {
    const Result<u64> pos = place(call.off_out, out, len);
    if ((out.f_flags & kOAppend) != 0 || !pos || !has_splice_write(k, out)) {
      return fail(Errno::kEINVAL);
    }
    progress.pos = *pos;
    progress.locals = SpliceOut{.nonblock = nonblock || nonblocking(k, in)};
    return progress;
  }
  const Result<u64> pos = place(call.off_in, in, len);
  if (!is_pipe(out) || !pos) {
    return fail(Errno::kEINVAL);
  }
  progress.pos = *pos;
  progress.locals = SpliceIn{.nonblock = nonblock || nonblocking(k, out)};
  return progress;
}

/// The checks of splice(), in the order the kernel makes them. Linux fs/splice.c: __do_splice().
///   EINVAL  unknown flags
///   EBADF   a descriptor is not open
///   ESPIPE  an offset for a pipe (from here on RWF_NOWAIT no longer works on the pipes)
///   EFAULT  off_out or off_in cannot be read
///   EBADF   the input cannot be read, or the output not written
///   EINVAL  both are the same pipe; begin_with_file()
Result<SpliceInProgress> begin_splice(KernelState& k, TaskId id, const SpliceCall& call) {
  if ((call.flags.v & ~kSpliceFlags) != 0) {
    return fail(Errno::kEINVAL);
  }
  const Result<Ends> ends = find_ends(k, id, call.fd_in, call.fd_out);
  if (!ends) {
    return fail(ends.error());
  }
  File& in = k.files[ends->in];
  File& out = k.files[ends->out];
  for (auto [file, offset] : {std::pair{&in, &call.off_in}, std::pair{&out, &call.off_out}}) {
    if (is_pipe(*file)) {
      if (!offset->is_null()) {
        return fail(Errno::kESPIPE);
      }
      file->nowait = false;
    }
  }
  if (call.off_out.is_bad() || call.off_in.is_bad()) {
    return fail(Errno::kEFAULT);
  }
  if (!readable(in) || !writable(out)) {
    return fail(Errno::kEBADF);
  }
  if (!is_pipe(in) || !is_pipe(out)) {
    return begin_with_file(k, *ends, call);
  }
  if (in.pipe == out.pipe) {
    return fail(Errno::kEINVAL);
  }
  const bool nonblock =
      (call.flags.v & kSpliceNonblock) != 0 || nonblocking(k, in) || nonblocking(k, out);
  return SpliceInProgress{
      .files = {ends->in, ends->out}, .pos = 0, .locals = PipeToPipe{.nonblock = nonblock}};
}

/// The checks of tee(), in the order the kernel makes them. Linux fs/splice.c: do_tee().
///   EBADF   a descriptor is not open, the input cannot be read or the output not written
///   EINVAL  they are not two pipes
Result<SpliceInProgress> begin_tee(KernelState& k, TaskId id, const TeeCall& call) {
  const Result<Ends> ends = find_ends(k, id, call.fd_in, call.fd_out);
  if (!ends) {
    return fail(ends.error());
  }
  const File& in = k.files[ends->in];
  const File& out = k.files[ends->out];
  if (!readable(in) || !writable(out)) {
    return fail(Errno::kEBADF);
  }
  if (!is_pipe(in) || !is_pipe(out) || in.pipe == out.pipe) {
    return fail(Errno::kEINVAL);
  }
  const bool nonblock =
      (call.flags.v & kSpliceNonblock) != 0 || nonblocking(k, in) || nonblocking(k, out);
  return SpliceInProgress{
      .files = {ends->in, ends->out}, .pos = 0, .locals = PipeToPipe{.nonblock = nonblock}};
}

/// The checks of sendfile(), in the order the kernel makes them. Linux fs/read_write.c:
/// do_sendfile().
///   EFAULT  offset cannot be read
///   EBADF   in_fd is not open, or not for reading
///   ESPIPE  an offset for a pipe, a socket or an epoll instance
///   EINVAL  place()
///   EBADF   out_fd is not open, or not for writing
Result<SpliceInProgress> begin_sendfile(KernelState& k, TaskId id, const SendfileCall& call) {
  if (call.offset.is_bad()) {
    return fail(Errno::kEFAULT);
  }
  const File* in = find_file(k, id, call.in_fd);
  if (in == nullptr || !readable(*in)) {
    return fail(Errno::kEBADF);
  }
  const bool has_places = !is_pipe(*in) && in->kind != FileKind::kEpoll &&
                          in->kind != FileKind::kSocket && in->kind != FileKind::kNetlink;
  if (!call.offset.is_null() && !has_places) {
    return fail(Errno::kESPIPE);
  }
  const Result<u64> pos = place(call.offset, *in, call.count);
  if (!pos) {
    return fail(pos.error());
  }
  const File* out = find_file(k, id, call.out_fd);
  if (out == nullptr || !writable(*out)) {
    return fail(Errno::kEBADF);
  }
  return SpliceInProgress{
      .files = {k.fd_table(id).file(call.in_fd), k.fd_table(id).file(call.out_fd)},
      .pos = *pos,
      .locals = SpliceIn{.nonblock = nonblocking(k, *out)}};
}

Section sendfile_section(KernelState& k, TaskId id, const SpliceInProgress& progress,
                         const SendfileCall& call) {
  u64 pos = 0;
  Section section = out_of_file(k, id, progress, call.count, pos);
  if (succeeded(section)) {
    Offsets offsets;
    tell_place(k.files[progress.files[0]], pos, call.offset, offsets.offset);
    section.result.out = output_of(offsets);
  }
  return section;
}

}  // namespace

Section run(KernelState& k, TaskId id, const SpliceCall& call) {
  if (const auto* progress = std::get_if<SpliceInProgress>(&k.task(id).progress)) {
    return splice_section(k, id, *progress, call);
  }
  if (call.len == 0) {
    return Section::returned(0);
  }
  const Result<SpliceInProgress> progress = begin_splice(k, id, call);
  if (has_own_splice(k, id, call.fd_in, call.fd_out)) {
    return Section::not_modelled("splice() with a socket");
  }
  if (!progress) {
    return Section::failed(progress.error());
  }
  return splice_section(k, id, *progress, call);
}

Section run(KernelState& k, TaskId id, const TeeCall& call) {
  if (const auto* progress = std::get_if<SpliceInProgress>(&k.task(id).progress)) {
    return between(k, id, *progress, call.len, true);
  }
  if ((call.flags.v & ~kSpliceFlags) != 0) {
    return Section::failed(Errno::kEINVAL);
  }
  if (call.len == 0) {
    return Section::returned(0);
  }
  const Result<SpliceInProgress> progress = begin_tee(k, id, call);
  if (!progress) {
    return Section::failed(progress.error());
  }
  return between(k, id, *progress, call.len, true);
}

Section run(KernelState& k, TaskId id, const SendfileCall& call) {
  if (const auto* progress = std::get_if<SpliceInProgress>(&k.task(id).progress)) {
    return sendfile_section(k, id, *progress, call);
  }
  const Result<SpliceInProgress> progress = begin_sendfile(k, id, call);
  if (has_own_splice(k, id, call.in_fd, call.out_fd)) {
    return Section::not_modelled("sendfile() with a socket");
  }
  if (!progress) {
    return Section::failed(progress.error());
  }
  const File& out = k.files[progress->files[1]];
  if (is_pipe(out) && k.profile->sendfile_copies) {
    return send_by_copies(k, id, *progress, call);
  }
  return is_pipe(out) ? sendfile_section(k, id, *progress, call)
                      : send_to_file(k, id, *progress, call);
}

}  // namespace ipcsim
