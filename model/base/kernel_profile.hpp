// What differs between kernel versions, as named switches.
#pragma once

#include <span>
#include <string_view>

#include "model/base/types.hpp"

namespace ipcsim {

/// The switches of one kernel version. Model code asks a switch by name, never a version number.
/// A new switch gets a row in every profile and a doc comment with the version where it changed.
struct KernelProfile {
  /// "linux-6.18"
  std::string_view name;
  /// Released pages that a pipe keeps for its next write: 1 up to 6.14, 2 since 6.15
  /// (`pipe_inode_info.tmp_page`).
  u8 tmp_pages = 2;
};

/// All profiles, oldest first.
[[nodiscard]] std::span<const KernelProfile> kernel_profiles();

/// The newest profile: what is used when nothing says otherwise.
[[nodiscard]] const KernelProfile& newest_profile();

/// The profile called `name`, or null.
[[nodiscard]] const KernelProfile* find_profile(std::string_view name);

}  // namespace ipcsim
