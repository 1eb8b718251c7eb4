// The same numbers from the same seed, in every build.
#pragma once

#include "model/base/types.hpp"

namespace ipcsim {

class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}

  /// 0 .. bound - 1, near enough evenly. REQUIRES: bound > 0.
  u32 below(u32 bound) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<u32>((state_ >> 33U) % bound);
  }

 private:
  u64 state_;
};

}  // namespace ipcsim
