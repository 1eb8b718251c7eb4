// A workload at many sizes: one row a size, with what a prediction does not know as an interval.
#pragma once

#include <string>
#include <vector>

#include "sim/workload/run.hpp"
#include "sim/workload/size_probe.hpp"

namespace ipcsim {

/// Least and greatest of several runs, and that of the run in the middle.
struct Interval {
  double low = 0;
  double middle = 0;
  double high = 0;
};

/// How the tasks share processors.
enum class Placement : u8 {
  kOne,      ///< one processor, ordinary scheduling
  kOneFifo,  ///< one processor, equal real-time priorities: nothing is left to chance
  kTwo,      ///< two processors, task i on i mod 2
};

struct SweepOptions {
  const KernelProfile* profile = nullptr;
  const Calibration* calibration = nullptr;
  u32 page_size = 4096;
  Placement placement = Placement::kTwo;
  u64 seed = 1;
  u64 most_sections = 2'000'000'000;
  bool bounds = true;  ///< also the runs at the ends of the intervals
};

/// A workload with the sizes of one row.
struct SweepCase {
  u64 size = 0;        ///< bytes of the pipe asked for, or mq_maxmsg
  bool queue = false;  ///< the size is a queue's: counts are told for 1000 messages, not for a MiB
  Workload workload;
};

/// What a size does to a workload.
struct SweepRow {
  u64 size = 0;
  RunResult run;             ///< the one in the middle
  Interval sleeps_per_unit;  ///< a MiB, or 1000 messages
  Interval bytes_per_second;
};

/// What was transferred, in the unit that counts are told for; never 0.
[[nodiscard]] double units(const RunCounts& counts, bool queue);

/// One row. Where the schedule is a matter of chance the middle run has bounds beside it: runs with
/// wake-ups as quick and as slow as the calibration saw, and with other rules of who goes first.
/// REQUIRES: options.profile, options.calibration.
[[nodiscard]] SweepRow sweep_row(const SweepCase& at, const SweepOptions& options);

/// What the rows say together. Indices into the rows, or -1.
struct SweepSummary {
  int least_without_deadlock = -1;
  int least_without_sleeping_writers = -1;
  int flat_from = -1;  ///< least whose throughput is within a twentieth of the best
};
[[nodiscard]] SweepSummary summarise(const std::vector<SweepRow>& rows);

}  // namespace ipcsim
