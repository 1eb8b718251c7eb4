// A value that never changes, shared by those that hold it.
#pragma once

#include <utility>

#include "model/base/check.hpp"
#include "model/base/types.hpp"

namespace ipcsim {

/// Holds a `T` or nothing. Copies hold the same `T`; `==` compares values. One pointer, where
/// std::shared_ptr is two. The count is not atomic: a state and its copies stay on one thread.
template <class T>
class Shared {
 public:
  Shared() = default;
  explicit Shared(T value) : block_(new Block{1, std::move(value)}) {}
  Shared(const Shared& other) : block_(other.block_) {
    if (block_ != nullptr) {
      ++block_->owners;
    }
  }
  Shared(Shared&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Shared& operator=(Shared other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Shared() {
    if (block_ != nullptr && --block_->owners == 0) {
      delete block_;
    }
  }

  [[nodiscard]] bool empty() const { return block_ == nullptr; }
  /// REQUIRES: !empty().
  [[nodiscard]] const T& operator*() const {
    IPCSIM_CHECK(!empty());
    return block_->value;
  }
  [[nodiscard]] const T* operator->() const { return &**this; }
  friend bool operator==(const Shared& a, const Shared& b) {
    return a.block_ == b.block_ || (!a.empty() && !b.empty() && *a == *b);
  }

 private:
  struct Block {
    u32 owners;
    T value;
  };
  Block* block_ = nullptr;
};

}  // namespace ipcsim
