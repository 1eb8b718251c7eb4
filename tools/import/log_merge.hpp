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

/// The items from `first` on, of one file, stand in the order in which calls ended (strace -z):
/// puts each beginning where its time says that it was, so that calls overlap that may have. A
/// log without times says only that it was behind what the task did before. A task that ended had
/// called exit(), which such a log does not show.
void put_beginnings_apart(Log& log, std::size_t first);

/// Joins what an execve() of a thread has in two files. Errors: it began in none of them.
[[nodiscard]] std::expected<void, TraceError> join_orphans(Log& log);

/// Errors: the times of the file called `name` cannot be compared with those of other files.
[[nodiscard]] std::expected<void, TraceError> check_clock(const Log& log, const std::string& name,
                                                          Clock clock);

}  // namespace ipcsim::strace
