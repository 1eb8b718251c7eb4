#include "model/pipe/pipe_size.hpp"

#include <algorithm>
#include <bit>

#include <range/v3/view/iota.hpp>

namespace ipcsim {
namespace {

constexpr u64 kLargestSize = u64{1} << 31U;

/// pipe-max-size as it reads back after it was written. Linux fs/pipe.c:
/// do_proc_dopipe_max_size_conv().
u64 max_size_in_force(const PipeLimits& limits, u32 page_size) {
  const u32 rounded = round_pipe_size(limits.pipe_max_size, page_size);
  return rounded == 0 ? limits.pipe_max_size : rounded;
}

bool too_many_pipe_buffers_soft(const PipeUser& user, const PipeLimits& limits) {
  return limits.pipe_user_pages_soft != 0 && user.pipe_bufs > limits.pipe_user_pages_soft;
}

bool too_many_pipe_buffers_hard(const PipeUser& user, const PipeLimits& limits) {
  return limits.pipe_user_pages_hard != 0 && user.pipe_bufs > limits.pipe_user_pages_hard;
}

bool pipe_is_unprivileged_user(Caps caps) {
  return !caps.has(Cap::kSysResource) && !caps.has(Cap::kSysAdmin);
}

/// Moves the occupied slots to the start of a ring of `slots`. A larger one is not used in full
/// yet.
void pipe_resize_ring(PipeInode& pipe, u32 slots) {
  SlotRing bufs(slots);
  const u32 occupied = pipe_occupancy(pipe);
  for (const u32 i : ranges::views::iota(u32{0}, occupied)) {
    bufs[i] = pipe.slot(pipe.tail + i);
  }
  pipe.bufs = std::move(bufs);
  pipe.tail = 0;
  pipe.head = occupied;
  pipe.ring_size = slots;
  pipe.max_usage = std::min(pipe.max_usage, slots);
}

}  // namespace

u32 round_pipe_size(u64 size_bytes, u32 page_size) {
  if (size_bytes > kLargestSize) {
    return 0;
  }
  return static_cast<u32>(std::bit_ceil(std::max<u64>(size_bytes, page_size)));
}

Result<PipeInode> alloc_pipe_info(PipeUser& user, const PipeLimits& limits, Caps caps,
                                  u32 page_size, const KernelProfile& profile) {
  u32 slots = kPipeDefBuffers;
  const u64 max_size = max_size_in_force(limits, page_size);
  if (u64{slots} * page_size > max_size && !caps.has(Cap::kSysResource)) {
    slots = static_cast<u32>(max_size / page_size);
  }
  user.pipe_bufs += slots;
  if (too_many_pipe_buffers_soft(user, limits) && pipe_is_unprivileged_user(caps)) {
    user.pipe_bufs -= slots;
    slots = profile.soft_limit_slots;
    user.pipe_bufs += slots;
  }
  if (too_many_pipe_buffers_hard(user, limits) && pipe_is_unprivileged_user(caps)) {
    user.pipe_bufs -= slots;
    return fail(Errno::kENFILE);
  }
  PipeInode pipe;
  pipe.max_usage = slots;
  pipe.ring_size = slots;
  pipe.nr_accounted = slots;
  pipe.bufs = SlotRing(slots);
  return pipe;
}

void free_pipe_info(PipeInode& pipe, PipeUser& user, PagePool& pages,
                    const KernelProfile& profile) {
  user.pipe_bufs -= pipe.nr_accounted;
  for (; !pipe_empty(pipe); ++pipe.tail) {
    pipe_buf_release(pipe, pipe.slot(pipe.tail), pages, profile);
  }
  for (const PageId page : pipe.tmp_page) {
    if (page != kNoPage) {
      pages.put(page);
    }
  }
  if (pipe.watch_queue) {
    for (const PageId page : pipe.watch_queue->notes) {
      pages.put(page);
    }
  }
  pipe = PipeInode{};
}

Result<Bytes> pipe_set_size(PipeInode& pipe, Bytes size, PipeUser& user, const PipeLimits& limits,
                            Caps caps, u32 page_size, const KernelProfile& profile,
                            PipeEffects& effects) {
  if (pipe.watch_queue) {
    return fail(Errno::kEBUSY);
  }
  const u32 rounded = round_pipe_size(size.v, page_size);
  if (rounded == 0) {
    return fail(Errno::kEINVAL);
  }
  const u32 slots = rounded / page_size;
  const bool grows = slots > pipe.max_usage;
  if (grows && rounded > max_size_in_force(limits, page_size) && !caps.has(Cap::kSysResource)) {
    return fail(Errno::kEPERM);
  }
  PipeUser charged = user;
  charged.pipe_bufs += slots;
  charged.pipe_bufs -= pipe.nr_accounted;
  if (grows &&
      (too_many_pipe_buffers_soft(charged, limits) ||
       too_many_pipe_buffers_hard(charged, limits)) &&
      pipe_is_unprivileged_user(caps)) {
    return fail(Errno::kEPERM);
  }
  if (slots > kPipeMostSlots) {
    return fail(Errno::kENOMEM);
  }
  if (slots < pipe_occupancy(pipe)) {
    return fail(Errno::kEBUSY);
  }
  pipe_resize_ring(pipe, slots);
  pipe.nr_accounted = slots;
  user = charged;
  switch (profile.resize_wakes) {
    case ResizeWakes::kNobody:
      break;
    case ResizeWakes::kEverybody:
      effects.add(PipeEffect::kWakeAllRdWait);
      break;
    case ResizeWakes::kOneWriter:
      effects.add(PipeEffect::kWakeWrWaitAny);
      break;
  }
  if (!profile.resize_wakes_too_early) {
    pipe_use_ring(pipe, slots);
  }
  return Bytes{u64{slots} * page_size};
}

void pipe_use_ring(PipeInode& pipe, u32 slots) {
  // The kernel holds the pipe's mutex until now. Here another resize may have come in between,
  // whose size then holds.
  if (pipe.ring_size == slots) {
    pipe.max_usage = slots;
  }
}

}  // namespace ipcsim
