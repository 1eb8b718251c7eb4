// libFuzzer: `cmake -DCMAKE_CXX_COMPILER=clang++-19 -DIPCSIM_FUZZ=ON`, then
// `fuzz_parse_trace CORPUS-FOLDER tests/trace/bad traces`.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/trace/fuzz_property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto fault = ipcsim::fuzz_fault(text)) {
    std::fprintf(stderr, "%s\n", fault->c_str());
    std::abort();
  }
  return 0;
}
