// Numbers from a seed: the same in every build, on every machine.
#pragma once

#include <cstddef>
#include <initializer_list>

#include "model/base/types.hpp"

namespace ipcsim {

/// splitmix64. Two of the same seed give the same numbers for ever.
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
  /// A number below `bound`; its bias is of no matter here. REQUIRES: bound > 0.
  u64 below(u64 bound) { return next() % bound; }
  u32 below32(u32 bound) { return static_cast<u32>(below(bound)); }
  /// REQUIRES: first <= last.
  u64 between(u64 first, u64 last) { return first + below(last - first + 1); }
  bool one_in(u64 n) { return below(n) == 0; }
  bool percent(u64 p) { return below(100) < p; }
  /// One of the elements. REQUIRES: there is one.
  template <class T>
  T one_of(std::initializer_list<T> list) {
    return list.begin()[below(list.size())];
  }
  auto one_of(const auto& range) { return range[static_cast<std::size_t>(below(range.size()))]; }

 private:
  u64 state_;
};

/// A seed of its own for the `n`th of several streams that follow from one seed.
[[nodiscard]] inline u64 derived_seed(u64 seed, u64 n) {
  Random random(seed ^ (n + 1) * 0xd6e8feb86659fd93U);
  return random.next();
}

}  // namespace ipcsim
