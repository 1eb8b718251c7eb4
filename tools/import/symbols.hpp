// Names and expressions of a log as numbers.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "model/base/types.hpp"
#include "sim/kernel/constants.hpp"
#include "tools/import/argument.hpp"

namespace ipcsim::strace {

/// The value of "O_RDWR|O_CLOEXEC|0x40" or of a plain number. Nothing when a name is not in
/// `names`.
[[nodiscard]] std::optional<u64> flags_value(const Node& node, std::span<const NamedNumber> names);

/// The numbers of such an expression together; names count for nothing.
[[nodiscard]] u64 bits_of_numbers(const Node& node);

/// The value of a number, of "8192*1024", or of RLIM64_INFINITY.
[[nodiscard]] std::optional<u64> limit_value(const Node& node);

/// "SIGCHLD", "SIGRT_3", "CHLD" (as sets have it) or a number.
[[nodiscard]] std::optional<Signal> signal_value(std::string_view text);

/// The bits of a set such as [INT CHLD] or ~[KILL STOP]; bit 0 is signal 1. Nothing when it is no
/// set.
[[nodiscard]] std::optional<u64> signal_set_value(const Node& node);

/// The bit of a signal in such a set.
[[nodiscard]] constexpr u64 signal_bit(Signal signal) { return u64{1} << (signal.v - 1); }

/// open() flags under the names that strace has and the trace format has not.
[[nodiscard]] std::optional<u64> open_flags_value(const Node& node);

}  // namespace ipcsim::strace
