#include "model/pipe/pipe_at_once.hpp"

#include <bit>
#include <span>

namespace ipcsim {
namespace {

/// Most pages that a write takes before the lock.
constexpr u64 kMostPreallocated = 8;

/// A page for the next slot: one that the call took before, a kept one, or a fresh one.
PageId next_page(PipeInode& pipe, u8& preallocated, PagePool& pages) {
  if (preallocated > 0) {
    --preallocated;
    return pages.alloc();
  }
  return anon_pipe_get_page(pipe, pages);
}

}  // namespace

u8 pages_before_lock(u64 len, u32 page_size, const KernelProfile& profile) {
  if (!profile.write_preallocates || len <= page_size) {
    return 0;
  }
  return static_cast<u8>(std::min((len + page_size - 1) / page_size, kMostPreallocated));
}

// Pages that lie one behind the other are copied together.

void pipe_insert_pages(PipeInode& pipe, const Payload& data, u64 offset, u64 count, u8 flags,
                       u8& preallocated, PagePool& pages) {
  const u32 page_size = pages.page_size();
  const bool keep = pages.contents() == Contents::kKept;
  std::span<std::byte> run;
  const auto copy_run = [&data, &offset, &run] {
    if (!run.empty()) {
      data.copy(offset, run);
      offset += run.size();
    }
  };
  for (u64 i = 0; i < count; ++i) {
    const PageId page = next_page(pipe, preallocated, pages);
    if (keep) {
      std::byte* bytes = pages.write(page);
      if (bytes != run.data() + run.size()) {
        copy_run();
        run = {bytes, 0};
      }
      run = {run.data(), run.size() + page_size};
    }
    occupy_slot(pipe, page, page_size, flags);
  }
  copy_run();
}

u64 pipe_take_slots(PipeInode& pipe, u64 most, SharedBytes* out, PagePool& pages,
                    const KernelProfile& profile) {
  u64 taken = 0;
  std::span<const std::byte> run;
  const auto append_run = [&run, out] { out->append(run.data(), run.size()); };
  u32 first_free = 0;  // the first slot whose page no cell takes
  bool cells_full = false;
  for (; !pipe_empty(pipe); ++pipe.tail) {
    PipeBuffer& buf = pipe.slot(pipe.tail);
    if (!pipe_buf_plain(buf) || buf.len > most - taken) {
      break;
    }
    if (out != nullptr) {
      const std::byte* bytes = pipe_buf_bytes(buf, pages);
      if (bytes != run.data() + run.size()) {
        append_run();
        run = {bytes, 0};
      }
      run = {run.data(), run.size() + buf.len};
    }
    taken += buf.len;
    buf.offset += buf.len;
    buf.len = 0;
    buf.ops = PipeBufOps::kNone;
    if (!cells_full) {
      anon_pipe_put_page(pipe, buf.page, pages, profile);
      // Either may have been taken by itself, so one of them says nothing of the other.
      cells_full = pipe.tmp_page[0] != kNoPage && pipe.tmp_page[profile.tmp_pages - 1] != kNoPage;
      first_free = pipe.tail + 1;
    }
  }
  if (out != nullptr) {
    append_run();
  }
  // The page that is freed last is used first: so neighbours stay in their order.
  for (u32 at = pipe.tail; cells_full && at != first_free; --at) {
    pages.put(pipe.slot(at - 1).page);
  }
  return taken;
}

u32 pipe_write_pages_at_once(PipeInode& pipe, const UserSegment& from, PagePool& pages,
                             const KernelProfile& profile) {
  const u32 page_size = pages.page_size();
  const u64 whole = from.len >> std::countr_zero(page_size);
  const u32 rest = static_cast<u32>(from.len & (page_size - 1));
  const u64 slots = whole + (rest > 0 ? 1 : 0);
  if (pipe_full(pipe) || slots > pipe.max_usage - pipe_occupancy(pipe)) {
    return 0;
  }
  if (rest > 0 && !pipe_empty(pipe) && pipe_merge_slot(pipe, rest, page_size, profile) != nullptr) {
    return 0;
  }
  u8 preallocated = pages_before_lock(from.len, page_size, profile);
  pipe_insert_pages(pipe, from.data, 0, whole, kPipeBufFlagCanMerge, preallocated, pages);
  if (rest > 0) {
    const PageId page = next_page(pipe, preallocated, pages);
    if (pages.contents() == Contents::kKept) {
      from.data.copy(from.len - rest, {pages.write(page), rest});
    }
    occupy_slot(pipe, page, rest, kPipeBufFlagCanMerge);
  }
  return static_cast<u32>(from.len);
}

u32 pipe_readable_slots(const PipeInode& pipe, u64 most) {
  u64 bytes = 0;
  for (u32 at = pipe.tail; at != pipe.head && bytes < most; ++at) {
    const PipeBuffer& buf = pipe.slot(at);
    if (!pipe_buf_plain(buf)) {
      return 0;
    }
    bytes += std::min<u64>(buf.len, most - bytes);
  }
  return static_cast<u32>(bytes);
}

}  // namespace ipcsim
