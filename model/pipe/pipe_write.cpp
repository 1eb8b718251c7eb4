#include <algorithm>

#include "model/pipe/pipe_io.hpp"

namespace ipcsim {
namespace {

/// Appends the first (n mod page size) bytes of the call to the last slot if it takes them all.
/// Returns the bytes merged, 0 when the slot does not take them.
Result<Bytes> merge(PipeInode& pipe, UserSource& source, PagePool& pages) {
  const u32 chars = static_cast<u32>(source.remaining() & (pages.page_size() - 1));
  if (chars == 0 || pipe_empty(pipe)) {
    return Bytes{0};
  }
  PipeBuffer& last = pipe.slot(pipe.head - 1);
  const u32 end = last.offset + last.len;
  if ((last.flags & kPipeBufFlagCanMerge) == 0 || end + chars > pages.page_size()) {
    return Bytes{0};
  }
  std::byte* page = pages.write(last.page);
  if (source.copy(page == nullptr ? nullptr : page + end, chars) < chars) {
    return fail(Errno::kEFAULT);
  }
  last.len += chars;
  return Bytes{chars};
}

/// Puts the next page of bytes into a new slot. REQUIRES: a free slot.
Result<Bytes> insert_page(PipeInode& pipe, UserSource& source, bool packet, PagePool& pages,
                          const KernelProfile& profile) {
  const u32 want = static_cast<u32>(std::min<u64>(source.remaining(), pages.page_size()));
  const PageId page = anon_pipe_get_page(pipe, pages);
  if (source.copy(pages.write(page), want) < want) {
    anon_pipe_put_page(pipe, page, pages, profile);
    return fail(Errno::kEFAULT);
  }
  PipeBuffer& buf = pipe.slot(pipe.head);
  buf.page = page;
  buf.offset = 0;
  buf.len = want;
  buf.ops = PipeBufOps::kAnon;
  buf.flags = packet ? kPipeBufFlagPacket : kPipeBufFlagCanMerge;
  ++pipe.head;
  return Bytes{want};
}

PipeSection finish(const PipeInode& pipe, const PipeWrite& call, Result<Bytes> result,
                   PipeEffects effects) {
  if (call.was_empty || pipe.poll_usage) {
    effects.add(PipeEffect::kWakeRdWait);
  }
  effects.add(PipeEffect::kSigioReaders);
  if (call.slept && !pipe_full(pipe)) {
    effects.add(PipeEffect::kWakeWrWait);
  }
  return {PipeSectionEnd::kReturned, result, effects};
}

}  // namespace

PipeSection pipe_write_section(PipeInode& pipe, PipeWrite& call, std::span<const UserSegment> from,
                               const PipeIoContext& context, PagePool& pages,
                               const KernelProfile& profile) {
  PipeEffects effects;
  const auto done_or = [&](Errno error) -> Result<Bytes> {
    return call.done > 0 ? Result<Bytes>{Bytes{call.done}} : fail(error);
  };
  const auto broken_pipe = [&] {
    if (!context.nosignal) {
      effects.add(PipeEffect::kSendSigpipe);
    }
    return finish(pipe, call, done_or(Errno::kEPIPE), effects);
  };
  if (call.slept && !pipe_writable(pipe) && !context.signal_pending) {
    return {PipeSectionEnd::kAsleep, Bytes{0}, {}};
  }
  UserSource source(from, call.done);

  if (!call.slept) {
    if (pipe.readers == 0) {
      return broken_pipe();
    }
    call.was_empty = pipe_empty(pipe);
    const Result<Bytes> merged = merge(pipe, source, pages);
    if (!merged) {
      return finish(pipe, call, merged, effects);
    }
    call.done += merged->v;
    if (source.remaining() == 0) {
      return finish(pipe, call, Bytes{call.done}, effects);
    }
  } else {
    call.was_empty = pipe_empty(pipe);
  }

  for (;;) {
    if (pipe.readers == 0) {
      return broken_pipe();
    }
    if (!pipe_full(pipe)) {
      const Result<Bytes> inserted = insert_page(pipe, source, context.packets, pages, profile);
      if (!inserted) {
        return finish(pipe, call, done_or(inserted.error()), effects);
      }
      call.done += inserted->v;
      if (source.remaining() == 0) {
        return finish(pipe, call, Bytes{call.done}, effects);
      }
      continue;
    }
    if (context.nonblock) {
      return finish(pipe, call, done_or(Errno::kEAGAIN), effects);
    }
    if (context.signal_pending) {
      return finish(pipe, call, done_or(Errno::kERESTARTSYS), effects);
    }
    if (call.was_empty) {
      effects.add(PipeEffect::kWakeRdWait);
    }
    effects.add(PipeEffect::kSigioReaders);
    call.slept = true;
    return {PipeSectionEnd::kAsleep, Bytes{0}, effects};
  }
}

}  // namespace ipcsim
