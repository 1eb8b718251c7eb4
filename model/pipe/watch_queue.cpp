#include "model/pipe/watch_queue.hpp"

#include <bit>
#include <cstring>

#include <range/v3/algorithm/find.hpp>

#include "model/base/check.hpp"

namespace ipcsim {

Result<void> watch_queue_set_size(PipeInode& pipe, u32 nr_notes, PipeUser& user,
                                  const PipeLimits& limits, Caps caps, PagePool& pages) {
  if (!pipe.watch_queue) {
    return fail(Errno::kENODEV);
  }
  WatchQueue& queue = *pipe.watch_queue;
  if (!queue.notes.empty()) {
    return fail(Errno::kEBUSY);
  }
  if (nr_notes < 1 || nr_notes > kWatchQueueMostNotes) {
    return fail(Errno::kEINVAL);
  }
  const u32 notes_a_page = pages.page_size() / kWatchQueueNoteBytes;
  const u32 nr_pages = (nr_notes + notes_a_page - 1) / notes_a_page;
  const u64 charged = user.pipe_bufs + nr_pages - pipe.nr_accounted;
  const auto over = [&](u64 limit) { return limit != 0 && charged > limit; };
  const bool unprivileged = !caps.has(Cap::kSysResource) && !caps.has(Cap::kSysAdmin);
  if (nr_pages > pipe.max_usage && unprivileged &&
      (over(limits.pipe_user_pages_soft) || over(limits.pipe_user_pages_hard))) {
    return fail(Errno::kEPERM);
  }
  user.pipe_bufs = charged;
  pipe.ring_size = std::bit_ceil(nr_pages * notes_a_page);
  pipe.bufs = SlotRing(pipe.ring_size);
  pipe.max_usage = nr_pages;
  pipe.nr_accounted = nr_pages;
  for (u32 i = 0; i < nr_pages; ++i) {
    queue.notes.push_back(pages.alloc());
  }
  queue.free.assign(u64{nr_pages} * notes_a_page, true);
  return {};
}

void post_one_notification(PipeInode& pipe, std::string_view record, PagePool& pages,
                           PipeEffects& effects) {
  IPCSIM_CHECK(record.size() >= 8 && record.size() < kWatchQueueNoteBytes);
  WatchQueue& queue = *pipe.watch_queue;
  const auto note = ranges::find(queue.free, true);
  if (pipe_occupancy(pipe) >= pipe.ring_size || note == queue.free.end()) {
    pipe.slot(pipe.head - 1).flags |= kPipeBufFlagLoss;
    return;
  }
  const u64 index = static_cast<u64>(note - queue.free.begin());
  const u32 notes_a_page = pages.page_size() / kWatchQueueNoteBytes;
  const PageId page = queue.notes[index / notes_a_page];
  const u32 offset = static_cast<u32>(index % notes_a_page) * kWatchQueueNoteBytes;
  if (std::byte* bytes = pages.write(page)) {
    std::memcpy(bytes + offset, record.data(), record.size());
  }
  *note = false;
  pages.get(page);
  pipe.slot(pipe.head) = {.page = page,
                          .offset = offset,
                          .len = static_cast<u32>(record.size()),
                          .ops = PipeBufOps::kWatchQueue,
                          .flags = kPipeBufFlagWhole,
                          .private_value = static_cast<u16>(index)};
  ++pipe.head;
  effects.add(PipeEffect::kWakeRdWait);
  effects.add(PipeEffect::kSigioReaders);
}

}  // namespace ipcsim
