#include "sim/kernel/signal_info.hpp"

#include <array>
#include <bit>

#include <fmt/format.h>
#include <range/v3/algorithm/find.hpp>

namespace ipcsim {
namespace {

/// From here on signals are queued each by itself (SIGRTMIN of the kernel).
constexpr u32 kFirstRealtime = 32;

constexpr u64 bit(u32 signal) { return u64{1} << (signal - 1); }
/// SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS.
constexpr u64 kSynchronous = bit(11) | bit(7) | bit(4) | bit(5) | bit(8) | bit(31);

constexpr u64 number(i32 code) { return static_cast<u32>(code); }

constexpr std::array kCodes = std::to_array<NamedNumber>({
    {"SI_USER", number(kSiUser.v)},
    {"SI_KERNEL", number(kSiKernel.v)},
    {"SI_QUEUE", number(-1)},
    {"SI_TIMER", number(-2)},
    {"SI_MESGQ", number(kSiMesgq.v)},
    {"SI_ASYNCIO", number(-4)},
    {"SI_SIGIO", number(kSiSigio.v)},
    {"SI_TKILL", number(kSiTkill.v)},
    {"POLL_IN", number(kSiPollIn.v)},
    {"POLL_OUT", number(kSiPollOut.v)},
    {"POLL_MSG", 3},
    {"POLL_ERR", 4},
    {"POLL_PRI", 5},
    {"POLL_HUP", 6},
});

}  // namespace

std::span<const NamedNumber> signal_code_names() { return kCodes; }

std::string to_text(const SignalInfo& info) {
  if (info.code == kSiUnknown) {
    return signal_name(info.signal);
  }
  const auto name = name_of(kCodes, number(info.code.v));
  std::string text = fmt::format("{} ({}", signal_name(info.signal),
                                 name ? std::string(*name) : fmt::format("{}", info.code.v));
  if (info.pid != kNoTask) {
    text += fmt::format(", from task {}", info.pid.v);
  }
  if (info.band.v != 0) {
    text += fmt::format(", band {}", flags_text(poll_event_names(), info.band.v, "0"));
  }
  if (info.fd.v >= 0) {
    text += fmt::format(", fd {}", info.fd.v);
  }
  if (info.value != 0) {
    text += fmt::format(", value {}", info.value);
  }
  return text + ")";
}

void PendingSignals::add(const SignalInfo& info) {
  if (info.signal.v < kFirstRealtime && set.has(info.signal)) {
    return;
  }
  set.add(info.signal);
  queue.push_back(info);
}

void PendingSignals::remove(Signal signal) {
  set.remove(signal);
  std::erase_if(queue, [&](const SignalInfo& info) { return info.signal == signal; });
}

std::optional<SignalInfo> PendingSignals::take(SignalSet blocked) {
  u64 ready = set.bits & ~blocked.bits;
  if (ready == 0) {
    return std::nullopt;
  }
  if ((ready & kSynchronous) != 0) {
    ready &= kSynchronous;
  }
  const Signal signal{static_cast<u32>(std::countr_zero(ready)) + 1};
  const auto oldest = ranges::find(queue, signal, &SignalInfo::signal);
  const SignalInfo info = *oldest;
  queue.erase(oldest);
  if (ranges::find(queue, signal, &SignalInfo::signal) == queue.end()) {
    set.remove(signal);
  }
  return info;
}

}  // namespace ipcsim
