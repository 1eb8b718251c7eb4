// sendfile() between files. Linux fs/splice.c.
#include <optional>
#include <string>

#include "model/pipe/pipe_io.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/splice_file.hpp"
#include "sim/kernel/sys_splice.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

/// What a source without an end may be asked for here.
constexpr u64 kMostFromDevice = u64{64} << 20U;

/// The pipe that a task has for itself: nobody waits for it.
PipeInode ring_of(const SplicePipe& own) {
  PipeInode pipe;
  pipe.max_usage = own.slots;
  pipe.ring_size = own.slots;
  pipe.bufs = SlotRing(own.slots);
  return pipe;
}

/// What a round came to.
struct Round {
  Result<Bytes> sent{Bytes{0}};
  bool whole = false;  ///< all that was read arrived
};

/// A pipe that bytes are written to, as by write().
class PipeTarget final : public SpliceTarget {
 public:
  PipeTarget(KernelState& k, TaskId task, FileId file) : k_(k), task_(task), file_(file) {}

  Result<Bytes> take(std::span<const SpliceChunk> chunks) override {
    u64 len = 0;
    std::string bytes;
    bool known = true;
    for (const SpliceChunk& chunk : chunks) {
      len += chunk.len;
      known = known && chunk.bytes != nullptr;
      if (known) {
        bytes.append(reinterpret_cast<const char*>(chunk.bytes), chunk.len);
      }
    }
    const UserSegment segment{.data = known ? Payload::of_bytes(bytes) : Payload::of_unknown(len),
                              .len = len};
    const File& file = k_.files[file_];
    PipeWrite call;
    const PipeSection section = pipe_write_section(k_.pipes[file.pipe].inode, call, {&segment, 1},
                                                   {.nonblock = (file.f_flags & kONonblock) != 0,
                                                    .packets = (file.f_flags & kODirect) != 0,
                                                    .signal_pending = signal_pending(k_, task_)},
                                                   k_.pages, *k_.profile);
    apply_effects(k_, task_, file.pipe, section.effects);
    waits_ = section.end == PipeSectionEnd::kAsleep;
    return waits_ ? Result<Bytes>{fail(Errno::kEAGAIN)} : section.result;
  }
  /// It would have to sleep for room.
  [[nodiscard]] bool waits() const { return waits_; }

 private:
  KernelState& k_;
  TaskId task_;
  FileId file_;
  bool waits_ = false;
};

/// One round: as much as the internal pipe holds. Moves both places.
Round send_some(KernelState& k, TaskId id, const SplicePipe& own, FileId in, u64& pos, u64 len,
                SpliceTarget& target, std::optional<SpliceFeed> feed) {
  PipeInode pipe = ring_of(own);
  u64 next = pos;
  const Result<Bytes> got = splice_read(k, id, in, next, len, pipe);
  if (!got || got->v == 0) {
    return {.sent = got};
  }
  Result<Bytes> sent = fail(Errno::kEINVAL);
  if (feed) {
    SpliceOut call;
    sent = splice_out_section(pipe, call, got->v, *feed, target, signal_pending(k, id), k.pages,
                              *k.profile)
               .result;
  }
  for (; !pipe_empty(pipe); ++pipe.tail) {
    pipe_buf_release(pipe, pipe.slot(pipe.tail), k.pages, *k.profile);
  }
  const bool whole = sent && sent->v == got->v;
  if (sent) {
    pos = whole ? next : pos + sent->v;
  }
  return {.sent = sent, .whole = whole};
}

}  // namespace

Section send_to_file(KernelState& k, TaskId id, const SpliceInProgress& progress,
                     const SendfileCall& call) {
  const File& in = k.files[progress.files[0]];
  File& out = k.files[progress.files[1]];
  if (in.kind == FileKind::kOther || out.kind == FileKind::kOther) {
    return Section::not_modelled("sendfile() of a file that is not under study into no pipe");
  }
  const Result<u64> to = place({}, out, call.count);
  if (!to || (out.f_flags & kOAppend) != 0 || in.kind == FileKind::kPipe) {
    return Section::failed(Errno::kEINVAL);
  }
  if (in.kind == FileKind::kDevice && call.count > kMostFromDevice) {
    return Section::not_modelled("sendfile() of more than 64 MiB from a device");
  }
  const Result<SplicePipe> own = get_splice_pipe(k, id);
  if (!own) {
    return Section::failed(Errno::kENOMEM);
  }
  FileTarget target(k, id, progress.files[1], *to);
  const auto feed =
      has_splice_write(k, out) ? std::optional{splice_feed(out)} : std::optional<SpliceFeed>{};
  u64 pos = progress.pos;
  u64 done = 0;
  Round round{.sent = Bytes{0}, .whole = true};
  while (done < call.count && round.whole) {
    round = send_some(k, id, *own, progress.files[0], pos, call.count - done, target, feed);
    if (target.not_modelled()) {
      return Section::not_modelled(*target.not_modelled());
    }
    done += round.sent ? round.sent->v : 0;
  }
  if (done == 0) {
    return round.sent ? Section::returned(0) : Section::failed(round.sent.error());
  }
  Offsets offsets;
  tell_place(k.files[progress.files[0]], pos, call.offset, offsets.offset);
  out.f_pos = target.pos();
  return Section::returned(static_cast<i64>(done), offsets.any() ? Output{offsets} : Output{});
}

Section send_by_copies(KernelState& k, TaskId id, const SpliceInProgress& progress,
                       const SendfileCall& call) {
  const File& in = k.files[progress.files[0]];
  if (in.kind == FileKind::kOther || in.kind == FileKind::kDevice) {
    return Section::not_modelled("sendfile() of what is no regular file, as it was to 5.11");
  }
  if (in.kind == FileKind::kPipe) {
    return Section::failed(Errno::kEINVAL);
  }
  const Result<SplicePipe> own = get_splice_pipe(k, id);
  if (!own) {
    return Section::failed(Errno::kENOMEM);
  }
  PipeTarget target(k, id, progress.files[1]);
  // Before pipes had splice_write, every page was a write of its own.
  const SpliceFeed feed = k.profile->splice_without_ops == SpliceFallback::kCopies
                              ? SpliceFeed::kEachSlot
                              : SpliceFeed::kAsWrite;
  u64 pos = progress.pos;
  u64 done = 0;
  Round round{.sent = Bytes{0}, .whole = true};
  while (done < call.count && round.whole) {
    round = send_some(k, id, *own, progress.files[0], pos, call.count - done, target, feed);
    if (target.waits()) {
      return Section::not_modelled("sendfile() that waits for room, as it was to 5.11");
    }
    done += round.sent ? round.sent->v : 0;
  }
  if (done == 0) {
    return round.sent ? Section::returned(0) : Section::failed(round.sent.error());
  }
  Offsets offsets;
  tell_place(k.files[progress.files[0]], pos, call.offset, offsets.offset);
  return Section::returned(static_cast<i64>(done), offsets.any() ? Output{offsets} : Output{});
}

}  // namespace ipcsim
