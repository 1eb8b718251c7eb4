// The slots of a pipe's ring.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "model/base/page_pool.hpp"
#include "model/base/types.hpp"

namespace ipcsim {

/// Which operation table a slot has (`pipe_buffer.ops`).
enum class PipeBufOps : u8 {
  kNone,        ///< NULL: the slot is free
  kAnon,        ///< anon_pipe_buf_ops: made by write()
  kPageCache,   ///< page_cache_pipe_buf_ops: a file's page
  kUserPage,    ///< user_page_pipe_buf_ops: vmsplice()
  kDefault,     ///< default_pipe_buf_ops: copied by splice from a device
  kNosteal,     ///< nosteal_pipe_buf_ops: a socket's page
  kZero,        ///< zero_pipe_buf_ops: a hole of a tmpfs file
  kWatchQueue,  ///< watch_queue_pipe_buf_ops: a notification
};

/// One slot of the ring (`struct pipe_buffer`). A freed slot keeps its stale values but `ops`.
/// Four of them share a cache line, and none lies in two.
struct alignas(16) PipeBuffer {
  PageId page = kNoPage;
  u32 offset = 0;  ///< first byte of data in the page
  u32 len = 0;     ///< bytes of data
  PipeBufOps ops = PipeBufOps::kNone;
  u8 flags = 0;           ///< kPipeBufFlag*
  u16 private_value = 0;  ///< `private`: the number of a note; otherwise 0

  bool operator==(const PipeBuffer&) const = default;
};
static_assert(sizeof(PipeBuffer) == 16);

/// So many slots, as a vector of them. As many as a new pipe has lie in the object itself, beside
/// the counters that say which one is next: among many pipes both are far away, and neither has to
/// wait for the other.
class SlotRing {
 public:
  SlotRing() = default;
  /// Free slots.
  explicit SlotRing(u32 size)
      : slots_(size > kInside ? new PipeBuffer[size] : inside_), size_(size) {}
  SlotRing(const SlotRing& other) : SlotRing(other.size_) {
    std::copy(other.begin(), other.end(), begin());
  }
  SlotRing(SlotRing&& other) noexcept : size_(std::exchange(other.size_, 0)) {
    if (size_ > kInside) {
      slots_ = std::exchange(other.slots_, other.inside_);
    } else {
      std::copy(other.inside_, other.inside_ + kInside, inside_);
    }
  }
  SlotRing& operator=(const SlotRing& other) {
    if (this != &other) {
      *this = SlotRing(other);
    }
    return *this;
  }
  SlotRing& operator=(SlotRing&& other) noexcept {
    if (this != &other) {
      std::destroy_at(this);
      std::construct_at(this, std::move(other));
    }
    return *this;
  }
  ~SlotRing() {
    if (size_ > kInside) {
      delete[] slots_;
    }
  }

  [[nodiscard]] u32 size() const { return size_; }
  /// REQUIRES: index < size().
  [[nodiscard]] PipeBuffer& operator[](u32 index) { return slots_[index]; }
  [[nodiscard]] const PipeBuffer& operator[](u32 index) const { return slots_[index]; }
  [[nodiscard]] PipeBuffer* begin() { return slots_; }
  [[nodiscard]] PipeBuffer* end() { return slots_ + size_; }
  [[nodiscard]] const PipeBuffer* begin() const { return slots_; }
  [[nodiscard]] const PipeBuffer* end() const { return slots_ + size_; }

  friend bool operator==(const SlotRing& a, const SlotRing& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  static constexpr u32 kInside = 16;

  PipeBuffer* slots_ = inside_;
  u32 size_ = 0;
  PipeBuffer inside_[kInside];
};

}  // namespace ipcsim
