#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/trace/json_value.hpp"

namespace ipcsim {
namespace {

// The library's message is "[id] parse error at ...: syntax error while parsing X - DETAIL; last
// read: 'TOKEN'; expected Y". TOKEN may be megabytes of garbage and is left out. The only other
// message is that a number overflows.
std::string syntax_message(std::string_view what) {
  constexpr std::string_view kDash = " - ";
  const std::size_t dash = what.find(kDash);
  if (dash == std::string_view::npos) {
    return "a number is too large";
  }
  const std::size_t detail = dash + kDash.size();
  std::string message =
      fmt::format("not JSON: {}", what.substr(detail, what.find(';', detail) - detail));
  constexpr std::string_view kExpected = "; expected ";
  constexpr std::size_t kLongestExpected = 32;
  const std::size_t expected = what.rfind(kExpected);
  if (expected != std::string_view::npos && expected > detail &&
      what.size() - expected <= kExpected.size() + kLongestExpected) {
    message += fmt::format(", expected {}", what.substr(expected + kExpected.size()));
  }
  return message;
}

// Receives the parser's events (the members that nlohmann::json::sax_parse() calls) and builds a
// value.
class Builder {
 public:
  explicit Builder(std::size_t text_size) : text_size_(text_size) {}

  bool null() { return add({nullptr}); }
  bool boolean(bool value) { return add({value}); }
  bool number_integer(i64 value) { return add({value}); }
  bool number_unsigned(u64 value) {
    return std::in_range<i64>(value) ? add({static_cast<i64>(value)}) : add({value});
  }
  bool number_float(double value, const std::string& /*digits*/) { return add({value}); }
  bool string(std::string& value) { return add({std::move(value)}); }
  bool binary(const nlohmann::json::binary_t& /*value*/) { return refuse("not JSON"); }
  bool start_object(std::size_t /*size*/) { return open({JsonValue::Object{}}); }
  bool start_array(std::size_t /*size*/) { return open({JsonValue::List{}}); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    auto& object = std::get<JsonValue::Object>(open_.back().v);
    if (object.size() == kMostJsonKeys) {
      return refuse(fmt::format("an object has more than {} keys", kMostJsonKeys));
    }
    if (std::ranges::find(object, name, &JsonValue::Member::key) != object.end()) {
      return refuse(fmt::format("the key {} is there twice", describe(JsonValue{std::move(name)})));
    }
    object.push_back({std::move(name), {}});
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& error) {
    constexpr std::size_t kMost = std::numeric_limits<u32>::max();
    error_ = {static_cast<u32>(std::clamp<std::size_t>(position, 1, kMost)), position > text_size_,
              syntax_message(error.what())};
    return false;
  }

  [[nodiscard]] JsonError take_error() { return std::move(error_); }
  [[nodiscard]] JsonValue take_root() { return std::move(root_); }

 private:
  bool refuse(std::string message) {
    error_ = {0, false, std::move(message)};
    return false;
  }
  bool add(JsonValue value) {
    if (++values_ > kMostJsonValues) {
      return refuse(fmt::format("more than {} values in one line", kMostJsonValues));
    }
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* list = std::get_if<JsonValue::List>(&open_.back().v)) {
      list->push_back(std::move(value));
    } else {
      std::get<JsonValue::Object>(open_.back().v).back().value = std::move(value);
    }
    return true;
  }
  bool open(JsonValue container) {
    if (open_.size() == kMostJsonDepth) {
      return refuse(fmt::format("nested deeper than {} levels", kMostJsonDepth));
    }
    open_.push_back(std::move(container));
    return true;
  }
  bool close() {
    JsonValue value = std::move(open_.back());
    open_.pop_back();
    return add(std::move(value));
  }

  std::size_t text_size_;
  std::size_t values_ = 0;
  std::vector<JsonValue> open_;  // the containers around the current place, outermost first
  JsonValue root_;
  JsonError error_;
};

}  // namespace

std::expected<JsonValue, JsonError> parse_json(std::string_view text) {
  // The library takes a NUL byte for the end of the text.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return std::unexpected(
        JsonError{static_cast<u32>(nul + 1), false, "a NUL byte: this is no text"});
  }
  Builder builder(text.size());
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
    return std::unexpected(builder.take_error());
  }
  return builder.take_root();
}

}  // namespace ipcsim
