// The ring of a pipe, field by field as the kernel has it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/base/boxed.hpp"
#include "model/base/caps.hpp"
#include "model/base/hash.hpp"
#include "model/base/kernel_profile.hpp"
#include "model/base/page_pool.hpp"
#include "model/base/result.hpp"
#include "model/base/types.hpp"
#include "model/pipe/slot_ring.hpp"

namespace ipcsim {

/// Slots of a new pipe (PIPE_DEF_BUFFERS).
inline constexpr u32 kPipeDefBuffers = 16;
/// Slots of a new pipe whose owner is over the soft page limit (PIPE_MIN_DEF_BUFFERS).
inline constexpr u32 kPipeMinDefBuffers = 2;
/// Most slots whose array the kernel can allocate in practice (256 MiB of 4 KiB pages).
inline constexpr u32 kPipeMostSlots = 65536;

/// Bits of `PipeBuffer::flags` (PIPE_BUF_FLAG_*).
inline constexpr u8 kPipeBufFlagLru = 0x01;
inline constexpr u8 kPipeBufFlagAtomic = 0x02;
inline constexpr u8 kPipeBufFlagGift = 0x04;
inline constexpr u8 kPipeBufFlagPacket = 0x08;
inline constexpr u8 kPipeBufFlagCanMerge = 0x10;
inline constexpr u8 kPipeBufFlagWhole = 0x20;
inline constexpr u8 kPipeBufFlagLoss = 0x40;

/// What makes a pipe a notification pipe (`struct watch_queue`): pages that are cut into notes,
/// each for one record.
struct WatchQueue {
  std::vector<PageId> notes;  ///< the pages; none until the size was set
  std::vector<bool> free;     ///< which notes are free (`notes_bitmap`)

  bool operator==(const WatchQueue&) const = default;
};

/// A pipe (`struct pipe_inode_info`). The wait queues and the O_ASYNC lists belong to tasks and
/// files, so they live beside this in sim/kernel.
struct PipeInode {
  // What every read and write looks at comes first, so that it shares a cache line.
  u32 head = 0;             ///< slots ever produced, modulo 2^32
  u32 tail = 0;             ///< slots ever consumed, modulo 2^32
  u32 max_usage = 0;        ///< slots that may be occupied: the capacity
  u32 readers = 0;          ///< open files with FMODE_READ
  u32 waiting_writers = 0;  ///< sleeping write()s, where reads look at that (to 5.4)
  bool poll_usage = false;  ///< somebody polled this pipe
  bool note_loss = false;   ///< the next read delivers a loss record first
  std::array<PageId, 2> tmp_page{kNoPage, kNoPage};  ///< released pages for the next write
  SlotRing bufs;                                     ///< the ring: `ring_size` slots
  u32 ring_size = 0;                                 ///< slots of the array: a power of two
  u32 nr_accounted = 0;                              ///< pages charged to the creator
  u32 writers = 0;                                   ///< open files with FMODE_WRITE
  u32 files = 0;                  ///< open files, also those still in a blocked open()
  u32 r_counter = 1;              ///< opens for reading ever, plus one
  u32 w_counter = 1;              ///< opens for writing ever, plus one
  Boxed<WatchQueue> watch_queue;  ///< of a notification pipe

  /// The slot of free-running index `index`.
  [[nodiscard]] PipeBuffer& slot(u32 index) { return bufs[index & (bufs.size() - 1)]; }
  [[nodiscard]] const PipeBuffer& slot(u32 index) const { return bufs[index & (bufs.size() - 1)]; }

