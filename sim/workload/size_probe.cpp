#include "sim/workload/size_probe.hpp"

#include "model/base/check.hpp"
#include "model/base/user_memory.hpp"
#include "model/pipe/pipe_file.hpp"
#include "model/pipe/pipe_io.hpp"

namespace ipcsim {
namespace {

constexpr Caps kAllCaps{.bits = ~u64{0}};

/// A pipe with a reader and a writer, neither of which waits.
struct Probed {
  PagePool pages;
  PipeInode pipe;
  const KernelProfile& profile;
  bool packets;

  /// Bytes that a write puts in; 0 when the pipe is full.
  u64 write(u64 bytes) {
    const UserSegment from{.data = {}, .len = bytes};
    PipeWrite call;
    const PipeSection section = pipe_write_section(
        pipe, call, {&from, 1}, {.nonblock = true, .packets = packets}, pages, profile);
    return section.result ? section.result->v : 0;
  }
  u64 read(u64 bytes) {
    const UserSegment to{.data = {}, .len = bytes};
    PipeRead call;
    const PipeSection section =
        pipe_read_section(pipe, call, {&to, 1}, nullptr, {.nonblock = true}, pages, profile);
    return section.result ? section.result->v : 0;
  }
  bool writable() { return (pipe_poll_mask(pipe, {.write = true}, 0) & kPollOut) != 0; }
};

u64 fits(u64 limit, u64 used, u64 each) {
  if (limit == 0) {
    return kNoLimit;
  }
  return used >= limit ? 0 : (limit - used) / each;
}

}  // namespace

PipeProbe probe_pipe(u64 asked_bytes, u64 write_bytes, bool packets, u32 page_size,
                     const KernelProfile& profile) {
  IPCSIM_CHECK(write_bytes > 0);
  PipeUser user;
  PipeLimits limits;
  limits.pipe_user_pages_soft = 0;
  Result<PipeInode> pipe = alloc_pipe_info(user, limits, kAllCaps, page_size, profile);
  IPCSIM_CHECK(pipe.has_value());
  PipeEffects nobody;
  const auto size =
      pipe_set_size(*pipe, Bytes{asked_bytes}, user, limits, kAllCaps, page_size, profile, nobody);
  IPCSIM_CHECK(size.has_value());
  pipe_use_ring(*pipe, static_cast<u32>(size->v / page_size));
  pipe->readers = pipe->writers = 1;
  pipe->files = 2;
  Probed probed{PagePool(page_size, Contents::kLengthsOnly), *std::move(pipe), profile, packets};

  PipeProbe probe{.size_bytes = size->v};
  for (u64 got = probed.write(write_bytes); got > 0; got = probed.write(write_bytes)) {
    probe.writes += got == write_bytes ? 1 : 0;
    probe.capacity_bytes += got;
  }
  while (probed.write(1) == 1) {
    ++probe.more_bytes;
  }
  while (!probed.writable()) {
    probe.left_then = pipe_fionread(probed.pipe).v;
    probe.read_for_room += probed.read(1);
  }
  return probe;
}

Budget pipe_budget(u64 size_bytes, u32 page_size, const BudgetLimits& limits) {
  Budget budget{.charged = size_bytes / page_size};
  const PipeLimits& pipe = limits.pipe;
  budget.fits_soft = fits(pipe.pipe_user_pages_soft, limits.pipe_pages_used, budget.charged);
  budget.fits_hard = fits(pipe.pipe_user_pages_hard, limits.pipe_pages_used, budget.charged);
  budget.privileged = size_bytes > round_pipe_size(pipe.pipe_max_size, page_size);
  return budget;
}

Budget queue_budget(const MqSize& size, const BudgetLimits& limits) {
  Budget budget{.charged = mq_bytes(size)};
  const u64 left = limits.rlimit_msgqueue > limits.mq_bytes_used
                       ? limits.rlimit_msgqueue - limits.mq_bytes_used
                       : 0;
  budget.fits_soft = left / budget.charged;
  budget.fits_hard = kNoLimit;
  return budget;
}

}  // namespace ipcsim
