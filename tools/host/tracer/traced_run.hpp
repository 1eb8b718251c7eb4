// Runs a program under the tracer.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "tools/host/tracer/tracer.hpp"

namespace ipcsim::host {

struct TracedRun {
  std::string log;       ///< as strace writes it
  int status = 0;        ///< of the program, as wait() gives it
  bool stopped = false;  ///< a signal ended the recording, not the program
  u64 calls = 0;
  u64 lost = 0;       ///< records that found no room; the log ends where the first would stand
  u64 left_out = 0;   ///< records behind that place
  u64 foreign = 0;    ///< calls of 32-bit programs, which are not recorded
  u64 untracked = 0;  ///< tasks that were too many, which are not recorded
};

/// Runs `command` until all of its tasks have ended, or SIGINT or SIGTERM comes after the program
/// itself did. `spool` is a file for what was recorded. Errors (by text): the program cannot be
/// started; a file or process cannot be made.
[[nodiscard]] std::expected<TracedRun, std::string> run_traced(
    Tracer& tracer, const std::vector<std::string>& command, const std::string& spool);

}  // namespace ipcsim::host
