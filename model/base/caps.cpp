#include "model/base/caps.hpp"

#include <array>
#include <utility>

#include <range/v3/algorithm/find.hpp>

namespace ipcsim {
namespace {

using Row = std::pair<Cap, std::string_view>;

constexpr std::array kRows{
    Row{Cap::kChown, "CAP_CHOWN"},
    Row{Cap::kDacOverride, "CAP_DAC_OVERRIDE"},
    Row{Cap::kDacReadSearch, "CAP_DAC_READ_SEARCH"},
    Row{Cap::kFowner, "CAP_FOWNER"},
    Row{Cap::kFsetid, "CAP_FSETID"},
    Row{Cap::kKill, "CAP_KILL"},
    Row{Cap::kSetgid, "CAP_SETGID"},
    Row{Cap::kSetuid, "CAP_SETUID"},
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
