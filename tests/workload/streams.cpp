#include "tests/workload/streams.hpp"

namespace ipcsim::testing {

Workload stream(u64 pipe_bytes, u64 write_bytes, u64 read_bytes, u64 total_bytes) {
  StreamParameters parameters{.write_size = SizeSpec::fixed(write_bytes),
                              .read_size = SizeSpec::fixed(read_bytes),
                              .total_bytes = total_bytes};
  parameters.object = {.name = "pipe", .pipe_bytes = pipe_bytes};
  return stream_workload(parameters);
}

Workload exchange(u64 pipe_bytes, u64 bytes) {
  StreamParameters parameters{.write_size = SizeSpec::fixed(bytes),
                              .read_size = SizeSpec::fixed(bytes),
                              .total_bytes = 2 * bytes,
                              .exchange_bytes = bytes};
  parameters.object = {.name = "pipe", .pipe_bytes = pipe_bytes};
  return stream_workload(parameters);
}

Workload messages(i64 maxmsg, u64 bytes, u64 count) {
  StreamParameters parameters{.write_size = SizeSpec::fixed(bytes), .total_messages = count};
  parameters.object = {.name = "queue", .queue = true, .mq = {maxmsg, static_cast<i64>(bytes)}};
  return stream_workload(parameters);
}

RunResult run(const Workload& workload, u32 processors, SchedulePolicy policy) {
  return run_workload(
      workload, {.profile = find_profile("linux-6.18"),
                 .costs = costs_of(reference_calibration(), CostLevel::kMedian, CostLevel::kMedian),
                 .processors = processors,
                 .policy = policy});
}

double sleeps_per_mib(const RunResult& result) {
  return static_cast<double>(result.all.sleeps) / units(result.all, false);
}

}  // namespace ipcsim::testing
