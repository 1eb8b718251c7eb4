// Measures what a calibration has.
#pragma once

#include <expected>
#include <functional>

#include "sim/replay/machine.hpp"
#include "sim/workload/calibration.hpp"

namespace ipcsim {

/// Times every quantity `rounds` times, one after the other in each round, so that a disturbance
/// hits one round and not one quantity. `progress` is told the rounds that are done. Fails when
/// this machine has one processor only, or has no pipes or queues to spare.
[[nodiscard]] std::expected<Calibration, MachineError> calibrate(
    u32 rounds, const std::function<void(u32 done)>& progress);

}  // namespace ipcsim
