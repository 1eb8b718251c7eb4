// Numbers from a seed, the same in every build.
#pragma once

#include "model/base/types.hpp"

namespace ipcsim {

/// splitmix64. A test that fails says the seed.
class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}

  u64 next() {
    state_ += 0x9e3779b97f4a7c15U;
    u64 z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  /// A number below `bound`; the bias is of no matter here. REQUIRES: bound > 0.
  u64 below(u64 bound) { return next() % bound; }
  bool one_in(u64 n) { return below(n) == 0; }
  /// One of the elements. REQUIRES: the range is not empty.
  const auto& one_of(const auto& range) { return range[below(range.size())]; }

 private:
  u64 state_;
};

}  // namespace ipcsim
