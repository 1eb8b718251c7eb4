// A program's buffers, as the kernel walks them: which bytes, and where a page is missing.
#pragma once

#include <limits>
#include <span>
#include <string>

#include "model/base/payload.hpp"
#include "model/base/types.hpp"

namespace ipcsim {

/// One buffer of a call (an `iovec`). Touching a byte at or behind `mapped` faults, so a bad
/// pointer has `mapped` 0 and a page that ends early a small number.
struct UserSegment {
  static constexpr u64 kAllMapped = std::numeric_limits<u64>::max();

  /// What the program put there; for a buffer that the kernel fills only its length counts.
  Payload data;
  /// Length in bytes that the program states (`iov_len`).
  u64 len = 0;
  /// Bytes that can be touched.
  u64 mapped = kAllMapped;

  bool operator==(const UserSegment&) const = default;
};

/// The sum of all lengths.
[[nodiscard]] u64 total_len(std::span<const UserSegment> segments);

/// Walks the buffers of a writing call. Restates `iov_iter` with copy_page_from_iter().
class UserSource {
 public:
  /// Starts behind the first `done_bytes` bytes. REQUIRES: done_bytes <= total_len(segments).
  UserSource(std::span<const UserSegment> segments, u64 done_bytes);

  /// Bytes not yet copied.
  [[nodiscard]] u64 remaining() const { return remaining_; }
  /// Copies `len` bytes, or fewer when a byte is not mapped, and steps over them. `to` is null when
  /// contents are not kept. Returns the number copied. REQUIRES: len <= remaining().
  u64 copy(std::byte* to, u64 len);

 private:
  std::span<const UserSegment> segments_;
  u64 offset_ = 0;  // within segments_.front()
  u64 remaining_ = 0;
};

/// Walks the buffers of a reading call. Restates `iov_iter` with copy_page_to_iter().
class UserSink {
 public:
  /// Bytes that arrive are appended to `*out`, unless that is null. Starts behind the first
  /// `done_bytes` bytes of room. REQUIRES: done_bytes <= total_len(segments).
  UserSink(std::span<const UserSegment> segments, std::string* out, u64 done_bytes = 0);

  [[nodiscard]] u64 remaining() const { return remaining_; }
  /// Takes `len` bytes from `from` (null when contents are not kept), or fewer when a byte is not
  /// mapped. Returns the number taken; what was taken before a fault stays in the program's memory
  /// but is not appended unless `len` bytes fit. REQUIRES: len <= remaining().
  u64 copy(const std::byte* from, u64 len);

 private:
  std::span<const UserSegment> segments_;
  u64 offset_ = 0;
  u64 remaining_ = 0;
  std::string* out_;
};

}  // namespace ipcsim
