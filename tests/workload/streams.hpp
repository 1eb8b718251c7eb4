// Workloads and runs that the tests share.
#pragma once

#include "sim/workload/run.hpp"
#include "sim/workload/sweep.hpp"
#include "sim/workload/workload.hpp"

namespace ipcsim::testing {

/// One writer and one reader of one pipe.
[[nodiscard]] Workload stream(u64 pipe_bytes, u64 write_bytes, u64 read_bytes, u64 total_bytes);
/// Two processes, each of which writes so many bytes before it reads the other's.
[[nodiscard]] Workload exchange(u64 pipe_bytes, u64 bytes);
/// One sender and one receiver of one queue.
[[nodiscard]] Workload messages(i64 maxmsg, u64 bytes, u64 count);
/// A run with the built-in calibration.
[[nodiscard]] RunResult run(const Workload& workload, u32 processors,
                            SchedulePolicy policy = SchedulePolicy::kRunToBlock);
[[nodiscard]] double sleeps_per_mib(const RunResult& result);

}  // namespace ipcsim::testing
