// How often this test program has allocated memory.
#pragma once

#include <cstddef>

namespace ipcsim {

/// Calls of operator new so far.
[[nodiscard]] std::size_t allocations();

}  // namespace ipcsim
