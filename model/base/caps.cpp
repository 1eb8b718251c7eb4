#include "model/base/caps.hpp"

#include <array>
#include <utility>

#include <range/v3/algorithm/find.hpp>

namespace ipcsim {
namespace {

using Row = std::pair<Cap, std::string_view>;

constexpr std::array kRows{
    Row{Cap::kDacOverride, "CAP_DAC_OVERRIDE"},
    Row{Cap::kFowner, "CAP_FOWNER"},
    Row{Cap::kKill, "CAP_KILL"},
    Row{Cap::kSysAdmin, "CAP_SYS_ADMIN"},
    Row{Cap::kSysNice, "CAP_SYS_NICE"},
    Row{Cap::kSysResource, "CAP_SYS_RESOURCE"},
};

}  // namespace

std::string_view cap_name(Cap cap) {
  const auto* row = ranges::find(kRows, cap, &Row::first);
  return row == kRows.end() ? "CAP_?" : row->second;
}

std::optional<Cap> cap_from_name(std::string_view name) {
  const auto* row = ranges::find(kRows, name, &Row::second);
  return row == kRows.end() ? std::nullopt : std::optional{row->first};
}

}  // namespace ipcsim
