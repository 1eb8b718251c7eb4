// The arguments of a line of strace as tokens: strings, numbers, names, brackets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/base/types.hpp"

namespace ipcsim::strace {

struct Token {
  enum class Kind : u8 {
    kEnd,
    kString,
    kNumber,
    kWord,    ///< a name: O_RDONLY, NULL, sa_handler
    kSymbol,  ///< a bracket, comma or operator, in `text`
    kCut,     ///< "...", where strace left something out
    kArrow,   ///< "=>", before what a call wrote
    kBad,     ///< `text` says what is wrong
  };
  Kind kind = Kind::kEnd;
  std::string_view text;  ///< as it stands in the log
  std::string bytes;      ///< a string's contents
  bool cut = false;       ///< a string that goes on: "abc"...
  bool negative = false;  ///< a number with a minus; `number` is its two's complement
  u64 number = 0;
  /// What `-y` prints behind a descriptor or a pid, without the angle brackets.
  std::optional<std::string_view> annotation;

  [[nodiscard]] bool is(char symbol) const {
    return kind == Kind::kSymbol && text.size() == 1 && text.front() == symbol;
  }
};

/// Takes tokens off the front of a text, skipping white space and comments.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { advance(); }

  /// The next token, which stays.
  [[nodiscard]] const Token& peek() const { return next_; }
  /// The next token, taken.
  Token take();
  /// Where the next token begins.
  [[nodiscard]] std::size_t position() const { return begin_; }
  /// Where the token that was taken last ended.
  [[nodiscard]] std::size_t end_of_last() const { return end_of_last_; }
  /// True when white space stands before the next token.
  [[nodiscard]] bool spaced() const { return begin_ > end_of_last_; }

 private:
  void advance();
  void skip_blanks();
  void read_string();
  void read_number();
  void read_word();
  void read_symbol();
  void read_annotation();

  std::string_view text_;
  std::size_t at_ = 0;  // behind the next token
  std::size_t begin_ = 0;
  std::size_t end_of_last_ = 0;
  Token next_;
};

/// Length of the annotation at the front of `text`, which starts with '<', up to and with its '>'
/// and a "(deleted)"; 0 if it does not end. Paths are printed with '<' and '>' as octal, so those
/// that are seen nest: `</dev/null<char 1:3>>`. Within `[...]` of a socket an arrow "->" is none of
/// them.
[[nodiscard]] std::size_t annotation_length(std::string_view text);

}  // namespace ipcsim::strace
