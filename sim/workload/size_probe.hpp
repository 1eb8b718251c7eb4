// What fits into a pipe or queue of a size, and what that size costs its user.
#pragma once

#include "model/base/kernel_profile.hpp"
#include "model/base/types.hpp"
#include "model/mqueue/mq_limits.hpp"
#include "model/pipe/pipe_size.hpp"

namespace ipcsim {

/// What an empty pipe takes of writes of one size while nobody reads. A real pipe can be asked the
/// same.
struct PipeProbe {
  u64 size_bytes = 0;      ///< what F_SETPIPE_SZ returned
  u64 writes = 0;          ///< that were taken whole
  u64 capacity_bytes = 0;  ///< what they and a last, partial one put in
  u64 more_bytes = 0;      ///< then, by writes of one byte
  u64 read_for_room = 0;   ///< bytes to read from the full pipe until it is writable
  u64 left_then = 0;       ///< FIONREAD after all but one of these were read

  bool operator==(const PipeProbe&) const = default;
};

/// REQUIRES: 0 < write_bytes; asked_bytes <= 256 MiB.
[[nodiscard]] PipeProbe probe_pipe(u64 asked_bytes, u64 write_bytes, bool packets, u32 page_size,
                                   const KernelProfile& profile);

/// The limits that sizes are charged against, and what is used of them already.
struct BudgetLimits {
  PipeLimits pipe;
  u64 pipe_pages_used = 0;
  u64 rlimit_msgqueue = 819200;
  u64 mq_bytes_used = 0;
};

/// `fits` of a limit that there is not.
inline constexpr u64 kNoLimit = ~u64{0};

/// What one pipe or queue is charged, and how many of them fit.
struct Budget {
  u64 charged = 0;          ///< pages of a pipe, bytes of a queue
  u64 fits_soft = 0;        ///< pipe-user-pages-soft; of a queue: RLIMIT_MSGQUEUE
  u64 fits_hard = 0;        ///< pipe-user-pages-hard
  bool privileged = false;  ///< over pipe-max-size: needs CAP_SYS_RESOURCE
};
[[nodiscard]] Budget pipe_budget(u64 size_bytes, u32 page_size, const BudgetLimits& limits);
[[nodiscard]] Budget queue_budget(const MqSize& size, const BudgetLimits& limits);

}  // namespace ipcsim
