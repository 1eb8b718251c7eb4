#include "sim/kernel/iovec.hpp"

#include <range/v3/algorithm/any_of.hpp>

namespace ipcsim {
namespace {

/// Most segments of one vector call (UIO_MAXIOV).
constexpr std::size_t kMaxIov = 1024;

}  // namespace

Errno check_vector(std::span<const UserSegment> iov) {
  if (iov.size() > kMaxIov) {
    return Errno::kEINVAL;
  }
  if (ranges::any_of(iov, [](const UserSegment& s) { return static_cast<i64>(s.len) < 0; })) {
    return Errno::kEINVAL;
  }
  const bool outside =
      ranges::any_of(iov, [](const UserSegment& s) { return s.len >= kUserSpace; });
  return outside && iov.size() > 1 ? Errno::kEFAULT : Errno::kOk;
}

}  // namespace ipcsim
