// How large a pipe is, who pays for it, and who may make it larger.
#pragma once

#include "model/base/caps.hpp"
#include "model/base/page_pool.hpp"
#include "model/base/result.hpp"
#include "model/pipe/effects.hpp"
#include "model/pipe/pipe_inode.hpp"

namespace ipcsim {

/// The files pipe-max-size, pipe-user-pages-soft and pipe-user-pages-hard of /proc/sys/fs.
struct PipeLimits {
  u32 pipe_max_size = 1048576;  ///< bytes; in force is round_pipe_size() of it, as the file does
  u64 pipe_user_pages_soft = 16384;  ///< pages; 0 is no limit
  u64 pipe_user_pages_hard = 0;      ///< pages; 0 is no limit

  bool operator==(const PipeLimits&) const = default;
};

/// The pages that one user's pipes are charged (`user_struct.pipe_bufs`).
struct PipeUser {
  u64 pipe_bufs = 0;

  bool operator==(const PipeUser&) const = default;
};

/// Bytes of the smallest ring that holds `size_bytes`: a power of two, at least a page; 0 when
/// size_bytes is over 2^31. Linux fs/pipe.c: round_pipe_size().
[[nodiscard]] u32 round_pipe_size(u64 size_bytes, u32 page_size);

/// A new ring with no reader, writer or file yet, charged to `user`.
/// Errors: ENFILE when the user is over the hard page limit even with the least ring. (An open() of
/// a FIFO says ENOMEM instead.) Linux fs/pipe.c: alloc_pipe_info().
[[nodiscard]] Result<PipeInode> alloc_pipe_info(PipeUser& user, const PipeLimits& limits, Caps caps,
                                                u32 page_size, const KernelProfile& profile);

/// Frees every page of a pipe that nobody has open any more and gives the charge back. `pipe` is an
/// empty shell afterwards. Linux fs/pipe.c: free_pipe_info().
void free_pipe_info(PipeInode& pipe, PipeUser& user, PagePool& pages, const KernelProfile& profile);

/// fcntl(F_SETPIPE_SZ): makes room for `size_bytes`, rounded up to 2^n pages. Never sleeps. Returns
/// the new capacity in bytes and wakes one writer. Errors, in the order the kernel tests them:
///   EBUSY   a notification pipe
///   EINVAL  size_bytes over 2^31
///   EPERM   grows past limits.pipe_max_size without CAP_SYS_RESOURCE
///   EPERM   grows past the user's soft or hard pages without CAP_SYS_RESOURCE and CAP_SYS_ADMIN
///   ENOMEM  more slots than can be allocated (kPipeMostSlots)
///   EBUSY   more slots are filled than the new ring has
/// On error the pipe is unchanged.
/// Linux fs/pipe.c: pipe_set_size(), pipe_resize_ring().
[[nodiscard]] Result<Bytes> pipe_set_size(PipeInode& pipe, Bytes size, PipeUser& user,
                                          const PipeLimits& limits, Caps caps, u32 page_size,
                                          const KernelProfile& profile, PipeEffects& effects);
/// The new size comes into force. Only where pipe_set_size() wakes writers too early is this a step
/// of its own, for the caller to make after the wake-up; elsewhere it is done.
void pipe_use_ring(PipeInode& pipe, u32 slots);

/// fcntl(F_GETPIPE_SZ): the capacity in bytes.
[[nodiscard]] constexpr Bytes pipe_get_size(const PipeInode& pipe, u32 page_size) {
  return Bytes{u64{pipe.max_usage} * page_size};
}

}  // namespace ipcsim
