// Takes an object of a trace apart, and says what is wrong with it.
#pragma once

#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "model/base/types.hpp"
#include "sim/trace/json_value.hpp"

namespace ipcsim {

/// The first thing that is wrong with a line; what is reported later is kept out.
class Problem {
 public:
  void report(std::string text) {
    if (!found()) {
      text_ = std::move(text);
    }
  }
  [[nodiscard]] bool found() const { return !text_.empty(); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// "a whole number from 0 to 9"
template <std::integral T>
[[nodiscard]] std::string whole_number(T min, T max) {
  return fmt::format("a whole number from {} to {}", min, max);
}

/// Reads the members of one object. Each key that is asked for (a literal) becomes a key that the
/// object may have; close() refuses all others.
class JsonReader {
 public:
  /// `subject` is what a message is about ("read", "the header").
  JsonReader(const JsonValue::Object& object, std::string subject, Problem& problem)
      : object_(&object), subject_(std::move(subject)), problem_(&problem) {}

  /// A reader of `value`, which this object has under `key`; null when it is no object, which is
  /// then the problem. `expected` says what should be there.
  [[nodiscard]] std::optional<JsonReader> inside(std::string_view key, const JsonValue& value,
                                                 std::string_view expected);

  /// The value under `key`, or null.
  [[nodiscard]] const JsonValue* find(std::string_view key);
  /// The same; that it is missing is a problem.
  [[nodiscard]] const JsonValue* need(std::string_view key, std::string_view expected);
  [[nodiscard]] bool has(std::string_view key) { return find(key) != nullptr; }

  // Each of these leaves `out` alone when the key is missing (a problem for need_...), and reports
  // a value of the wrong type or range.

  template <std::integral T>
  void integer(std::string_view key, T& out, T min = std::numeric_limits<T>::min(),
               T max = std::numeric_limits<T>::max()) {
    if (const JsonValue* value = find(key)) {
      integer_of(key, *value, out, min, max);
    }
  }
  template <std::integral T>
  void need_integer(std::string_view key, T& out, T min = std::numeric_limits<T>::min(),
                    T max = std::numeric_limits<T>::max()) {
    if (const JsonValue* value = need(key, whole_number(min, max))) {
      integer_of(key, *value, out, min, max);
    }
  }
  template <std::integral T>
  void integer_of(std::string_view key, const JsonValue& value, T& out, T min, T max) {
    if (const auto number = value.integer<T>(min, max)) {
      out = *number;
    } else {
      refuse(key, value, whole_number(min, max));
    }
  }
  void boolean(std::string_view key, bool& out);
  void text(std::string_view key, std::string& out);
  void need_text(std::string_view key, std::string& out);
  /// The list under `key`, or null.
  [[nodiscard]] const JsonValue::List* list(std::string_view key, std::string_view expected);
  [[nodiscard]] const JsonValue::List* need_list(std::string_view key, std::string_view expected);

  /// `SUBJECT: "KEY" is FOUND, expected EXPECTED`
  void refuse(std::string_view key, const JsonValue& value, std::string_view expected);
  /// `SUBJECT: MESSAGE`
  void report(std::string_view message);
  /// The key with those of the objects around it: "tasks[0].uid".
  [[nodiscard]] std::string path(std::string_view key) const { return prefix_ + std::string(key); }
  [[nodiscard]] Problem& problem() { return *problem_; }

  /// Reports a key that was not asked for, or else what was missing. Nothing is read after this.
  void close();

 private:
  const JsonValue::Object* object_;
  std::string subject_;
  Problem* problem_;
  std::string prefix_;
  std::vector<std::string_view> asked_;
  std::string missing_;  // a misspelt key says more than that the right one is missing
};

/// The name of item `index` of the list `key`.
[[nodiscard]] std::string indexed(std::string_view key, std::size_t index);

}  // namespace ipcsim
