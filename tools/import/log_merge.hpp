// Several files of one recording in one order.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "tools/import/log_reader.hpp"

namespace ipcsim::strace {

/// One file's items on their way into the order of all.
struct Lane {
  std::size_t at = 0;
  std::size_t end = 0;
};

/// Puts the items of several files, each in order, into one order. At equal times beginnings come
/// first, so that calls whose order is not known overlap.
void merge(Log& log, std::vector<Lane> lanes);

/// Joins what an execve() of a thread has in two files. Errors: it began in none of them.
[[nodiscard]] std::expected<void, TraceError> join_orphans(Log& log);

/// Errors: the times of the file called `name` cannot be compared with those of other files.
[[nodiscard]] std::expected<void, TraceError> check_clock(const Log& log, const std::string& name,
                                                          Clock clock);

}  // namespace ipcsim::strace
