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
    if (!free_.empty()) {
      const Id id = free_.back();
      free_.pop_back();
      slots_[id.v] = {std::move(value), true};
      return id;
    }
    slots_.push_back({std::move(value), true});
    return Id{static_cast<u32>(slots_.size() - 1)};
  }
  /// Drops a value. REQUIRES: contains(id).
  void erase(Id id) {
    IPCSIM_CHECK(contains(id));
    slots_[id.v] = {};
    free_.push_back(id);
  }
  [[nodiscard]] bool contains(Id id) const { return id.v < slots_.size() && slots_[id.v].used; }
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
    for (u32 i = 0; i < slots_.size(); ++i) {
      if (slots_[i].used) {
        f(Id{i}, slots_[i].value);
      }
    }
  }
  [[nodiscard]] u32 size() const { return static_cast<u32>(slots_.size() - free_.size()); }

  bool operator==(const Arena&) const = default;

 private:
  struct Slot {
    T value{};
    bool used = false;
    bool operator==(const Slot&) const = default;
  };
  std::vector<Slot> slots_;
  std::vector<Id> free_;
};

}  // namespace ipcsim
