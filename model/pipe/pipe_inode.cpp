#include "model/pipe/pipe_inode.hpp"

#include <bit>
#include <utility>

#include <fmt/format.h>
#include <range/v3/algorithm/count.hpp>
#include <range/v3/algorithm/count_if.hpp>
#include <range/v3/numeric/accumulate.hpp>
#include <range/v3/view/iota.hpp>
#include <range/v3/view/transform.hpp>

namespace ipcsim {

void PipeInode::hash_into(Hasher& hasher) const {
  for (const u32 number : {head, tail, max_usage, ring_size, nr_accounted, readers, writers, files,
                           r_counter, w_counter, waiting_writers, tmp_page[0].v, tmp_page[1].v}) {
    hasher.add(number);
  }
  hasher.add(poll_usage);
  hasher.add(note_loss);
  for (const PipeBuffer& buf : bufs) {
    hasher.add(buf.page);
    hasher.add(buf.offset);
    hasher.add(buf.len);
    hasher.add(buf.ops);
    hasher.add(buf.flags);
    hasher.add(buf.private_value);
  }
  hasher.add(watch_queue.has_value());
  if (watch_queue) {
    for (const PageId page : watch_queue->notes) {
      hasher.add(page);
    }
    for (const bool note : watch_queue->free) {
      hasher.add(note);
    }
  }
}

void pipe_buf_release_foreign(PipeInode& pipe, PipeBuffer& buf, PagePool& pages) {
  switch (std::exchange(buf.ops, PipeBufOps::kNone)) {
    case PipeBufOps::kPageCache:
    case PipeBufOps::kUserPage:
    case PipeBufOps::kDefault:
    case PipeBufOps::kNosteal:
      if (buf.page != kZeroPage) {
        pages.put(buf.page);
      }
      return;
    case PipeBufOps::kZero:
      return;
    case PipeBufOps::kWatchQueue:
      pipe.watch_queue->free[buf.private_value] = true;
      pages.put(buf.page);
      return;
    case PipeBufOps::kAnon:
    case PipeBufOps::kNone:
      break;
  }
  IPCSIM_CHECK(false);
}

Bytes pipe_fionread(const PipeInode& pipe) {
  const auto lengths =
      ranges::views::iota(u32{0}, pipe_occupancy(pipe)) |
      ranges::views::transform([&](u32 i) -> u64 { return pipe.slot(pipe.tail + i).len; });
  return Bytes{ranges::accumulate(lengths, u64{0})};
}

namespace {

std::optional<std::string> broken_slot(const PipeInode& pipe, const PagePool& pages, u32 index,
                                       const KernelProfile& profile) {
  const PipeBuffer& buf = pipe.slot(index);
  if (buf.ops == PipeBufOps::kNone) {
    return fmt::format("occupied slot {} has operations", index);
  }
  if (buf.page == kZeroPage) {
    return std::nullopt;
  }
  if (!pages.contains(buf.page)) {
    return fmt::format("the page of occupied slot {} is a live one", index);
  }
  if (u64{buf.offset} + buf.len > pages.page_size()) {
    return fmt::format("slot {} ends within its page: offset {} + len {} <= {}", index, buf.offset,
                       buf.len, pages.page_size());
  }
  if ((buf.flags & kPipeBufFlagPacket) != 0 && (buf.flags & kPipeBufFlagCanMerge) != 0) {
    return fmt::format("slot {} is a packet or mergeable, not both", index);
  }
  if (buf.len == 0 && !(profile.slot_before_copy && buf.ops == PipeBufOps::kAnon)) {
    return fmt::format("occupied slot {} has data", index);
  }
  return std::nullopt;
}

std::optional<std::string> broken_tmp_page(const PipeInode& pipe, const PagePool& pages,
                                           const KernelProfile& profile) {
  if (profile.tmp_pages < 2 && pipe.tmp_page[1] != kNoPage) {
    return fmt::format("a cell of tmp_page that this kernel does not have is empty");
  }
  for (const PageId page : pipe.tmp_page) {
    if (page == kNoPage) {
      continue;
    }
    if (!pages.contains(page) || pages.refcount(page) != 1) {
      return fmt::format("kept page {} has exactly one reference", page.v);
    }
    const auto in_slots = ranges::count_if(pipe.bufs, [&](const PipeBuffer& buf) {
      return buf.ops != PipeBufOps::kNone && buf.page == page;
    });
    if (in_slots > 0 || ranges::count(pipe.tmp_page, page) > 1) {
      return fmt::format("kept page {} has no other place", page.v);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> broken_invariant(const PipeInode& pipe, const PagePool& pages,
                                            const KernelProfile& profile) {
  if (!std::has_single_bit(pipe.ring_size) || pipe.bufs.size() != pipe.ring_size) {
    return fmt::format("ring_size {} is a power of two and the length of bufs", pipe.ring_size);
  }
  if (pipe.max_usage == 0 || pipe.max_usage > pipe.ring_size) {
    return fmt::format("max_usage {} is within 1..ring_size {}", pipe.max_usage, pipe.ring_size);
  }
  if (pipe_occupancy(pipe) > pipe.ring_size) {
    return fmt::format("occupancy {} is at most ring_size {}", pipe_occupancy(pipe),
                       pipe.ring_size);
  }
  if (pipe.readers > pipe.files || pipe.writers > pipe.files) {
    return fmt::format("readers {} and writers {} are at most files {}", pipe.readers, pipe.writers,
                       pipe.files);
  }
  for (u32 i = 0; i < pipe.ring_size; ++i) {
    const u32 index = pipe.tail + i;
    if (i < pipe_occupancy(pipe)) {
      if (auto broken = broken_slot(pipe, pages, index, profile)) {
        return broken;
      }
    } else if (pipe.slot(index).ops != PipeBufOps::kNone) {
      return fmt::format("free slot {} has no operations", index);
    }
  }
  return broken_tmp_page(pipe, pages, profile);
}

}  // namespace ipcsim
