#include <algorithm>
#include <array>

#include "model/pipe/pipe_at_once.hpp"
#include "model/pipe/pipe_io.hpp"

namespace ipcsim {
namespace {

/// One section of a read: the arguments of pipe_read_section(), and what its loop has found.
struct Section {
  PipeInode& pipe;
  PipeRead& call;
  const PipeIoContext& context;
  PagePool& pages;
  const KernelProfile& profile;
  bool finished = false;  // nothing more to take, or an error
  Errno error = Errno::kOk;
};

/// Tells that records were lost (WATCH_META_LOSS_NOTIFICATION), once.
void deliver_loss(Section& in, UserSink& sink) {
  constexpr std::array<std::byte, 8> kRecord{std::byte{0}, std::byte{0}, std::byte{0},
                                             std::byte{1}, std::byte{8}, std::byte{0},
                                             std::byte{0}, std::byte{0}};
  if (sink.remaining() < kRecord.size()) {
    in.error = Errno::kENOBUFS;
    in.finished = true;
    return;
  }
  if (sink.copy(kRecord.data(), kRecord.size()) < kRecord.size()) {
    in.error = Errno::kEFAULT;
    in.finished = true;
    return;
  }
  in.call.done += kRecord.size();
  in.pipe.note_loss = false;
}

/// Takes bytes from the tail slot; frees it when it is used up.
void take_from_tail(Section& in, UserSink& sink) {
  PipeInode& pipe = in.pipe;
  PipeBuffer& buf = pipe.slot(pipe.tail);
  const u32 chars = static_cast<u32>(std::min<u64>(buf.len, sink.remaining()));
  if (chars < buf.len && (buf.flags & kPipeBufFlagWhole) != 0) {
    in.error = Errno::kENOBUFS;
    in.finished = true;
    return;
  }
  if (sink.copy(pipe_buf_bytes(buf, in.pages), chars) < chars) {
    in.error = Errno::kEFAULT;
    in.finished = true;
    return;
  }
  in.call.done += chars;
  buf.offset += chars;
  buf.len -= chars;
  if ((buf.flags & kPipeBufFlagPacket) != 0) {
    in.finished = true;
    buf.len = 0;
  }
  if (buf.len == 0) {
    const bool was_full = pipe_full(pipe);
    in.call.wake_writer |= in.profile.read_wakes == ReadWakes::kWhenSlotFreed ||
                           (in.profile.read_wakes == ReadWakes::kWhenFullSlotFreed && was_full);
    pipe_buf_release(pipe, buf, in.pages, in.profile);
    pipe.note_loss |= pipe.watch_queue && (buf.flags & kPipeBufFlagLoss) != 0;
    ++pipe.tail;
  }
  in.finished |= sink.remaining() == 0;
}

/// Takes ordinary slots that the first buffer takes whole.
void take_whole_slots(Section& in, UserSink& sink) {
  const bool was_full = pipe_full(in.pipe);
  const u64 taken = pipe_take_slots(in.pipe, sink.within_reach(), sink.out(), in.pages, in.profile);
  if (taken > 0) {
    sink.filled(taken);
    in.call.done += taken;
    in.call.wake_writer |= in.profile.read_wakes == ReadWakes::kWhenSlotFreed ||
                           (in.profile.read_wakes == ReadWakes::kWhenFullSlotFreed && was_full);
    in.finished |= sink.remaining() == 0;
  }
}

/// Wakes writers when slots were freed. SIGIO goes with the wake-up, or later to everybody.
void tell_writers(const Section& in, PipeEffects& effects) {
  if (in.call.wake_writer) {
    effects.add(PipeEffect::kWakeWrWait);
    if (!in.profile.sigio_at_every_call) {
      effects.add(PipeEffect::kSigioWriters);
    }
  }
}

PipeSection finish(const Section& in) {
  PipeSection section;
  tell_writers(in, section.effects);
  if (in.profile.two_wait_queues && in.call.slept && !pipe_empty(in.pipe)) {
    section.effects.add(PipeEffect::kWakeRdWait);
  }
  if (in.profile.sigio_at_every_call) {
    section.effects.add(PipeEffect::kSigioWriters);
  }
  if (in.call.done > 0 || in.error == Errno::kOk) {
    section.result = Bytes{in.call.done};
  } else {
    section.result = fail(in.error);
  }
  return section;
}

/// A read that is over at once.
PipeSection read_at_once(PipeInode& pipe, PipeBuffer& buf, PipeRead& call, u32 chars,
                         SharedBytes* out, PagePool& pages, const KernelProfile& profile) {
  PipeSection section;
  call.done = chars;
  section.result->v = chars;
  const bool wakes = pipe_take_at_once(pipe, buf, chars, out, pages, profile);
  if (wakes) {
    section.effects.add(PipeEffect::kWakeWrWait);
  }
  if (wakes || profile.sigio_at_every_call) {
    section.effects.add(PipeEffect::kSigioWriters);
  }
  return section;
}

PipeSection fall_asleep(const Section& in) {
  PipeSection section{PipeSectionEnd::kAsleep, Bytes{0}, {}};
  if (in.profile.read_tells_before_sleep) {
    tell_writers(in, section.effects);
    if (in.profile.sigio_at_every_call) {
      section.effects.add(PipeEffect::kSigioWriters);
    }
  }
  in.call.slept = true;
  return section;
}

/// pipe_read_section() of any read; see any_write_section().
[[gnu::noinline]] PipeSection any_read_section(PipeInode& pipe, PipeRead& call,
                                               std::span<const UserSegment> to, SharedBytes* out,
                                               const PipeIoContext& context, PagePool& pages,
                                               const KernelProfile& profile) {
  Section in{pipe, call, context, pages, profile};
  // Without a condition to wait for, whoever is woken goes through the loop again.
  const bool waits_for_condition = !profile.read_waits_for_sleeping_writer;
  if (call.slept && waits_for_condition && !pipe_readable(pipe)) {
    if (context.signal_pending) {
      return {PipeSectionEnd::kReturned, fail(Errno::kERESTARTSYS), {}};
    }
    return {PipeSectionEnd::kAsleep, Bytes{0}, {}};
  }
  if (profile.read_wakes != ReadWakes::kWhenSlotFreed) {
    call.wake_writer = profile.read_wakes == ReadWakes::kWhenWasFull && pipe_full(pipe);
  }
  UserSink sink(to, out, call.done);
  if (out != nullptr && pipe_occupancy(pipe) > 1) {
    out->reserve(out->size() + std::min(sink.remaining(), pipe_fionread(pipe).v));
  }
  do {
    if (pipe.note_loss) {
      deliver_loss(in, sink);
    }
    if (!in.finished) {
      take_whole_slots(in, sink);
    }
    if (!pipe_empty(pipe) && !in.finished) {
      take_from_tail(in, sink);
    }
  } while (!pipe_empty(pipe) && !in.finished);
  if (in.finished || pipe.writers == 0) {
    return finish(in);
  }
  // A writer that sleeps in the kernel has more: to wait for it is no waiting for the program.
  const bool waits_for_more = profile.read_waits_for_sleeping_writer && pipe.waiting_writers > 0;
  if (!waits_for_more && call.done > 0) {
    return finish(in);
  }
  if (!waits_for_more && context.nonblock) {
    in.error = Errno::kEAGAIN;
    return finish(in);
  }
  if (profile.read_waits_for_sleeping_writer && context.signal_pending) {
    in.error = Errno::kERESTARTSYS;
    return finish(in);
  }
  return fall_asleep(in);
}

}  // namespace

PipeSection pipe_read_section(PipeInode& pipe, PipeRead& call, std::span<const UserSegment> to,
                              SharedBytes* out, const PipeIoContext& context, PagePool& pages,
                              const KernelProfile& profile) {
  if (!call.slept && to.size() == 1) {
    PipeBuffer& buf = pipe.slot(pipe.tail);
    if (const u32 chars = pipe_readable_at_once(pipe, buf, to.front()); chars > 0) {
      return read_at_once(pipe, buf, call, chars, out, pages, profile);
    }
  }
  return any_read_section(pipe, call, to, out, context, pages, profile);
}

}  // namespace ipcsim
