// Arranging signals without a C library.
#pragma once

#include <asm/unistd.h>

#include "tools/host/agent/entry.hpp"
#include "tools/host/agent/raw_syscall.hpp"

namespace ipcsim::host {

inline constexpr u32 kSigkillNumber = 9;
inline constexpr u32 kSigtermNumber = 15;
inline constexpr u32 kSigchldNumber = 17;
inline constexpr u32 kSignals = 64;
inline constexpr u64 kSigsetBytes = 8;

/// sigaction(): `handler` is a function's address, 0 for the default, 1 to ignore the signal.
inline i64 set_signal_action(u64 signal, u64 handler, u64 flags) {
  // `struct kernel_sigaction`
  struct {
    u64 handler;
    u64 flags;
    u64 restorer;
    u64 mask;
  } action{handler, flags, 0, 0};
  constexpr u64 kSaRestorer = 0x04000000;
#if defined(__x86_64__)
  action.flags |= kSaRestorer;
  action.restorer = to_register(&ipcsim_signal_return);
#else
  action.flags &= ~kSaRestorer;  // the kernel has a return of its own
#endif
  return raw_call(__NR_rt_sigaction, signal, &action, nullptr, kSigsetBytes);
}

/// Blocks exactly the signals whose bits are set.
inline void set_signal_mask(u64 blocked) {
  constexpr u64 kSetmask = 2;
  raw_call(__NR_rt_sigprocmask, kSetmask, &blocked, nullptr, kSigsetBytes);
}

/// As in a program that nobody has arranged anything for.
inline void reset_signals() {
  for (u32 signal = 1; signal <= kSignals; ++signal) {
    set_signal_action(signal, 0, 0);
  }
  set_signal_mask(0);
}

}  // namespace ipcsim::host
