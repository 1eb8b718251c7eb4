// The arguments of a line of strace as a tree.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/types.hpp"

namespace ipcsim::strace {

/// One argument, member of a structure or element of a list. Views point into the parsed text.
struct Node {
  enum class Kind : u8 {
    kNumber,      ///< one number
    kString,      ///< "..."
    kExpression,  ///< names and numbers with operators: NULL, O_RDWR|O_CREAT, 8*1024; see `text`
    kStruct,      ///< {a=1, b=2}
    kList,        ///< [1, 2] or [INT TERM]
    kCut,         ///< "...": something was left out here
  };
  Kind kind = Kind::kExpression;
  bool cut = false;                            ///< a string that goes on
  bool negative = false;                       ///< a number with a minus
  bool complement = false;                     ///< a list ~[...]: all but these
  u64 number = 0;                              ///< a number, as two's complement
  std::string_view name;                       ///< of a member: fd in {fd=3}
  std::string_view text;                       ///< as it stands in the log
  std::optional<std::string_view> annotation;  ///< what -y printed behind it
  std::string bytes;                           ///< of a string
  std::vector<Node> items;                     ///< of a structure or list
  std::vector<Node> after;                     ///< none or one: what stands behind "=>"

  /// The member called `member_name`, or null.
  [[nodiscard]] const Node* member(std::string_view member_name) const;
  [[nodiscard]] bool is(std::string_view word) const {
    return kind == Kind::kExpression && text == word;
  }
};

/// The arguments of a call, and what stands behind the closing parenthesis.
struct Arguments {
  std::vector<Node> nodes;
  std::string_view rest;  ///< empty when the text ended before the closing parenthesis
  bool complete = true;   ///< the closing parenthesis was there
};

/// Reads `text`, which starts behind a call's opening parenthesis. With `partial` the text may end
/// early, as in the first half of a call that never returned: the arguments that are there count.
/// On failure says what was expected.
[[nodiscard]] std::expected<Arguments, std::string> parse_arguments(std::string_view text,
                                                                    bool partial);

/// Reads one value, such as a signal's {si_signo=...}; what follows it does not matter.
[[nodiscard]] std::expected<Node, std::string> parse_value(std::string_view text);

}  // namespace ipcsim::strace
