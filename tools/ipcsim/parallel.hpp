// Many independent pieces of work on all processors, with progress on a terminal.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace ipcsim {

/// Calls `work(i)` for each i below `count`, on `threads` threads (0: as many as there are
/// processors). While it lasts, a terminal on standard error shows "WHAT: 3 of 20"; nothing is left
/// of that. `work` touches nothing that another call of it touches.
void for_each_parallel(std::size_t count, unsigned threads, const std::string& what,
                       const std::function<void(std::size_t)>& work);

}  // namespace ipcsim
