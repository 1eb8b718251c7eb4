// Durations counted in classes of at most an eighth of their size.
#pragma once

#include <array>
#include <bit>

#include "model/base/types.hpp"

namespace ipcsim {

/// Counts numbers of 0 .. 2^63. A percentile is exact to an eighth.
class Histogram {
 public:
  void add(u64 value) {
    ++counts_[class_of(value)];
    ++count_;
    most_ = value > most_ ? value : most_;
  }
  [[nodiscard]] u64 count() const { return count_; }
  /// The greatest number, exactly.
  [[nodiscard]] u64 most() const { return most_; }
  /// The upper end of the class that the `permille`-th part of all numbers reaches; 0 when there
  /// are none.
  [[nodiscard]] u64 at_permille(u64 permille) const {
    u64 seen = 0;
    for (u32 i = 0; i < kClasses; ++i) {
      seen += counts_[i];
      if (seen > 0 && seen * 1000 >= count_ * permille) {
        return upper_end(i) < most_ ? upper_end(i) : most_;
      }
    }
    return most_;
  }
  /// Adds `n` times what was added since it was `earlier`.
  void repeat(const Histogram& earlier, u64 n) {
    for (u32 i = 0; i < kClasses; ++i) {
      counts_[i] += (counts_[i] - earlier.counts_[i]) * n;
    }
    count_ += (count_ - earlier.count_) * n;
  }
  bool operator==(const Histogram&) const = default;

 private:
  static constexpr u32 kSub = 8;
  static constexpr u32 kClasses = 62 * kSub;
  static constexpr u32 class_of(u64 value) {
    if (value < kSub) {
      return static_cast<u32>(value);
    }
    const u32 shift = static_cast<u32>(std::bit_width(value)) - 4;
    return shift * kSub + static_cast<u32>(value >> shift);
  }
  static constexpr u64 upper_end(u32 at) {
    if (at < 2 * kSub) {
      return at;
    }
    const u32 shift = at / kSub - 1;
    return ((u64{at} - u64{shift} * kSub + 1) << shift) - 1;
  }

  std::array<u64, kClasses> counts_{};
  u64 count_ = 0;
  u64 most_ = 0;
};

}  // namespace ipcsim
