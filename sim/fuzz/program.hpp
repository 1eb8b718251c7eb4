// Random programs: the same seed gives the same program for ever.
#pragma once

#include "model/base/kernel_profile.hpp"
#include "sim/fuzz/coverage.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// What programs are about.
struct ProgramOptions {
  bool pipes = true;
  bool queues = true;
  u32 tasks = 6;    ///< most that live at one time
  u32 steps = 100;  ///< actions of one program
  const KernelProfile* profile = nullptr;
};

/// A settled program without results: setting up, then random steps, each chosen by what the model
/// says the system is like then. Nothing in it has an outcome that the model does not know. What
/// it does is added to `coverage`. Fewer steps than asked for when all its tasks have died.
/// REQUIRES: pipes or queues, at least one task, a profile.
[[nodiscard]] Trace write_program(const ProgramOptions& options, u64 seed, Coverage& coverage);

}  // namespace ipcsim
