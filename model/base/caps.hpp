// The capabilities that change what a pipe or queue call answers.
#pragma once

#include <optional>
#include <string_view>

#include "model/base/types.hpp"

namespace ipcsim {

/// A capability, numbered as the kernel numbers it.
enum class Cap : u8 {
  kChown = 0,
  kDacOverride = 1,
  kDacReadSearch = 2,
  kFowner = 3,
  kFsetid = 4,
  kKill = 5,
  kSetgid = 6,
  kSetuid = 7,
  kSysAdmin = 21,
  kSysNice = 23,
  kSysResource = 24,
  kSetfcap = 31,
};

/// A set of capabilities.
struct Caps {
  u64 bits = 0;

  [[nodiscard]] constexpr bool has(Cap cap) const {
    return (bits >> static_cast<unsigned>(cap) & 1U) != 0;
  }
  constexpr Caps& add(Cap cap) {
    bits |= u64{1} << static_cast<unsigned>(cap);
    return *this;
  }
  bool operator==(const Caps&) const = default;
};

/// "CAP_SYS_RESOURCE"
[[nodiscard]] std::string_view cap_name(Cap cap);
[[nodiscard]] std::optional<Cap> cap_from_name(std::string_view name);

}  // namespace ipcsim
