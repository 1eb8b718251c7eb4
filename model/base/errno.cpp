#include "model/base/errno.hpp"

#include <array>

#include <range/v3/algorithm/find.hpp>

namespace ipcsim {
namespace {

struct Row {
  Errno error;
  std::string_view name;
};

constexpr std::array kRows{
#define IPCSIM_ERRNO_ROW(name, number) Row{Errno::k##name, #name},
    IPCSIM_ERRNO_LIST(IPCSIM_ERRNO_ROW)
#undef IPCSIM_ERRNO_ROW
        Row{Errno::kERESTARTSYS, "ERESTARTSYS"},
    Row{Errno::kERESTARTNOHAND, "ERESTARTNOHAND"},
};

}  // namespace

std::string_view errno_name(Errno error) {
  const auto* row = ranges::find(kRows, error, &Row::error);
  return row == kRows.end() ? "OK" : row->name;
}

std::optional<Errno> errno_from_name(std::string_view name) {
  const auto* row = ranges::find(kRows, name, &Row::name);
  return row == kRows.end() ? std::nullopt : std::optional{row->error};
}

std::optional<Errno> errno_from_number(i64 number) {
  const auto* row =
      ranges::find(kRows, number, [](const Row& r) { return static_cast<i64>(r.error); });
  return row == kRows.end() ? std::nullopt : std::optional{row->error};
}

}  // namespace ipcsim
