#include "sim/trace/spelling.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include <fmt/format.h>

namespace ipcsim {
namespace {

constexpr std::size_t kLongestWord = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Insertions, deletions and replacements from one word to the other; upper and lower case are
// alike.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string_view> nearest_name(std::span<const std::string_view> names,
                                             std::string_view word) {
  if (word.size() > kLongestWord) {
    return std::nullopt;
  }
  std::optional<std::string_view> nearest;
  std::size_t least = word.size() < 3 ? 2 : word.size() < 6 ? 3 : 4;  // more is another word
  for (const std::string_view name : names) {
    const std::size_t distance = edits(name, word);
    if (distance < least && distance < name.size()) {
      least = distance;
      nearest = name;
    }
  }
  return nearest;
}

std::string did_you_mean(std::span<const std::string_view> names, std::string_view word) {
  const auto name = nearest_name(names, word);
  return name ? fmt::format(" (did you mean \"{}\"?)", *name) : std::string{};
}

}  // namespace ipcsim
