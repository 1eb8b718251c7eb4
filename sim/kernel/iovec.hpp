// The vector of buffers that a call brings. Linux lib/iov_iter.c.
#pragma once

#include <span>

#include "model/base/errno.hpp"
#include "model/base/user_memory.hpp"

namespace ipcsim {

/// Longest transfer of one call (MAX_RW_COUNT): what is over is silently left out.
inline constexpr u64 kMaxRwCount = 0x7ffff000;
/// Lengths from here on reach out of the user half of the address space.
inline constexpr u64 kUserSpace = u64{1} << 47U;

/// Errors, in the order the kernel tests them:
///   EINVAL  more than 1024 segments; a segment whose length has the sign bit
///   EFAULT  a segment that reaches out of the user half. A single segment is cut to kMaxRwCount
///           first, so it never does.
/// Linux lib/iov_iter.c: __import_iovec(), __import_iovec_ubuf().
[[nodiscard]] Errno check_vector(std::span<const UserSegment> iov);

}  // namespace ipcsim
