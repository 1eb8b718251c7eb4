// A programming error is found where it is made, in every build.
#pragma once

namespace ipcsim {

/// Prints the broken condition with its place and aborts. Never returns.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace ipcsim

/// Aborts when `condition` is false, in release builds too. For errors of this program only: bad
/// input is answered with a `Result`.
#define IPCSIM_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::ipcsim::check_failed(#condition, __FILE__, __LINE__))
