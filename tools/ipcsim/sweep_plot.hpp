// A sweep as a picture.
#pragma once

#include <string>

#include "tools/ipcsim/sweep_report.hpp"

namespace ipcsim {

/// Throughput, sleeps and fill against size, prediction and measurement together: an SVG image, or
/// a page with it when `path` ends with ".html". Its colours follow the reader's screen (light or
/// dark); in print it is dark on white.
[[nodiscard]] std::string sweep_plot(const SweepReport& report, const std::string& path);

}  // namespace ipcsim
