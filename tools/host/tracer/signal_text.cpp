#include "tools/host/tracer/signal_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "sim/kernel/constants.hpp"
#include "tools/host/tracer/struct_text.hpp"

namespace ipcsim::host {
namespace {

/// SI_* and the codes that signals of files and children have.
std::string code_text(u64 signal, i32 code) {
  constexpr std::array kOfAll =
      std::to_array<std::pair<i32, std::string_view>>({{0, "SI_USER"},
                                                       {0x80, "SI_KERNEL"},
                                                       {-1, "SI_QUEUE"},
                                                       {-2, "SI_TIMER"},
                                                       {-3, "SI_MESGQ"},
                                                       {-4, "SI_ASYNCIO"},
                                                       {-5, "SI_SIGIO"},
                                                       {-6, "SI_TKILL"}});
  constexpr std::array kOfFiles = std::to_array<std::string_view>(
      {"POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI", "POLL_HUP"});
  constexpr std::array<u64, 7> kOthers{4, 5, 7, 8, 11, 17, 31};  // faults, children, SIGSYS
  const auto* row = std::ranges::find(kOfAll, code, &std::pair<i32, std::string_view>::first);
  if (row != kOfAll.end()) {
    return std::string(row->second);
  }
  if (std::ranges::find(kOthers, signal) == kOthers.end() && code >= 1 &&
      code <= static_cast<i32>(kOfFiles.size())) {
    return std::string(kOfFiles[static_cast<std::size_t>(code - 1)]);
  }
  return fmt::format("{}", code);
}

}  // namespace

std::string signal_name(u64 number) {
  constexpr u64 kFirstRealTime = 32;
  if (const auto name = name_of(signal_names(), number)) {
    return std::string(*name);
  }
  return fmt::format("SIGRT_{}", number - std::min(number, kFirstRealTime));
}

std::string signal_text(const RecordView& record) {
  const auto signal = static_cast<u64>(record.head().value[0]);
  const std::string name = signal_name(signal);
  const auto info = record.piece(0);
  if (!info) {
    return fmt::format("--- {} {{si_signo={}, si_code=SI_KERNEL}} ---", name, name);
  }
  return fmt::format("--- {} {{si_signo={}, si_code={}, si_pid={}, si_uid={}}} ---", name, name,
                     code_text(signal, get<i32>(*info, 8)), get<i32>(*info, 16),
                     get<u32>(*info, 20));
}

}  // namespace ipcsim::host
