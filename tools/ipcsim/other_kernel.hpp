// Traces on kernels that are not the one this process runs on.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <vector>

#include "sim/trace/trace.hpp"

namespace ipcsim {

/// What one trace came to on one kernel.
struct MatrixCell {
  std::string trace;
  std::string lacking;     ///< why the kernel could not be asked; empty: it was
  std::string difference;  ///< the first, in words; empty: there is none
  std::string where;       ///< its line
  u64 compared = 0;
  u64 states = 0;  ///< states of the kernel's structures that were held against the model's
  u64 raced = 0;   ///< 1: it agrees with the other outcome of a race that this version has
  u64 not_modelled = 0;

  [[nodiscard]] bool agrees() const { return lacking.empty() && difference.empty(); }
  bool operator==(const MatrixCell&) const = default;
};

/// A kernel that can be asked.
struct NamedKernel {
  std::string name;     ///< "host", "uml-6.1", ...
  std::string profile;  ///< the profile that it is held against; empty: the trace's own
  std::string command;  ///< a shell command with {} for what is to be run; empty: none is needed
};

/// The kernels that can be named: host, uml-6.1, qemu-6.1, qemu-6.12.
[[nodiscard]] std::span<const NamedKernel> known_kernels();

/// Runs a trace's program in the model and on the kernel of this process, and compares the two;
/// what was recorded does not count. Under a profile, or the trace's own.
[[nodiscard]] MatrixCell ask_this_kernel(const Trace& trace, const std::string& profile);

/// Asks a kernel about all traces: one run of this program there. Errors: why there is no verdict,
/// and whether that is because the kernel cannot be had here.
struct NoVerdict {
  std::string why;
  bool lacking = false;
};
[[nodiscard]] std::expected<std::vector<MatrixCell>, NoVerdict> ask_kernel(
    const NamedKernel& kernel, const std::vector<std::string>& traces);

/// A cell as one line of JSON, and back. Errors: the line is no cell.
[[nodiscard]] std::string to_json(const MatrixCell& cell);
[[nodiscard]] std::expected<MatrixCell, std::string> cell_from_json(const std::string& line);

}  // namespace ipcsim
