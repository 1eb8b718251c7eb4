// A hash that gives the same number in every build.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include "model/base/types.hpp"

namespace ipcsim {

/// Collects values into one 64-bit number. The order of the calls matters.
class Hasher {
 public:
  /// Adds an integer, an enumerator or a bool.
  template <class T>
    requires(std::is_integral_v<T> || std::is_enum_v<T>)
  constexpr void add(T value) {
    mix(static_cast<u64>(value));
  }

  template <class Tag, class Rep>
  constexpr void add(Strong<Tag, Rep> value) {
    add(value.v);
  }

  /// Adds the length and every byte of `bytes`.
  void add(std::span<const std::byte> bytes) {
    add(bytes.size());
    if (bytes.size() >= kLongBytes) {
      add_long(bytes);
    }
    while (!bytes.empty()) {
      const std::size_t n = bytes.size() < sizeof(u64) ? bytes.size() : sizeof(u64);
      u64 word = 0;
      for (std::size_t i = 0; i < n; ++i) {  // little end first on every machine
        word |= static_cast<u64>(bytes[i]) << (8 * i);
      }
      mix(word);
      bytes = bytes.subspan(n);
    }
  }

  [[nodiscard]] constexpr u64 value() const { return state_; }

 private:
  static constexpr std::size_t kLanes = 4;
  static constexpr std::size_t kLongBytes = 256;

  /// Takes whole groups of words off a long run, in lanes that do not wait for each other.
  void add_long(std::span<const std::byte>& bytes) {
    u64 lanes[kLanes] = {1, 2, 3, 4};
    constexpr std::size_t kGroup = kLanes * sizeof(u64);
    while (bytes.size() >= kGroup) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        u64 word = 0;
        std::memcpy(&word, bytes.data() + lane * sizeof(u64), sizeof(word));
        if constexpr (std::endian::native == std::endian::big) {
          word = std::byteswap(word);
        }
        lanes[lane] = std::rotl((lanes[lane] ^ word) * 0x9e3779b97f4a7c15U, 29);
      }
      bytes = bytes.subspan(kGroup);
    }
    for (const u64 lane : lanes) {
      mix(lane);
    }
  }

  // splitmix64's finaliser over a running sum: cheap, and every bit reaches every bit.
  constexpr void mix(u64 value) {
    u64 z = state_ + 0x9e3779b97f4a7c15U + value;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    state_ = z ^ (z >> 31U);
  }

  u64 state_ = 0;
};

}  // namespace ipcsim
