// What calls that wait for events have in common: timeouts and signal masks.
#pragma once

#include <optional>

#include "tools/import/conversion.hpp"

namespace ipcsim::strace {

inline constexpr i64 kNanosecondsPerMillisecond = 1'000'000;

/// The nanoseconds of a timeout that is a time, or nothing.
[[nodiscard]] std::optional<i64> nanoseconds(const UserPtr<Timespec>& timeout);

/// A signal mask: a list of names, or an address that strace could not look behind.
[[nodiscard]] SigmaskPtr read_mask(Conversion& c, const Node* node);

/// A call that waits for events at most so long.
[[nodiscard]] Plan keep_waiting(Conversion& c, Call call, Output out,
                                std::optional<i64> timeout_ns);

}  // namespace ipcsim::strace
