// Strings and numbers without a library.
#pragma once

#include <cstddef>

#include "model/base/types.hpp"

namespace ipcsim::host {

/// Text of bounded length that always ends in NUL. What does not fit is left out.
template <std::size_t kSize>
struct Text {
  char chars[kSize] = {};
  std::size_t len = 0;

  Text& add(const char* text) {
    for (; *text != '\0' && len + 1 < kSize; ++text) {
      chars[len++] = *text;
    }
    chars[len] = '\0';
    return *this;
  }
  Text& add(u64 number) {
    char digits[21] = {};
    std::size_t at = sizeof digits - 1;
    do {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return add(digits + at);
  }
};

[[nodiscard]] inline bool equal(const char* a, const char* b) {
  for (; *a != '\0' && *a == *b; ++a, ++b) {
  }
  return *a == *b;
}

/// The number at `text`, which is moved behind it. 0 when there is none.
[[nodiscard]] inline u64 take_number(const char*& text) {
  u64 number = 0;
  for (; *text >= '0' && *text <= '9'; ++text) {
    number = number * 10 + static_cast<u64>(*text - '0');
  }
  return number;
}

/// Copies `from` with its NUL. REQUIRES: it fits.
inline void copy_text(char* to, const char* from) {
  while ((*to++ = *from++) != '\0') {
  }
}

}  // namespace ipcsim::host
