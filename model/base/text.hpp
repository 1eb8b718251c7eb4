// Small helpers for text that people read.
#pragma once

#include <string>
#include <string_view>

namespace ipcsim {

/// `text(element)` of every element, with `separator` between them.
template <class Range, class F>
[[nodiscard]] std::string joined(const Range& range, std::string_view separator, F text) {
  std::string all;
  std::string_view before;
  for (const auto& element : range) {
    all += before;
    all += text(element);
    before = separator;
  }
  return all;
}

}  // namespace ipcsim
