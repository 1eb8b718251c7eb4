// One line of JSON as a value. The rest of the trace format reads these values, so that the JSON
// library can be replaced in one place.
#pragma once

#include <concepts>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "model/base/types.hpp"

namespace ipcsim {

/// Any JSON value. Objects keep the order of their keys and have each key once.
struct JsonValue {
  struct Member;
  using List = std::vector<JsonValue>;
  using Object = std::vector<Member>;

  /// A whole number is an i64, or a u64 where it is too large for that; all others are doubles.
  std::variant<std::nullptr_t, bool, i64, u64, double, std::string, List, Object> v;

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::nullptr_t>(v); }
  [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&v); }
  [[nodiscard]] const List* list() const { return std::get_if<List>(&v); }
  [[nodiscard]] const Object* object() const { return std::get_if<Object>(&v); }
  /// The whole number, if it is one and lies in [min, max].
  template <std::integral T>
  [[nodiscard]] std::optional<T> integer(T min, T max) const {
    const auto fit = [&](auto number) -> std::optional<T> {
      if (std::cmp_less(number, min) || std::cmp_greater(number, max)) {
        return std::nullopt;
      }
      return static_cast<T>(number);
    };
    if (const i64* number = std::get_if<i64>(&v)) {
      return fit(*number);
    }
    if (const u64* number = std::get_if<u64>(&v)) {
      return fit(*number);
    }
    return std::nullopt;
  }
};

struct JsonValue::Member {
  std::string key;
  JsonValue value;
};

/// What one line may hold. A trace never comes near these; they bound what a hostile one can cost.
inline constexpr std::size_t kMostJsonDepth = 32;
inline constexpr std::size_t kMostJsonKeys = 64;           ///< of one object
inline constexpr std::size_t kMostJsonValues = 1U << 18U;  ///< of one line

/// Why a text is no JSON value, or none that a trace can hold.
struct JsonError {
  u32 column = 0;      ///< from 1, in bytes; 0: nowhere in particular
  bool ended = false;  ///< the text stops inside a value
  std::string message;
};

/// Reads the one JSON value that `text` is.
[[nodiscard]] std::expected<JsonValue, JsonError> parse_json(std::string_view text);

/// What was found, for messages: `5`, `"abc"`, `a list`, `null`.
[[nodiscard]] std::string describe(const JsonValue& value);

}  // namespace ipcsim
