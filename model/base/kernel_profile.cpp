#include "model/base/kernel_profile.hpp"

#include <array>

#include <range/v3/algorithm/find.hpp>

namespace ipcsim {
namespace {

constexpr std::array kProfiles{
    KernelProfile{.name = "linux-6.18", .tmp_pages = 2},
};

}  // namespace

std::span<const KernelProfile> kernel_profiles() { return kProfiles; }

const KernelProfile& newest_profile() { return kProfiles.back(); }

const KernelProfile* find_profile(std::string_view name) {
  const auto* row = ranges::find(kProfiles, name, &KernelProfile::name);
  return row == kProfiles.end() ? nullptr : row;
}

}  // namespace ipcsim
