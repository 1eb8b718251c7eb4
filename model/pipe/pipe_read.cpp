#include <algorithm>

#include "model/pipe/pipe_io.hpp"

namespace ipcsim {
namespace {

/// What the loop over the slots has gathered.
struct Progress {
  u64 done = 0;
  bool wake_writer = false;
  bool finished = false;  // nothing more to take, or an error
  Errno error = Errno::kOk;
};

/// Takes bytes from the tail slot; frees it when it is used up.
void take_from_tail(PipeInode& pipe, UserSink& sink, Progress& progress, PagePool& pages,
                    const KernelProfile& profile) {
  PipeBuffer& buf = pipe.slot(pipe.tail);
  const u32 chars = static_cast<u32>(std::min<u64>(buf.len, sink.remaining()));
  if (sink.copy(pipe_buf_bytes(buf, pages), chars) < chars) {
    progress.error = Errno::kEFAULT;
    progress.finished = true;
    return;
  }
  progress.done += chars;
  buf.offset += chars;
  buf.len -= chars;
  if ((buf.flags & kPipeBufFlagPacket) != 0) {
    progress.finished = true;
    buf.len = 0;
  }
  if (buf.len == 0) {
    progress.wake_writer |= pipe_full(pipe);
    pipe_buf_release(pipe, buf, pages, profile);
    ++pipe.tail;
  }
  progress.finished |= sink.remaining() == 0;
}

PipeSection finish(const PipeInode& pipe, const PipeRead& call, const Progress& progress) {
  PipeSection section;
  if (progress.wake_writer) {
    section.effects.add(PipeEffect::kWakeWrWait);
  }
  if (call.slept && !pipe_empty(pipe)) {
    section.effects.add(PipeEffect::kWakeRdWait);
  }
  section.effects.add(PipeEffect::kSigioWriters);
  if (progress.done > 0 || progress.error == Errno::kOk) {
    section.result = Bytes{progress.done};
  } else {
    section.result = fail(progress.error);
  }
  return section;
}

}  // namespace

PipeSection pipe_read_section(PipeInode& pipe, PipeRead& call, std::span<const UserSegment> to,
                              SharedBytes* out, const PipeIoContext& context, PagePool& pages,
                              const KernelProfile& profile) {
  if (call.slept && !pipe_readable(pipe)) {
    if (context.signal_pending) {
      return {PipeSectionEnd::kReturned, fail(Errno::kERESTARTSYS), {}};
    }
    return {PipeSectionEnd::kAsleep, Bytes{0}, {}};
  }
  UserSink sink(to, out);
  Progress progress;
  while (!pipe_empty(pipe) && !progress.finished) {
    take_from_tail(pipe, sink, progress, pages, profile);
  }
  if (progress.finished || progress.done > 0 || pipe.writers == 0) {
    return finish(pipe, call, progress);
  }
  if (context.nonblock) {
    progress.error = Errno::kEAGAIN;
    return finish(pipe, call, progress);
  }
  call.slept = true;
  return {PipeSectionEnd::kAsleep, Bytes{0}, {}};
}

}  // namespace ipcsim
