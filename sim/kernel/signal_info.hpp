// What comes with a signal, and what a handler saw.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/base/types.hpp"
#include "sim/kernel/constants.hpp"

namespace ipcsim {

/// A set of signals 1..64.
struct SignalSet {
  u64 bits = 0;

  [[nodiscard]] constexpr bool has(Signal s) const { return (bits >> (s.v - 1) & 1U) != 0; }
  constexpr void add(Signal s) { bits |= u64{1} << (s.v - 1); }
  constexpr void remove(Signal s) { bits &= ~(u64{1} << (s.v - 1)); }
  [[nodiscard]] constexpr bool empty() const { return bits == 0; }
  bool operator==(const SignalSet&) const = default;
};

/// Values of si_code: who sent a signal. Those of O_ASYNC say what became possible.
using SignalCode = Strong<struct SignalCodeTag, i32>;
inline constexpr SignalCode kSiUser{0};
inline constexpr SignalCode kSiKernel{0x80};
inline constexpr SignalCode kSiMesgq{-3};
inline constexpr SignalCode kSiSigio{-5};
inline constexpr SignalCode kSiTkill{-6};
inline constexpr SignalCode kSiPollIn{1};
inline constexpr SignalCode kSiPollOut{2};
/// No si_code: a trace does not say it.
inline constexpr SignalCode kSiUnknown{0x7fffffff};
[[nodiscard]] std::span<const NamedNumber> signal_code_names();

/// `struct kernel_siginfo`, as far as it is under study. Members that the code has no use for are
/// as they are here.
struct SignalInfo {
  Signal signal;
  SignalCode code = kSiUser;
  TaskId pid;       ///< the sending process; kNoTask: none, or from outside
  PollEvents band;  ///< si_band of O_ASYNC with a signal of its own
  Fd fd{-1};        ///< si_fd of the same
  u64 value = 0;    ///< si_value of SI_MESGQ

  [[nodiscard]] static SignalInfo of(Signal s, SignalCode c, TaskId sender = kNoTask) {
    return {.signal = s, .code = c, .pid = sender};
  }
  bool operator==(const SignalInfo&) const = default;
};

/// A handler ran.
struct HandledSignal {
  TaskId task;
  SignalInfo info;
  bool operator==(const HandledSignal&) const = default;
};

/// "SIGIO (POLL_IN, band POLLIN|POLLRDNORM, fd 3)"
[[nodiscard]] std::string to_text(const SignalInfo& info);

/// Signals that wait to be taken (`struct sigpending`).
struct PendingSignals {
  SignalSet set;
  std::vector<SignalInfo> queue;  ///< in the order in which they came

  [[nodiscard]] bool has(Signal s) const { return set.has(s); }
  [[nodiscard]] bool empty() const { return set.empty(); }
  /// A signal below 32 that is pending already is not queued again.
  /// Linux kernel/signal.c: legacy_queue(), __send_signal_locked().
  void add(const SignalInfo& info);
  /// All of one number go. Linux kernel/signal.c: flush_sigqueue_mask().
  void remove(Signal signal);
  /// The next one that is not blocked, if there is one: those of a fault first, then the lowest
  /// number, of that the oldest. Linux kernel/signal.c: __dequeue_signal().
  [[nodiscard]] std::optional<SignalInfo> take(SignalSet blocked);
  bool operator==(const PendingSignals&) const = default;
};

}  // namespace ipcsim
