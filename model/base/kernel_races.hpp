// What a version of the kernel leaves to chance.
#pragma once

#include <optional>

#include "model/base/kernel_profile.hpp"

namespace ipcsim {

/// The version as it looks when the one race of its own goes the other way; nothing where it has
/// none. From 5.8 to 6.7 a growing ring wakes a writer before the larger size holds
/// (`resize_wakes_too_early`): the profile has that writer look at once, and sleep again; here it
/// looks when the ring has grown. Linux fs/pipe.c: pipe_resize_ring().
[[nodiscard]] std::optional<KernelProfile> other_outcome_of_race(const KernelProfile& profile);

}  // namespace ipcsim
