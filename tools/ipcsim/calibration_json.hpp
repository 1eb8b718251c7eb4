// A calibration as a file.
#pragma once

#include <expected>
#include <string>

#include "sim/workload/calibration.hpp"

namespace ipcsim {

/// One JSON object, for people too: each quantity with median, low, high and what it is.
[[nodiscard]] std::string calibration_to_json(const Calibration& calibration);
/// Reads what calibration_to_json() wrote, or says in words what is wrong. `path` stands for the
/// file in messages, and in the calibration's name.
[[nodiscard]] std::expected<Calibration, std::string> calibration_from_json(
    const std::string& text, const std::string& path);
/// The file's calibration; of an empty path the built-in one.
[[nodiscard]] std::expected<Calibration, std::string> load_calibration(const std::string& path);

}  // namespace ipcsim
