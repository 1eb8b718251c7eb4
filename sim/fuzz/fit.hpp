// Programs with steps left out, made whole again.
#pragma once

#include <vector>

#include "model/base/kernel_profile.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// The steps of `program` with their number in `keep`, as a program that can be run: descriptors
/// have the numbers that the same files get without the other steps, and what can no longer be done
/// (its task is not there, or asleep, or the model has no answer) is left out. `keep` ascends.
[[nodiscard]] Trace fit(const Trace& program, const std::vector<u32>& keep,
                        const KernelProfile& profile);

/// The same for a program whose steps were changed.
[[nodiscard]] Trace fit(const Trace& program, const KernelProfile& profile);

}  // namespace ipcsim
