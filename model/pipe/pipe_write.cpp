#include <algorithm>

#include "model/pipe/pipe_io.hpp"

namespace ipcsim {
namespace {

/// Most pages that a write takes before the lock.
constexpr u64 kMostPreallocated = 8;

/// One section of a write: the arguments of pipe_write_section().
struct Section {
  PipeInode& pipe;
  PipeWrite& call;
  const PipeIoContext& context;
  PagePool& pages;
  const KernelProfile& profile;
};

/// True when a write may append to `buf`. Before there was a flag the operation table said so: a
/// file's page never took bytes, whatever flags it had inherited.
bool can_merge(const PipeBuffer& buf, const KernelProfile& profile) {
  return (buf.flags & kPipeBufFlagCanMerge) != 0 &&
         (profile.merge_permission == MergePermission::kFlag || buf.ops == PipeBufOps::kAnon);
}

/// Appends the first (n mod page size) bytes of the call to the last slot if it takes them all.
/// Nothing happens when the slot does not take them.
Errno merge(const Section& in, UserSource& source) {
  PipeInode& pipe = in.pipe;
  const u32 chars = static_cast<u32>(source.remaining() & (in.pages.page_size() - 1));
  if (chars == 0 || pipe_empty(pipe)) {
    return Errno::kOk;
  }
  PipeBuffer& last = pipe.slot(pipe.head - 1);
  const u32 end = last.offset + last.len;
  if (!can_merge(last, in.profile) || end + chars > in.pages.page_size()) {
    return Errno::kOk;
  }
  std::byte* page = in.pages.write(last.page);
  if (source.copy(page == nullptr ? nullptr : page + end, chars) < chars) {
    return Errno::kEFAULT;
  }
  in.call.changed = true;
  last.len += chars;
  in.call.done += chars;
  return Errno::kOk;
}

/// A page for the next slot: one that the call took before, a kept one, or a fresh one.
PageId next_page(const Section& in) {
  if (in.call.preallocated > 0) {
    --in.call.preallocated;
    return in.pages.alloc();
  }
  return anon_pipe_get_page(in.pipe, in.pages);
}

/// Occupies the next slot with `len` bytes of `page`.
void occupy_slot(const Section& in, PageId page, u32 len) {
  PipeBuffer& buf = in.pipe.slot(in.pipe.head);
  buf.page = page;
  buf.offset = 0;
  buf.len = len;
  buf.ops = PipeBufOps::kAnon;
  buf.flags = in.context.packets ? kPipeBufFlagPacket : kPipeBufFlagCanMerge;
  ++in.pipe.head;
}

/// Puts the next page of bytes into a new slot. REQUIRES: a free slot.
Errno insert_page(const Section& in, UserSource& source) {
  const u32 want = static_cast<u32>(std::min<u64>(source.remaining(), in.pages.page_size()));
  const PageId page = next_page(in);
  in.call.changed = true;
  if (source.copy(in.pages.write(page), want) < want) {
    if (in.profile.slot_before_copy) {
      occupy_slot(in, page, 0);
    } else {
      anon_pipe_put_page(in.pipe, page, in.pages, in.profile);
    }
    return Errno::kEFAULT;
  }
  occupy_slot(in, page, want);
  in.call.done += want;
  return Errno::kOk;
}

/// Pages that the call took and did not use go into the empty cells of tmp_page.
void keep_preallocated(const Section& in) {
  for (u32 i = 0; i < in.profile.tmp_pages && in.call.preallocated > 0; ++i) {
    if (in.pipe.tmp_page[i] == kNoPage) {
      in.pipe.tmp_page[i] = in.pages.alloc();
      --in.call.preallocated;
    }
  }
  in.call.preallocated = 0;
}

bool wakes_readers(const Section& in) {
  switch (in.profile.write_wakes) {
    case WriteWakes::kWhenChanged:
      return in.call.changed;
    case WriteWakes::kWhenWasEmpty:
      return in.call.was_empty;
    case WriteWakes::kWhenWasEmptyOrPolled:
      return in.call.was_empty || in.pipe.poll_usage;
  }
  return true;
}

/// The call is over: with an error, unless bytes are in the pipe already. The outcome is made in
/// place: copied, it is waited for until each of its small members has arrived.
PipeSection finish(const Section& in, Errno error, bool sigpipe = false) {
  PipeSection section;
  PipeEffects& effects = section.effects;
  if (in.call.done > 0 || error == Errno::kOk) {
    section.result->v = in.call.done;
  } else {
    section.result = fail(error);
  }
  if (sigpipe) {
    effects.add(PipeEffect::kSendSigpipe);
  }
  if (in.call.preallocated > 0) {
    keep_preallocated(in);
  }
  const bool wakes = wakes_readers(in);
  if (wakes) {
    effects.add(PipeEffect::kWakeRdWait);
  }
  if (wakes || in.profile.sigio_at_every_call) {
    effects.add(PipeEffect::kSigioReaders);
  }
  if (in.profile.two_wait_queues && in.call.slept && !pipe_full(in.pipe)) {
    effects.add(PipeEffect::kWakeWrWait);
  }
  return section;
}

/// The writer goes to sleep: whoever waits for what it wrote is told first.
PipeSection fall_asleep(const Section& in) {
  PipeWrite& call = in.call;
  PipeSection section{PipeSectionEnd::kAsleep, Bytes{0}, {}};
  const bool wakes =
      in.profile.write_wakes == WriteWakes::kWhenChanged ? call.changed : call.was_empty;
  if (wakes) {
    section.effects.add(PipeEffect::kWakeRdWait);
  }
  if (wakes || in.profile.sigio_at_every_call) {
    section.effects.add(PipeEffect::kSigioReaders);
  }
  call.changed = false;
  call.slept = true;
  call.counted = in.profile.read_waits_for_sleeping_writer;
  in.pipe.waiting_writers += call.counted ? 1 : 0;
  return section;
}

/// The first section's part before the loop. Returns whether the call is over.
bool start(const Section& in, UserSource& source, Errno& error) {
  PipeWrite& call = in.call;
  if (in.profile.write_preallocates && source.remaining() > in.pages.page_size()) {
    const u64 page_size = in.pages.page_size();
    call.preallocated = static_cast<u8>(
        std::min((source.remaining() + page_size - 1) / page_size, kMostPreallocated));
  }
  if (in.pipe.readers == 0) {
    return false;  // the loop says so too
  }
  call.was_empty = pipe_empty(in.pipe);
  error = merge(in, source);
  return error != Errno::kOk || source.remaining() == 0;
}

}  // namespace

std::optional<PipeSection> refuse_notification_write(const PipeInode& pipe, u64 len,
                                                     const PipeIoContext& context,
                                                     const KernelProfile& profile) {
  if (!pipe.watch_queue || (len == 0 && !profile.notification_write_fails_first)) {
    return std::nullopt;
  }
  PipeSection section{PipeSectionEnd::kReturned, fail(Errno::kEXDEV), {}};
  if (!profile.notification_write_fails_first && pipe.readers == 0) {
    section.result = fail(Errno::kEPIPE);
    if (!context.nosignal) {
      section.effects.add(PipeEffect::kSendSigpipe);
    }
  }
  return section;
}

PipeSection pipe_write_section(PipeInode& pipe, PipeWrite& call, std::span<const UserSegment> from,
                               const PipeIoContext& context, PagePool& pages,
                               const KernelProfile& profile) {
  const Section in{pipe, call, context, pages, profile};
  if (call.slept && !pipe_writable(pipe) && !context.signal_pending) {
    return {PipeSectionEnd::kAsleep, Bytes{0}, {}};
  }
  UserSource source(from, call.done);
  if (!call.slept) {
    Errno error = Errno::kOk;
    if (start(in, source, error)) {
      return finish(in, error);
    }
  } else {
    pipe.waiting_writers -= call.counted ? 1 : 0;
    call.counted = false;
    call.was_empty = pipe_empty(pipe);
  }
  for (;;) {
    if (pipe.readers == 0) {
      return finish(in, Errno::kEPIPE, !context.nosignal);
    }
    if (!pipe_full(pipe)) {
      const Errno error = insert_page(in, source);
      if (error != Errno::kOk || source.remaining() == 0) {
        return finish(in, error);
      }
      continue;
    }
    if (context.nonblock) {
      return finish(in, Errno::kEAGAIN);
    }
    if (context.signal_pending) {
      return finish(in, Errno::kERESTARTSYS);
    }
    return fall_asleep(in);
  }
}

}  // namespace ipcsim
