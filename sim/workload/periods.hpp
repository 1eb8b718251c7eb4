// Finding that a run repeats itself.
#pragma once

#include <vector>

#include "sim/workload/run_state.hpp"

namespace ipcsim::workload {

/// What only grows while a run goes on.
struct Totals {
  struct OfTask {
    RunCounts counts;
    u64 left = 0;
  };
  struct OfObject {
    u64 pages_allocated = 0;
    u64 pages_reused = 0;
    u64 stream_in = 0;
    u64 stream_out = 0;
    double byte_area = 0;
    double place_area = 0;
  };
  i64 now = 0;
  u64 sections = 0;
  u64 write_sleeps = 0;
  std::vector<OfTask> tasks;
  std::vector<OfObject> objects;
  Histogram write_ns;
  Histogram read_ns;
  Histogram transit_ns;
};

/// Everything that decides how a run goes on, as numbers relative to the present time and to the
/// positions in the streams: when they are those of an earlier moment, the run repeats what it did
/// since.
using Signature = std::vector<i64>;

/// Compares with one earlier moment, a later one each time that the number of moments has doubled
/// (Brent's way): a period is found within three times its length behind the beginning of the
/// first.
struct PeriodFinder {
  static constexpr u64 kMostMoments = u64{1} << 14U;

  bool given_up = false;
  u64 moments = 0;
  u64 next_kept = 1;
  Signature kept;
  Totals kept_totals;
};

}  // namespace ipcsim::workload