  bool operator==(const PipeInode&) const = default;
  void hash_into(Hasher& hasher) const;
};

/// Occupied slots. Linux include/linux/pipe_fs_i.h: pipe_occupancy().
[[nodiscard]] constexpr u32 pipe_occupancy(const PipeInode& pipe) { return pipe.head - pipe.tail; }
/// Linux include/linux/pipe_fs_i.h: pipe_empty().
[[nodiscard]] constexpr bool pipe_empty(const PipeInode& pipe) { return pipe.head == pipe.tail; }
/// Full by slots, whatever room the last slot has. Linux include/linux/pipe_fs_i.h: pipe_full().
[[nodiscard]] constexpr bool pipe_full(const PipeInode& pipe) {
  return pipe_occupancy(pipe) >= pipe.max_usage;
}

/// A page for a write: a kept one, else a fresh one. Linux fs/pipe.c: anon_pipe_get_page().
[[nodiscard]] inline PageId anon_pipe_get_page(PipeInode& pipe, PagePool& pages) {
  for (PageId& cell : pipe.tmp_page) {
    if (cell != kNoPage) {
      return std::exchange(cell, kNoPage);
    }
  }
  return pages.alloc();
}
/// Keeps `page` for the next write when nobody else refers to it and a cell is empty; drops the
/// reference otherwise. Linux fs/pipe.c: anon_pipe_put_page().
[[gnu::always_inline]] inline void anon_pipe_put_page(PipeInode& pipe, PageId page, PagePool& pages,
                                                      const KernelProfile& profile) {
  if (pages.sole(page)) {
    for (u32 i = 0; i < profile.tmp_pages; ++i) {
      if (pipe.tmp_page[i] == kNoPage) {
        pipe.tmp_page[i] = page;
        return;
      }
    }
  }
  pages.put(page);
}
/// The same as pipe_buf_release() for a slot that no write() made.
void pipe_buf_release_foreign(PipeInode& pipe, PipeBuffer& buf, PagePool& pages);
/// Frees an occupied slot's page as its operation table says and clears `ops`; `tail` is the
/// caller's. Linux include/linux/pipe_fs_i.h: pipe_buf_release().
inline void pipe_buf_release(PipeInode& pipe, PipeBuffer& buf, PagePool& pages,
                             const KernelProfile& profile) {
  if (buf.ops != PipeBufOps::kAnon) {
    pipe_buf_release_foreign(pipe, buf, pages);
    return;
  }
  buf.ops = PipeBufOps::kNone;
  anon_pipe_put_page(pipe, buf.page, pages, profile);
}

/// What the `page` of a hole's slot is (ZERO_PAGE(0)): shared by all, never freed, in no pool.
inline constexpr PageId kZeroPage{0xfffffffeU};

/// A free slot's successor: one more occupied slot, `buf`. REQUIRES: the pipe is not full.
void pipe_push(PipeInode& pipe, const PipeBuffer& buf);
/// A page's worth of zeros, whatever the page size.
[[nodiscard]] const std::byte* zero_page_bytes();
/// The first byte of a slot's data, or null when contents are not kept.
[[nodiscard]] inline const std::byte* pipe_buf_bytes(const PipeBuffer& buf, const PagePool& pages) {
  if (pages.contents() != Contents::kKept) {
    return nullptr;
  }
  return (buf.page == kZeroPage ? zero_page_bytes() : pages.read(buf.page)) + buf.offset;
}
/// One more reference to a slot's page, for a copy of the slot. Never fails here: the kernel's
/// refuses only near an overflow of the count. Linux include/linux/pipe_fs_i.h: pipe_buf_get().
void pipe_buf_get(const PipeBuffer& buf, PagePool& pages);
/// Whether a consumer may take the page itself out of an occupied slot instead of copying it.
/// `in_page_cache`: a file still has the page, unmodified. Marks a page that was taken from a file
/// or a program with kPipeBufFlagLru. Linux include/linux/pipe_fs_i.h: pipe_buf_try_steal(); of
/// what is modelled nobody calls it (FUSE and virtio-console do), so SPLICE_F_MOVE changes nothing.
[[nodiscard]] bool pipe_buf_try_steal(PipeBuffer& buf, const PagePool& pages, bool in_page_cache);

/// Bytes that can be read now: the sum of all slot lengths. Linux fs/pipe.c: pipe_ioctl(FIONREAD).
[[nodiscard]] Bytes pipe_fionread(const PipeInode& pipe);

/// The first broken rule of the structure, in words, or nothing.
[[nodiscard]] std::optional<std::string> broken_invariant(const PipeInode& pipe,
                                                          const PagePool& pages,
                                                          const KernelProfile& profile);

}  // namespace ipcsim
