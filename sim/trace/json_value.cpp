#include "sim/trace/json_value.hpp"

#include <fmt/format.h>

#include "sim/trace/json_text.hpp"

namespace ipcsim {
namespace {

struct Describe {
  std::string operator()(std::nullptr_t) const { return "null"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(i64 value) const { return fmt::format("{}", value); }
  std::string operator()(u64 value) const { return fmt::format("{}", value); }
  std::string operator()(double value) const { return fmt::format("{:#}", value); }
  std::string operator()(const std::string& value) const { return quoted(value); }
  std::string operator()(const JsonValue::List& /*value*/) const { return "a list"; }
  std::string operator()(const JsonValue::Object& /*value*/) const { return "an object"; }
};

}  // namespace

std::string describe(const JsonValue& value) { return std::visit(Describe{}, value.v); }

}  // namespace ipcsim
