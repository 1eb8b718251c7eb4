// A program for recorders: writes and reads 64 bytes of a pipe so many times, and prints what a
// call took, in nanoseconds of real time.
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

namespace {

constexpr std::size_t kBytes = 64;

/// Nanoseconds a call, or nothing when a call failed.
double measure(int pairs) {
  std::array<int, 2> fds{};
  if (pipe(fds.data()) != 0) {
    return 0;
  }
  std::array<char, kBytes> bytes{};
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < pairs; ++i) {
    if (write(fds[1], bytes.data(), kBytes) != kBytes ||
        read(fds[0], bytes.data(), kBytes) != kBytes) {
      return 0;
    }
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return took.count() / (2.0 * pairs);
}

}  // namespace

int main(int argc, char** argv) {
  int pairs = 0;
  const std::string_view text = argc == 2 ? argv[1] : "";
  std::from_chars(text.data(), text.data() + text.size(), pairs);
  const double each = pairs > 0 ? measure(pairs) : 0;
  if (each == 0) {
    fmt::print(stderr, "usage: traced_calls PAIRS\n");
    return 2;
  }
  fmt::print("{:.1f}\n", each);
  return EXIT_SUCCESS;
}
