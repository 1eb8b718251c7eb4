// What strace prints behind a call's closing parenthesis.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "model/base/types.hpp"

namespace ipcsim::strace {

struct CallResult {
  enum class Kind : u8 {
    kNone,     ///< "?", or nothing: the call did not return
    kValue,    ///< a number
    kFailed,   ///< -1 and the name of an error
    kRestart,  ///< "? ERESTARTSYS": a signal interrupted it; how it goes on stands further below
  };
  Kind kind = Kind::kNone;
  i64 value = 0;
  std::string_view error;                      ///< EAGAIN, or ERESTARTSYS for kRestart
  std::optional<std::string_view> annotation;  ///< what -y prints behind a descriptor
  std::string_view
      details;            ///< inside the parentheses behind the value: "Timeout", "[{fd=3, ...}]"
  bool injected = false;  ///< strace made the result up (-e inject)
  std::optional<i64> duration_ns;  ///< of -T

  [[nodiscard]] bool ok() const { return kind == Kind::kValue; }
  [[nodiscard]] bool failed_with(std::string_view name) const {
    return kind == Kind::kFailed && error == name;
  }
};

/// Reads what follows the closing parenthesis: " = 3<pipe:[7]> <0.000012>". On failure says what
/// was expected.
/// What stands behind the arguments of a whole call, "= -1 EFAULT (Bad address)". Short lines have
/// blanks before it.
[[nodiscard]] std::string_view result_text(std::string_view call);
/// The error that a whole call fails with, "EFAULT", or nothing.
[[nodiscard]] std::string_view error_text(std::string_view call);

[[nodiscard]] std::expected<CallResult, std::string> parse_result(std::string_view rest);

}  // namespace ipcsim::strace
