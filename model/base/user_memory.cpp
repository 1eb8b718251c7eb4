#include "model/base/user_memory.hpp"

#include <algorithm>

#include <range/v3/numeric/accumulate.hpp>
#include <range/v3/view/transform.hpp>

#include "model/base/check.hpp"

namespace ipcsim {
namespace {

/// Steps over segments that are used up.
void skip_finished(std::span<const UserSegment>& segments, u64& offset) {
  while (!segments.empty() && offset == segments.front().len) {
    segments = segments.subspan(1);
    offset = 0;
  }
}

/// How many of the next `want` bytes of `segment` can be touched.
u64 touchable(const UserSegment& segment, u64 offset, u64 want) {
  return segment.mapped <= offset ? 0 : std::min(want, segment.mapped - offset);
}

}  // namespace

u64 total_len(std::span<const UserSegment> segments) {
  return ranges::accumulate(segments | ranges::views::transform(&UserSegment::len), u64{0});
}

UserSource::UserSource(std::span<const UserSegment> segments, u64 done_bytes)
    : segments_(segments), remaining_(total_len(segments)) {
  IPCSIM_CHECK(done_bytes <= remaining_);
  remaining_ -= done_bytes;
  while (done_bytes > 0 && done_bytes >= segments_.front().len) {
    done_bytes -= segments_.front().len;
    segments_ = segments_.subspan(1);
  }
  offset_ = done_bytes;
}

u64 UserSource::copy(std::byte* to, u64 len) {
  IPCSIM_CHECK(len <= remaining_);
  u64 copied = 0;
  while (copied < len) {
    skip_finished(segments_, offset_);
    const UserSegment& segment = segments_.front();
    const u64 want = std::min(len - copied, segment.len - offset_);
    const u64 got = touchable(segment, offset_, want);
    if (to != nullptr && got > 0) {
      segment.data.copy(offset_, {to + copied, got});
    }
    offset_ += got;
    copied += got;
    if (got < want) {
      break;
    }
  }
  remaining_ -= copied;
  return copied;
}

UserSink::UserSink(std::span<const UserSegment> segments, std::string* out, u64 done_bytes)
    : segments_(segments), remaining_(total_len(segments) - done_bytes), out_(out) {
  for (u64 left = done_bytes; left > 0;) {
    skip_finished(segments_, offset_);
    const u64 step = std::min(left, segments_.front().len - offset_);
    offset_ += step;
    left -= step;
  }
}

u64 UserSink::copy(const std::byte* from, u64 len) {
  IPCSIM_CHECK(len <= remaining_);
  u64 copied = 0;
  while (copied < len) {
    skip_finished(segments_, offset_);
    const UserSegment& segment = segments_.front();
    const u64 want = std::min(len - copied, segment.len - offset_);
    const u64 got = touchable(segment, offset_, want);
    offset_ += got;
    copied += got;
    if (got < want) {
      break;
    }
  }
  remaining_ -= copied;
  if (copied == len && out_ != nullptr && from != nullptr) {
    out_->append(reinterpret_cast<const char*>(from), len);
  }
  return copied;
}

}  // namespace ipcsim
