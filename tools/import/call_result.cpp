#include "tools/import/call_result.hpp"

#include <fmt/format.h>

#include "tools/import/printable.hpp"
#include "tools/import/strace_lexer.hpp"
#include "tools/import/strace_line.hpp"

namespace ipcsim::strace {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

/// Takes the " <0.000012>" of -T off the end.
std::optional<i64> take_duration(std::string_view& text) {
  const std::size_t open = text.rfind('<');
  if (!text.ends_with('>') || open == std::string_view::npos || open == 0 ||
      text[open - 1] != ' ') {
    return std::nullopt;
  }
  const auto duration = parse_seconds(text.substr(open + 1, text.size() - open - 2));
  if (duration) {
    text = trim(text.substr(0, open));
  }
  return duration;
}

/// Takes "(DELAYED)" and "(INJECTED)" off the end; true for the second.
bool take_tampering(std::string_view& text) {
  constexpr std::string_view kInjected = "(INJECTED)";
  constexpr std::string_view kDelayed = "(DELAYED)";
  if (text.ends_with(kDelayed)) {
    text = trim(text.substr(0, text.size() - kDelayed.size()));
  }
  const bool injected = text.ends_with(kInjected);
  if (injected) {
    text = trim(text.substr(0, text.size() - kInjected.size()));
  }
  return injected;
}

/// "EAGAIN (Resource temporarily unavailable)": the name.
std::string_view error_name(std::string_view text) { return text.substr(0, text.find(' ')); }

/// What stands in parentheses at the front.
std::string_view details_of(std::string_view text) {
  if (!text.starts_with('(') || !text.ends_with(')')) {
    return {};
  }
  return text.substr(1, text.size() - 2);
}

}  // namespace

std::string_view result_text(std::string_view call) {
  constexpr std::string_view kEquals = " = ";
  for (std::size_t at = call.rfind(kEquals); at != std::string_view::npos && at > 0;
       at = call.rfind(kEquals, at - 1)) {
    const std::size_t before = call.find_last_not_of(' ', at);
    if (before != std::string_view::npos && call[before] == ')') {
      return call.substr(at + 1);
    }
  }
  return {};
}

std::string_view error_text(std::string_view call) {
  constexpr std::string_view kFails = "= -1 E";
  const std::string_view result = result_text(call);
  return result.starts_with(kFails) ? error_name(result.substr(kFails.size() - 1))
                                    : std::string_view{};
}

std::expected<CallResult, std::string> parse_result(std::string_view rest) {
  CallResult result;
  std::string_view text = trim(rest);
  if (text.empty()) {
    return result;
  }
  if (!text.starts_with("= ")) {
    return std::unexpected(
        fmt::format("expected ' = ' and a result behind ')', found '{}'", printable(text, 40)));
  }
  text = trim(text.substr(2));
  result.duration_ns = take_duration(text);
  result.injected = take_tampering(text);
  if (text.starts_with("18446744073709551615")) {
    return result;  // what strace finds where a result would be when the task was killed
  }
  if (text.starts_with('?')) {
    result.error = error_name(trim(text.substr(1)));
    const bool restart = result.error.starts_with("ERESTART");
    result.kind = restart ? CallResult::Kind::kRestart : CallResult::Kind::kNone;
    return result;
  }
  Lexer lexer(text);
  const Token number = lexer.take();
  if (number.kind != Token::Kind::kNumber) {
    return std::unexpected(
        fmt::format("expected a number or '?' as the result, found '{}'", printable(text, 40)));
  }
  result.value = static_cast<i64>(number.number);
  result.annotation = number.annotation;
  text = trim(text.substr(lexer.end_of_last()));
  const bool failed = result.value == -1 && text.starts_with('E');
  result.kind = failed ? CallResult::Kind::kFailed : CallResult::Kind::kValue;
  if (failed) {
    result.error = error_name(text);
    if (result.error.starts_with("ERESTART")) {
      result.kind = CallResult::Kind::kRestart;  // so it stands where a call is not decoded
    }
  } else {
    result.details = details_of(text);
  }
  return result;
}

}  // namespace ipcsim::strace
