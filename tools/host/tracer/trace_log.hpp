// The records of a run as the log that strace would have written.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "model/base/types.hpp"

namespace ipcsim::host {

struct TraceLogOptions {
  i64 realtime_offset_ns = 0;  ///< CLOCK_REALTIME - CLOCK_MONOTONIC
  u64 end_ns = ~u64{0};        ///< records from this time on are left out: some are missing
};

struct TraceLog {
  std::string text;
  u64 calls = 0;
  u64 left_out = 0;  ///< records behind `end_ns`
};

/// `records`: each a u32 with its length, then its bytes, in the order of the tracer.
[[nodiscard]] TraceLog write_trace_log(std::span<const std::byte> records,
                                       const TraceLogOptions& options);

}  // namespace ipcsim::host
