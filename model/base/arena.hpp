// Objects with small stable numbers instead of addresses.
#pragma once

#include <utility>
#include <vector>

#include "model/base/check.hpp"
#include "model/base/types.hpp"

namespace ipcsim {

/// Keeps values of `T` under numbers of type `Id` (a `Strong<..., u32>`). A number is reused after
/// erase(), lowest-freed last. Copying an arena copies every value.
template <class Id, class T>
class Arena {
 public:
  /// Stores `value` and returns its number.
  Id insert(T value) {
    if (free_ == kEnd) {
      slots_.push_back({std::move(value), kUsed});
      ++used_;
      return Id{count_++};
    }
    const Id id{free_};
    free_ = slots_[id.v].next;
    slots_[id.v] = {std::move(value), kUsed};
    ++used_;
    return id;
  }
  /// Drops a value. REQUIRES: contains(id).
  void erase(Id id) {
    IPCSIM_CHECK(contains(id));
    slots_[id.v] = {{}, free_};
    free_ = id.v;
    --used_;
  }
  [[nodiscard]] bool contains(Id id) const { return id.v < count_ && slots_[id.v].next == kUsed; }
  [[nodiscard]] T& operator[](Id id) {
    IPCSIM_CHECK(contains(id));
    return slots_[id.v].value;
  }
  [[nodiscard]] const T& operator[](Id id) const {
    IPCSIM_CHECK(contains(id));
    return slots_[id.v].value;
  }
  /// Calls `f(id, value)` for every value, by ascending number.
  void each(auto&& f) const {
    for (u32 i = 0; i < count_; ++i) {
      if (slots_[i].next == kUsed) {
        f(Id{i}, slots_[i].value);
      }
    }
  }
  [[nodiscard]] u32 size() const { return used_; }

  bool operator==(const Arena&) const = default;

 private:
  static constexpr u32 kUsed = 0xffffffffU;
  static constexpr u32 kEnd = 0xfffffffeU;

  struct Slot {
    T value{};
    u32 next = kUsed;  // the next free slot, or kEnd; kUsed: this one is not free
    bool operator==(const Slot&) const = default;
  };
  std::vector<Slot> slots_;
  u32 count_ = 0;  // slots_.size(), which would take a division
  u32 used_ = 0;
  u32 free_ = kEnd;  // the slot freed last
};

}  // namespace ipcsim
