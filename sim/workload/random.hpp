// A repeatable stream of numbers: the same on every machine and with every library.
#pragma once

#include "model/base/types.hpp"

namespace ipcsim {

/// splitmix64.
class RandomStream {
 public:
  explicit RandomStream(u64 seed) : state_(seed) {}
  u64 next() {
    state_ += 0x9e3779b97f4a7c15U;
    u64 z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  /// A number below `bound`. REQUIRES: bound > 0.
  u64 below(u64 bound) { return next() % bound; }

 private:
  u64 state_;
};

}  // namespace ipcsim
