// Which name somebody may have meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ipcsim {

/// The name among `names` that takes the fewest typing errors to become `word`, if they are few.
[[nodiscard]] std::optional<std::string_view> nearest_name(std::span<const std::string_view> names,
                                                           std::string_view word);

/// ` (did you mean "read"?)`, or nothing.
[[nodiscard]] std::string did_you_mean(std::span<const std::string_view> names,
                                       std::string_view word);

}  // namespace ipcsim
