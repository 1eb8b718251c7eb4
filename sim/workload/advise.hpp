// Which size a trace's pipe or queue should have, and why.
#pragma once

#include <string>
#include <vector>

#include "sim/workload/sweep.hpp"

namespace ipcsim {

/// What was found of one pipe or queue of a workload.
struct Advice {
  std::string object;  ///< its name
  bool queue = false;
  u64 present = 0;       ///< its size in the workload: bytes, or messages
  u64 best = 0;          ///< the size to take
  bool matters = false;  ///< otherwise the present one is as good as any
  bool present_deadlocks = false;
  u64 least_without_deadlock = 0;  ///< 0: every size that was tried deadlocks
  u64 amount = 0;                  ///< bytes, or messages, that went through
  Interval seconds_present;        ///< of the whole workload
  Interval seconds_best;
  double sleeps_present = 0;  ///< of the whole workload, all tasks
  double sleeps_best = 0;
  u64 most_bytes_best = 0;         ///< in flight
  std::vector<std::string> stuck;  ///< at the present size: who sleeps where
};

/// Tries object `object` of `workload` at `sizes` (ascending, with the present size among them). A
/// size is better when it takes a twentieth less time than the present one, by the middle of the
/// prediction; of those within a twentieth of the best the least is taken.
[[nodiscard]] Advice advise(const Workload& workload, u32 object, const std::vector<u64>& sizes,
                            const SweepOptions& options);

/// The advice in words, with its numbers.
[[nodiscard]] std::string advice_text(const Advice& advice, u32 page_size);

}  // namespace ipcsim
