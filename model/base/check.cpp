#include "model/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace ipcsim {

void check_failed(const char* condition, const char* file, int line) {
  static_cast<void>(std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition));
  std::abort();
}

}  // namespace ipcsim
