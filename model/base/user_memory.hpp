// A program's buffers, as the kernel walks them: which bytes, and where a page is missing.
#pragma once

#include <algorithm>
#include <limits>
#include <span>

#include "model/base/check.hpp"
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
[[nodiscard]] inline u64 total_len(std::span<const UserSegment> segments) {
  u64 len = 0;
  for (const UserSegment& segment : segments) {
    len += segment.len;
  }
  return len;
}

/// A place in a list of buffers that only goes forward. Restates `iov_iter`.
class UserIterator {
 public:
  /// Starts behind the first `done_bytes` bytes. REQUIRES: done_bytes <= total_len(segments).
  explicit UserIterator(std::span<const UserSegment> segments, u64 done_bytes = 0)
      : segments_(segments), remaining_(total_len(segments)) {
    IPCSIM_CHECK(done_bytes <= remaining_);
    remaining_ -= done_bytes;
    for (; done_bytes > 0 && done_bytes >= segments_.front().len;
         segments_ = segments_.subspan(1)) {
      done_bytes -= segments_.front().len;
    }
    offset_ = done_bytes;
  }

  /// Bytes that are still ahead.
  [[nodiscard]] u64 remaining() const { return remaining_; }
  /// Bytes of the buffer it stands in that can be stepped over without a fault.
  [[nodiscard]] u64 within_reach() const {
    if (segments_.empty()) {
      return 0;
    }
    const u64 end = std::min(segments_.front().len, segments_.front().mapped);
    return end > offset_ ? end - offset_ : 0;
  }
  /// That buffer, and the place in it. REQUIRES: within_reach() > 0.
  [[nodiscard]] const UserSegment& segment() const { return segments_.front(); }
  [[nodiscard]] u64 offset() const { return offset_; }
  /// Steps over `len` bytes of it. REQUIRES: len <= within_reach().
  void skip(u64 len) {
    offset_ += len;
    remaining_ -= len;
  }
  /// Steps over `len` bytes, or fewer when a byte is not mapped, and returns how many. Calls
  /// `f(segment, offset, bytes)` for each piece. REQUIRES: len <= remaining().
  u64 step(u64 len, auto&& f) {
    IPCSIM_CHECK(len <= remaining_);
    u64 stepped = 0;
    while (stepped < len) {
      while (offset_ == segments_.front().len) {
        segments_ = segments_.subspan(1);
        offset_ = 0;
      }
      const UserSegment& segment = segments_.front();
      const u64 want = std::min(len - stepped, segment.len - offset_);
      const u64 got = segment.mapped <= offset_ ? 0 : std::min(want, segment.mapped - offset_);
      f(segment, offset_, got);
      offset_ += got;
      stepped += got;
      if (got < want) {
        break;
      }
    }
    remaining_ -= stepped;
    return stepped;
  }

 private:
  std::span<const UserSegment> segments_;
  u64 offset_ = 0;  // within segments_.front()
  u64 remaining_ = 0;
};

/// Walks the buffers of a writing call: copy_page_from_iter().
class UserSource {
 public:
  /// Starts behind the first `done_bytes` bytes. REQUIRES: done_bytes <= total_len(segments).
  UserSource(std::span<const UserSegment> segments, u64 done_bytes) : at_(segments, done_bytes) {}

  /// Bytes not yet copied.
  [[nodiscard]] u64 remaining() const { return at_.remaining(); }
  /// For who copies the bytes himself.
  [[nodiscard]] UserIterator& at() { return at_; }
  /// Copies `len` bytes, or fewer when a byte is not mapped, and steps over them. `to` is null when
  /// contents are not kept. Returns the number copied. REQUIRES: len <= remaining().
  u64 copy(std::byte* to, u64 len) {
    return at_.step(len, [&to](const UserSegment& segment, u64 offset, u64 bytes) {
      if (to != nullptr && bytes > 0) {
        segment.data.copy(offset, {to, bytes});
        to += bytes;
      }
    });
  }

 private:
  UserIterator at_;
};

/// Walks the buffers of a reading call: copy_page_to_iter().
class UserSink {
 public:
  /// Bytes that arrive are appended to `*out`, unless that is null. The first `done_bytes` bytes
  /// are filled already.
  UserSink(std::span<const UserSegment> segments, SharedBytes* out, u64 done_bytes = 0)
      : at_(segments, done_bytes), out_(out) {}

  [[nodiscard]] u64 remaining() const { return at_.remaining(); }
  /// For who appends the bytes to `out()` himself, and then says how many.
  [[nodiscard]] u64 within_reach() const { return at_.within_reach(); }
  [[nodiscard]] SharedBytes* out() const { return out_; }
  void filled(u64 len) { at_.skip(len); }
  /// Takes `len` bytes from `from` (zeros when it is null), or fewer when a byte is not mapped.
  /// Returns the number taken; what was taken before a fault stays in the program's memory but is
  /// not appended unless `len` bytes fit. REQUIRES: len <= remaining().
  u64 copy(const std::byte* from, u64 len) {
    const u64 taken =
        at_.step(len, [](const UserSegment& /*segment*/, u64 /*offset*/, u64 /*bytes*/) {});
    if (taken == len && out_ != nullptr) {
      out_->append(from, len);
    }
    return taken;
  }

 private:
  UserIterator at_;
  SharedBytes* out_;
};

}  // namespace ipcsim
