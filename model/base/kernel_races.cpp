#include "model/base/kernel_races.hpp"

namespace ipcsim {

std::optional<KernelProfile> other_outcome_of_race(const KernelProfile& profile) {
  if (!profile.resize_wakes_too_early) {
    return std::nullopt;
  }
  KernelProfile late = profile;
  late.resize_wakes_too_early = false;
  return late;
}

}  // namespace ipcsim
