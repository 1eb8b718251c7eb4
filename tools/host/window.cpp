#include "tools/host/window.hpp"

#include <algorithm>
#include <cstring>

namespace ipcsim::host {
namespace {

constexpr u64 kAlignment = 16;
/// Kept free behind the last long buffer, for what is placed later.
constexpr u64 kReserve = u64{1} << 20U;

/// Lengths from here on reach out of every processor's user space: nothing is touched.
constexpr u64 kNobodysLength = u64{1} << 56U;

constexpr u64 align_up(u64 value, u64 alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

}  // namespace

u64 Window::reserve(u64 bytes) {
  const u64 offset = align_up(cursor_, kAlignment);
  if (bytes > kWindowBytes || offset + bytes > kWindowBytes) {
    overflowed_ = true;
    return 0;
  }
  cursor_ = offset + bytes;
  return offset;
}

u64 Window::put(std::span<const std::byte> bytes) {
  const u64 offset = reserve(bytes.size());
  if (!overflowed_ && !bytes.empty()) {
    std::memcpy(memory_ + offset, bytes.data(), bytes.size());
  }
  return agent(offset);
}

u64 Window::put_text(std::string_view text) {
  const u64 offset = reserve(text.size() + 1);
  if (!overflowed_) {
    std::memcpy(memory_ + offset, text.data(), text.size());
    memory_[offset + text.size()] = std::byte{0};
  }
  return agent(offset);
}

/// An offset such that the byte after `bytes` bytes is the first of a guard page.
u64 Window::place_before_guard(u64 bytes) {
  const u64 guard = align_up(cursor_ + bytes, page_bytes_);
  if (bytes > kWindowBytes || guard + page_bytes_ > kWindowBytes) {
    overflowed_ = true;
    return 0;
  }
  guards_.push_back(agent(guard));
  cursor_ = guard + page_bytes_;
  return guard - bytes;
}

u64 Window::place(const UserSegment& segment, bool filled) {
  if (segment.mapped == 0 || cut_) {
    // What lies behind a cut buffer cannot be reached: the cut faults first.
    pieces_.push_back({0, 0});
    return kBadAddress;
  }
  if (segment.len >= kNobodysLength) {
    pieces_.push_back({0, 0});
    return agent(0);
  }
  u64 bytes = std::min(segment.len, segment.mapped);
  const u64 most = kWindowBytes - std::min(kWindowBytes, align_up(cursor_, page_bytes_) + kReserve);
  if (bytes > most) {
    bytes = most;
    cut_ = true;
  }
  const u64 offset = bytes < segment.len ? place_before_guard(bytes) : reserve(bytes);
  pieces_.push_back({offset, bytes});
  if (filled && !overflowed_) {
    const u64 known = std::min(bytes, segment.data.len());
    segment.data.copy(0, {memory_ + offset, known});
    std::memset(memory_ + offset + known, 0, bytes - known);
  }
  return agent(offset);
}

}  // namespace ipcsim::host
