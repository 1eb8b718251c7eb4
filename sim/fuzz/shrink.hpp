// The shortest program that still shows what a long one showed.
#pragma once

#include <functional>

#include "model/base/kernel_profile.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// True when the program still shows it.
using StillShows = std::function<bool(const Trace&)>;

/// Makes `program`, which shows it, smaller until nothing smaller shows it or `most_tries` programs
/// were tried: fewer steps, fewer tasks, smaller sizes, fewer flags, a plainer environment. Every
/// program that is tried is one that the model can run to its end.
[[nodiscard]] Trace shrink(const Trace& program, const KernelProfile& profile, u32 most_tries,
                           const StillShows& still_shows);

}  // namespace ipcsim
