// sendfile() between files. Linux fs/splice.c.
#include "sim/kernel/signals.hpp"
#include "sim/kernel/splice_file.hpp"
#include "sim/kernel/sys_splice.hpp"

namespace ipcsim {
namespace {

/// What a source without an end may be asked for here.
constexpr u64 kMostFromDevice = u64{64} << 20U;

/// The pipe that a task has for itself (`current->splice_pipe`): in no table, never waited for.
PipeInode internal_pipe() {
  PipeInode pipe;
  pipe.max_usage = kPipeDefBuffers;
  pipe.ring_size = kPipeDefBuffers;
  pipe.bufs.resize(kPipeDefBuffers);
  return pipe;
}

/// What a round came to.
struct Round {
  Result<Bytes> sent{Bytes{0}};
  bool whole = false;  ///< all that was read arrived
};

/// One round: as much as the internal pipe holds. Moves both places.
Round send_some(KernelState& k, TaskId id, FileId in, u64& pos, u64 len, FileTarget& target,
                const File& out) {
  PipeInode pipe = internal_pipe();
  u64 next = pos;
  const Result<Bytes> got = splice_read(k, in, next, len, pipe);
  if (!got || got->v == 0) {
    return {.sent = got};
  }
  Result<Bytes> sent = fail(Errno::kEINVAL);
  if (has_splice_write(k, out)) {
    SpliceOut call;
    sent = splice_out_section(pipe, call, got->v, splice_feed(out), target, signal_pending(k, id),
                              k.pages, *k.profile)
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
  FileTarget target(k, id, progress.files[1], *to);
  u64 pos = progress.pos;
  u64 done = 0;
  Round round{.sent = Bytes{0}, .whole = true};
  while (done < call.count && round.whole) {
    round = send_some(k, id, progress.files[0], pos, call.count - done, target, out);
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

}  // namespace ipcsim
