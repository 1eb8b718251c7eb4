#include <algorithm>
#include <bit>

#include "model/pipe/pipe_at_once.hpp"
#include "model/pipe/pipe_io.hpp"

namespace ipcsim {
namespace {

/// One section of a write: the arguments of pipe_write_section().
struct Section {
  PipeInode& pipe;
  PipeWrite& call;
  const PipeIoContext& context;
  PagePool& pages;
  const KernelProfile& profile;
};

/// Appends the first (n mod page size) bytes of the call to the last slot if it takes them all.
/// Nothing happens when the slot does not take them.
Errno merge(const Section& in, UserSource& source) {
  PipeInode& pipe = in.pipe;
  const u32 chars = static_cast<u32>(source.remaining() & (in.pages.page_size() - 1));
  if (chars == 0 || pipe_empty(pipe)) {
    return Errno::kOk;
  }
  PipeBuffer* last = pipe_merge_slot(pipe, chars, in.pages.page_size(), in.profile);
  if (last == nullptr) {
    return Errno::kOk;
  }
  std::byte* page = in.pages.write(last->page);
  if (source.copy(page == nullptr ? nullptr : page + last->offset + last->len, chars) < chars) {
    return Errno::kEFAULT;
  }
  in.call.changed = true;
  last->len += chars;
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

u8 slot_flags(const Section& in) {
  return in.context.packets ? kPipeBufFlagPacket : kPipeBufFlagCanMerge;
}

/// Puts the next page of bytes into a new slot. REQUIRES: a free slot.
Errno insert_page(const Section& in, UserSource& source) {
  const u32 want = static_cast<u32>(std::min<u64>(source.remaining(), in.pages.page_size()));
  const PageId page = next_page(in);
  in.call.changed = true;
  if (source.copy(in.pages.write(page), want) < want) {
    if (in.profile.slot_before_copy) {
      occupy_slot(in.pipe, page, 0, slot_flags(in));
    } else {
      anon_pipe_put_page(in.pipe, page, in.pages, in.profile);
    }
    return Errno::kEFAULT;
  }
  occupy_slot(in.pipe, page, want, slot_flags(in));
  in.call.done += want;
  return Errno::kOk;
}

/// Puts whole pages into slots, as far as the first buffer has them and slots are free.
void insert_whole_pages(const Section& in, UserSource& source) {
  const u32 page_size = in.pages.page_size();
  const u64 whole = source.at().within_reach() >> std::countr_zero(page_size);
  if (whole == 0 || pipe_full(in.pipe)) {
    return;
  }
  const u64 count = std::min<u64>(whole, in.pipe.max_usage - pipe_occupancy(in.pipe));
  pipe_insert_pages(in.pipe, source.at().segment().data, source.at().offset(), count,
                    slot_flags(in), in.call.preallocated, in.pages);
  source.at().skip(count * page_size);
  in.call.changed = true;
  in.call.done += count * page_size;
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
  const bool wakes = write_wakes_readers(in.pipe, in.call.was_empty, in.call.changed, in.profile);
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
  call.preallocated = pages_before_lock(source.remaining(), in.pages.page_size(), in.profile);
  if (in.pipe.readers == 0) {
    return false;  // the loop says so too
  }
  call.was_empty = pipe_empty(in.pipe);
  error = merge(in, source);
  return error != Errno::kOk || source.remaining() == 0;
}

/// The outcome of a write that was over at once.
PipeSection finish_at_once(PipeWrite& call, u32 bytes, bool wakes, const KernelProfile& profile) {
  PipeSection section;
  call.done = bytes;
  section.result->v = bytes;
  if (wakes) {
    section.effects.add(PipeEffect::kWakeRdWait);
  }
  if (wakes || profile.sigio_at_every_call) {
    section.effects.add(PipeEffect::kSigioReaders);
  }
  return section;
}

/// pipe_write_section() of any write. A function of its own, so that what most writes do has few
/// registers to save.
[[gnu::noinline]] PipeSection any_write_section(PipeInode& pipe, PipeWrite& call,
                                                std::span<const UserSegment> from,
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
    insert_whole_pages(in, source);
    if (source.remaining() == 0) {
      return finish(in, Errno::kOk);
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
  if (!call.slept && from.size() == 1 && !context.packets) {
    const bool was_empty = pipe_empty(pipe);
    if (const u32 bytes = pipe_write_at_once(pipe, from.front(), pages, profile); bytes > 0) {
      return finish_at_once(call, bytes, write_wakes_readers(pipe, was_empty, true, profile),
                            profile);
    }
  }
  return any_write_section(pipe, call, from, context, pages, profile);
}

}  // namespace ipcsim
