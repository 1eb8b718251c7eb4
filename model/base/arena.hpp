// Objects with small stable numbers instead of addresses.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

#include "model/base/check.hpp"
#include "model/base/table_memory.hpp"
#include "model/base/types.hpp"

namespace ipcsim {

/// Numbers that are free, the lowest found first: which number an object gets depends on those that
/// are in use alone, not on the order in which others went. Runs that come to the same objects in
/// another order are then equal.
class FreeNumbers {
 public:
  [[nodiscard]] u32 count() const { return count_; }
  [[nodiscard]] bool has(u32 number) const {
    if (number < kWordBits) {
      return (low_ >> number & 1U) != 0;
    }
    const std::size_t word = number / kWordBits;
    return word < words_.size() && (words_[word] >> (number % kWordBits) & 1U) != 0;
  }
  /// REQUIRES: not free yet.
  void add(u32 number) {
    ++count_;
    if (number < kWordBits) {
      low_ |= u64{1} << number;
      return;
    }
    const std::size_t word = number / kWordBits;
    if (word >= words_.size()) {
      words_.resize(word + 1);
      summary_.resize(word / kWordBits + 1);
    }
    words_[word] |= u64{1} << (number % kWordBits);
    summary_[word / kWordBits] |= u64{1} << (word % kWordBits);
  }
  /// REQUIRES: count() > 0.
  u32 take_lowest() {
    --count_;
    if (low_ != 0) {
      return take_from(low_);
    }
    std::size_t group = 0;
    while (summary_[group] == 0) {
      ++group;
    }
    const std::size_t word =
        group * kWordBits + static_cast<std::size_t>(std::countr_zero(summary_[group]));
    const u32 bit = take_from(words_[word]);
    if (words_[word] == 0) {
      summary_[group] &= summary_[group] - 1;
    }
    return static_cast<u32>(word * kWordBits) + bit;
  }
  friend bool operator==(const FreeNumbers& a, const FreeNumbers& b) {
    if (a.count_ != b.count_ || a.low_ != b.low_) {
      return false;
    }
    const std::size_t both = std::min(a.words_.size(), b.words_.size());
    // What one has beyond the other is empty: the counts are equal.
    return std::equal(a.words_.begin(), a.words_.begin() + static_cast<std::ptrdiff_t>(both),
                      b.words_.begin());
  }

 private:
  static constexpr u32 kWordBits = 64;

  static u32 take_from(u64& word) {
    const auto bit = static_cast<u32>(std::countr_zero(word));
    word &= word - 1;
    return bit;
  }

  u32 count_ = 0;
  u64 low_ = 0;               // numbers below kWordBits
  std::vector<u64> words_;    // the others, a bit each; the first word is not used
  std::vector<u64> summary_;  // a bit for each word that is not 0
};

/// Keeps values of `T` under numbers of type `Id` (a `Strong<..., u32>`). After erase() a number is
/// used again, the lowest first. Copying an arena copies every value.
template <class Id, class T>
class Arena {
 public:
  /// Stores `value` and returns its number.
  Id insert(T value) {
    if (free_.count() > 0) {
      const Id id{free_.take_lowest()};
      values_[id.v] = std::move(value);
      return id;
    }
    if (count_ == values_.capacity() && count_ >= kMany) {
      values_.reserve(count_ + count_ / 8);  // doubled, a third of all memory would lie idle
    }
    values_.push_back(std::move(value));
    return Id{count_++};
  }
  /// Drops a value. REQUIRES: contains(id).
  void erase(Id id) {
    IPCSIM_CHECK(contains(id));
    values_[id.v] = T{};
    free_.add(id.v);
  }
  // Which numbers are in use is known apart from the values, in few bytes: to look it up costs no
  // memory access that is not made anyway.
  [[nodiscard]] bool contains(Id id) const {
    return id.v < count_ && (free_.count() == 0 || !free_.has(id.v));
  }
  [[nodiscard]] T& operator[](Id id) {
    IPCSIM_CHECK(contains(id));
    return values_[id.v];
  }
  [[nodiscard]] const T& operator[](Id id) const {
    IPCSIM_CHECK(contains(id));
    return values_[id.v];
  }
  /// The same without looking: for the shortest ways, where a rule of the state says that it is
  /// there.
  [[nodiscard]] T& known(Id id) { return values_[id.v]; }
  [[nodiscard]] const T& known(Id id) const { return values_[id.v]; }
  /// Calls `f(id, value)` for every value, by ascending number.
  void each(auto&& f) const {
    for (u32 i = 0; i < count_; ++i) {
      if (contains(Id{i})) {
        f(Id{i}, values_[i]);
      }
    }
  }
  void each(auto&& f) {
    for (u32 i = 0; i < count_; ++i) {
      if (contains(Id{i})) {
        f(Id{i}, values_[i]);
      }
    }
  }
  [[nodiscard]] u32 size() const { return count_ - free_.count(); }

  friend bool operator==(const Arena& a, const Arena& b) {
    return a.free_ == b.free_ && a.values_ == b.values_;
  }

 private:
  static constexpr u32 kMany = 1024;

  std::vector<T, TableAllocator<T>> values_;
  u32 count_ = 0;  // values_.size(), which would take a division at every look-up
  FreeNumbers free_;
};

}  // namespace ipcsim
