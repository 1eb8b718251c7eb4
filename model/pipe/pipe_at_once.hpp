// Reads and writes of a pipe that are over in one section and need nothing special, as most: one
// buffer, all of it mapped, and as many free or ordinary slots as it takes. They do to the ring
// what the sections of pipe_io.hpp do, which try them first, without what only other cases need.
#pragma once

#include <algorithm>

#include "model/base/kernel_profile.hpp"
#include "model/base/page_pool.hpp"
#include "model/base/user_memory.hpp"
#include "model/pipe/pipe_inode.hpp"

namespace ipcsim {

/// The last slot, if a write may append `len` bytes to it, or null. Before there was a flag the
/// operation table said so: a file's page never took bytes, whatever flags it had inherited.
/// REQUIRES: the pipe is not empty.
[[nodiscard]] inline PipeBuffer* pipe_merge_slot(PipeInode& pipe, u32 len, u32 page_size,
                                                 const KernelProfile& profile) {
  PipeBuffer& last = pipe.slot(pipe.head - 1);
  const bool may =
      (last.flags & kPipeBufFlagCanMerge) != 0 &&
      (profile.merge_permission == MergePermission::kFlag || last.ops == PipeBufOps::kAnon);
  return may && last.offset + last.len + len <= page_size ? &last : nullptr;
}

/// Occupies the next slot with `len` bytes of `page`, as write() does. REQUIRES: a free slot.
inline void occupy_slot(PipeInode& pipe, PageId page, u32 len, u8 flags) {
  PipeBuffer& buf = pipe.slot(pipe.head);
  buf.page = page;
  buf.offset = 0;
  buf.len = len;
  buf.ops = PipeBufOps::kAnon;
  buf.flags = flags;
  ++pipe.head;
}

/// Whether a write that returns wakes readers. `changed`: see PipeWrite.
[[nodiscard]] inline bool write_wakes_readers(const PipeInode& pipe, bool was_empty, bool changed,
                                              const KernelProfile& profile) {
  switch (profile.write_wakes) {
    case WriteWakes::kWhenChanged:
      return changed;
    case WriteWakes::kWhenWasEmpty:
      return was_empty;
    case WriteWakes::kWhenWasEmptyOrPolled:
      return was_empty || pipe.poll_usage;
  }
  return true;
}

/// True for an occupied slot that a write() made, with bytes, and neither a packet nor a note.
[[nodiscard]] inline bool pipe_buf_plain(const PipeBuffer& buf) {
  constexpr u8 kSpecial = kPipeBufFlagPacket | kPipeBufFlagWhole | kPipeBufFlagLoss;
  return buf.ops == PipeBufOps::kAnon && (buf.flags & kSpecial) == 0 && buf.len > 0;
}

/// Pages that a write of `len` bytes takes before the lock.
[[nodiscard]] u8 pages_before_lock(u64 len, u32 page_size, const KernelProfile& profile);
/// Puts whole pages of `data`, from byte `offset` on, into the next `count` slots: first into pages
/// that the call took before, `preallocated`. REQUIRES: so many bytes, so many free slots.
void pipe_insert_pages(PipeInode& pipe, const Payload& data, u64 offset, u64 count, u8 flags,
                       u8& preallocated, PagePool& pages);
/// Takes ordinary slots away as long as they hold no more than `most` bytes together, and says how
/// many bytes these were. `out`: see pipe_read_section().
u64 pipe_take_slots(PipeInode& pipe, u64 most, SharedBytes* out, PagePool& pages,
                    const KernelProfile& profile);

/// pipe_write_at_once() of more than a page.
[[nodiscard]] u32 pipe_write_pages_at_once(PipeInode& pipe, const UserSegment& from,
                                           PagePool& pages, const KernelProfile& profile);
/// pipe_readable_at_once() of more than a slot.
[[nodiscard]] u32 pipe_readable_slots(const PipeInode& pipe, u64 most);

/// A write whose bytes fit now, where a reader exists and packets are not wanted. Gives their
/// number; 0: it is no such write, and nothing has changed. Whom it wakes is the caller's to ask.
[[nodiscard, gnu::always_inline]] inline u32 pipe_write_at_once(PipeInode& pipe,
                                                                const UserSegment& from,
                                                                PagePool& pages,
                                                                const KernelProfile& profile) {
  const u32 page_size = pages.page_size();
  if (from.len == 0 || from.mapped < from.len || pipe.readers == 0) {
    return 0;
  }
  if (from.len > page_size) {
    return pipe_write_pages_at_once(pipe, from, pages, profile);
  }
  const u32 len = static_cast<u32>(from.len);
  const bool was_empty = pipe_empty(pipe);
  PipeBuffer* last =
      was_empty || len == page_size ? nullptr : pipe_merge_slot(pipe, len, page_size, profile);
  if (last == nullptr && pipe_full(pipe)) {
    return 0;
  }
  const PageId page = last == nullptr ? anon_pipe_get_page(pipe, pages) : last->page;
  if (pages.contents() == Contents::kKept) {
    const u32 at = last == nullptr ? 0 : last->offset + last->len;
    from.data.copy(0, {pages.write(page) + at, len});
  }
  if (last == nullptr) {
    occupy_slot(pipe, page, len, kPipeBufFlagCanMerge);
  } else {
    last->len += len;
  }
  return len;
}

/// Bytes that a read gets, where it gets them from ordinary slots alone; 0 otherwise. `buf`, here
/// and below: the slot at `tail`.
[[nodiscard, gnu::always_inline]] inline u32 pipe_readable_at_once(const PipeInode& pipe,
                                                                   const PipeBuffer& buf,
                                                                   const UserSegment& to) {
  if (pipe_empty(pipe) || pipe.note_loss || pipe.waiting_writers > 0 || !pipe_buf_plain(buf)) {
    return 0;
  }
  u32 chars = static_cast<u32>(std::min<u64>(buf.len, to.len));
  if (chars < to.len && pipe_occupancy(pipe) > 1) {
    chars = pipe_readable_slots(pipe, to.len);
  }
  return to.mapped < chars ? 0 : chars;
}

/// Where these bytes are, if they are in one piece, or null. REQUIRES: contents are kept.
[[nodiscard, gnu::always_inline]] inline const std::byte* pipe_bytes_in_place(
    const PipeBuffer& buf, u32 chars, const PagePool& pages) {
  return chars <= buf.len ? pages.read(buf.page) + buf.offset : nullptr;
}

/// Takes so many bytes away; they are appended to `*out` unless that is null. Says whether that
/// wakes writers. REQUIRES: `chars` >= 1 is what pipe_readable_at_once() says.
[[gnu::always_inline]] inline bool pipe_take_at_once(PipeInode& pipe, PipeBuffer& buf, u32 chars,
                                                     SharedBytes* out, PagePool& pages,
                                                     const KernelProfile& profile) {
  const bool was_full = pipe_full(pipe);
  if (chars > buf.len) {
    if (out != nullptr) {
      out->reserve(out->size() + chars);
    }
    const u32 rest = chars - static_cast<u32>(pipe_take_slots(pipe, chars, out, pages, profile));
    if (rest > 0) {
      PipeBuffer& last = pipe.slot(pipe.tail);
      if (out != nullptr) {
        out->append(pipe_buf_bytes(last, pages), rest);
      }
      last.offset += rest;
      last.len -= rest;
    }
    return was_full || profile.read_wakes == ReadWakes::kWhenSlotFreed;
  }
  if (out != nullptr) {
    out->append(pipe_buf_bytes(buf, pages), chars);
  }
  buf.offset += chars;
  buf.len -= chars;
  if (buf.len > 0) {
    return was_full && profile.read_wakes == ReadWakes::kWhenWasFull;
  }
  buf.ops = PipeBufOps::kNone;
  ++pipe.tail;
  anon_pipe_put_page(pipe, buf.page, pages, profile);
  return was_full || profile.read_wakes == ReadWakes::kWhenSlotFreed;
}

}  // namespace ipcsim
