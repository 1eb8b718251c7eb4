#include "sim/trace/json_reader.hpp"

#include <algorithm>
#include <utility>

#include "sim/trace/json_text.hpp"
#include "sim/trace/spelling.hpp"

namespace ipcsim {

std::optional<JsonReader> JsonReader::inside(std::string_view key, const JsonValue& value,
                                             std::string_view expected) {
  const JsonValue::Object* object = value.object();
  if (object == nullptr) {
    refuse(key, value, expected);
    return std::nullopt;
  }
  JsonReader reader(*object, subject_, *problem_);
  reader.prefix_ = path(key) + '.';
  return reader;
}

const JsonValue* JsonReader::find(std::string_view key) {
  if (std::ranges::find(asked_, key) == asked_.end()) {
    asked_.push_back(key);
  }
  const auto member = std::ranges::find(*object_, key, &JsonValue::Member::key);
  return member == object_->end() ? nullptr : &member->value;
}

const JsonValue* JsonReader::need(std::string_view key, std::string_view expected) {
  const JsonValue* value = find(key);
  if (value == nullptr && missing_.empty()) {
    missing_ = fmt::format("\"{}\" is missing, expected {}", path(key), expected);
  }
  return value;
}

void JsonReader::boolean(std::string_view key, bool& out) {
  if (const JsonValue* value = find(key)) {
    if (const bool* found = std::get_if<bool>(&value->v)) {
      out = *found;
    } else {
      refuse(key, *value, "true or false");
    }
  }
}

void JsonReader::text(std::string_view key, std::string& out) {
  if (has(key)) {
    need_text(key, out);
  }
}

void JsonReader::need_text(std::string_view key, std::string& out) {
  constexpr std::string_view kExpected = "a string";
  if (const JsonValue* value = need(key, kExpected)) {
    if (const std::string* found = value->string()) {
      out = *found;
    } else {
      refuse(key, *value, kExpected);
    }
  }
}

const JsonValue::List* JsonReader::list(std::string_view key, std::string_view expected) {
  return has(key) ? need_list(key, expected) : nullptr;
}

const JsonValue::List* JsonReader::need_list(std::string_view key, std::string_view expected) {
  const JsonValue* value = need(key, expected);
  if (value != nullptr && value->list() == nullptr) {
    refuse(key, *value, expected);
  }
  return value == nullptr ? nullptr : value->list();
}

void JsonReader::refuse(std::string_view key, const JsonValue& value, std::string_view expected) {
  report(fmt::format("\"{}\" is {}, expected {}", path(key), describe(value), expected));
}

void JsonReader::report(std::string_view message) {
  problem_->report(fmt::format("{}: {}", subject_, message));
}

void JsonReader::close() {
  for (const JsonValue::Member& member : *object_) {
    if (std::ranges::find(asked_, member.key) == asked_.end()) {
      report(fmt::format("unknown key {}{}; {} {}", quoted(path(member.key)),
                         did_you_mean(asked_, member.key),
                         prefix_.empty() ? "it takes" : "there may be",
                         asked_.empty() ? "nothing" : fmt::format("{}", fmt::join(asked_, ", "))));
    }
  }
  if (!missing_.empty()) {
    report(missing_);
  }
}

std::string indexed(std::string_view key, std::size_t index) {
  return fmt::format("{}[{}]", key, index);
}

}  // namespace ipcsim
