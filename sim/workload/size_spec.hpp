// Sizes of transfers: one size, a range, or several with weights.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/random.hpp"

namespace ipcsim {

/// Reads "4096", "64K", "1M", "2G" (powers of 1024), or says in words what is wrong.
[[nodiscard]] std::expected<u64, std::string> parse_bytes(std::string_view text);
/// "4 KiB", "2049 B": a size for people; whole units only.
[[nodiscard]] std::string bytes_text(u64 bytes);

/// Where the size of each transfer comes from. At least 1 byte each.
class SizeSpec {
 public:
  /// Always `bytes`.
  [[nodiscard]] static SizeSpec fixed(u64 bytes);
  /// Reads "4096", "512..4096" (each size alike), "64:9,4K:1" (nine of ten are 64 bytes).
  [[nodiscard]] static std::expected<SizeSpec, std::string> parse(std::string_view text);

  /// The size of the next transfer. Takes a number from `random` unless there is only one size.
  [[nodiscard]] u64 draw(Random& random) const {
    return choices_.empty() ? fixed_ : draw_choice(random);
  }
  [[nodiscard]] u64 largest() const;
  [[nodiscard]] u64 smallest() const;
  /// True when every transfer has the same size.
  [[nodiscard]] bool is_fixed() const { return choices_.empty(); }
  /// As parse() reads it.
  [[nodiscard]] std::string text() const;

  bool operator==(const SizeSpec&) const = default;

 private:
  struct Choice {
    u64 low = 1;
    u64 high = 1;
    u32 weight = 1;
    bool operator==(const Choice&) const = default;
  };
  [[nodiscard]] u64 draw_choice(Random& random) const;
  [[nodiscard]] static std::expected<Choice, std::string> parse_choice(std::string_view text);

  u64 fixed_ = 1;
  std::vector<Choice> choices_;  // none: fixed_
  u64 weights_ = 0;
};

}  // namespace ipcsim
