// Pieces of JSON text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "model/base/types.hpp"

namespace ipcsim {

/// True when `bytes` are valid UTF-8 and every character is printable, a newline or a tab.
[[nodiscard]] bool is_plain_text(std::string_view bytes);
/// True when `bytes` are valid UTF-8.
[[nodiscard]] bool is_utf8(std::string_view bytes);

/// `text` as a JSON string with its quotes. What is not printable is escaped; a byte that is not
/// UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);
/// `items`, JSON texts, as a list.
[[nodiscard]] std::string json_list(const std::vector<std::string>& items);
/// `text` for a message: as a JSON string, shortened when long.
[[nodiscard]] std::string quoted(std::string_view text);

/// "00ff"
[[nodiscard]] std::string to_hex(std::string_view bytes);

/// Puts an object together, one member after the other.
class JsonObjectText {
 public:
  /// Adds a member whose value is the JSON text `json`.
  JsonObjectText& json(std::string_view key, std::string_view json);
  JsonObjectText& string(std::string_view key, std::string_view text) {
    return json(key, json_string(text));
  }
  template <std::integral T>
  JsonObjectText& number(std::string_view key, T value) {
    return json(key, fmt::format("{}", value));
  }
  /// The same, unless it is the default.
  template <std::integral T>
  JsonObjectText& number_unless(std::string_view key, T value, T usual) {
    return value == usual ? *this : number(key, value);
  }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  /// The object.
  [[nodiscard]] std::string text() const { return '{' + text_ + '}'; }

 private:
  std::string text_;
};

}  // namespace ipcsim
