// When two answers are the same.
#pragma once

#include "sim/kernel/call.hpp"
#include "sim/kernel/signal_info.hpp"

namespace ipcsim {

/// True when `actual` is what `expected` says: the return value, the error, and what was handed out
/// as far as `expected` has it (bytes that are not known match any).
[[nodiscard]] bool agrees(const SysResult& expected, const SysResult& actual);

/// The same for the end of a call: how it ended, its result or its signal.
[[nodiscard]] bool agrees(const Completion& expected, const Completion& actual);

/// The same for what a handler saw, as far as `expected` has it.
[[nodiscard]] bool agrees(const SignalInfo& expected, const SignalInfo& actual);

}  // namespace ipcsim
