#include "tools/import/strace_lexer.hpp"

#include <array>
#include <utility>

namespace ipcsim::strace {
namespace {

constexpr std::string_view kDeleted = "(deleted)";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_octal(char c) { return c >= '0' && c <= '7'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

int hex_value(char c) {
  if (is_digit(c)) {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char simple_escape(char c) {
  constexpr auto kEscapes = std::to_array<std::pair<char, char>>(
      {{'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'v', '\v'}, {'f', '\f'}, {'a', '\a'}, {'b', '\b'}});
  for (const auto& [letter, value] : kEscapes) {
    if (c == letter) {
      return value;
    }
  }
  return c;  // \" and \\ and anything else stand for themselves
}

/// Appends the character that the escape at `at` (behind the backslash) means; returns its length.
std::size_t unescape(std::string_view text, std::size_t at, std::string& out) {
  if (text[at] == 'x') {
    int value = 0;
    std::size_t used = 1;
    while (used < 3 && at + used < text.size() && hex_value(text[at + used]) >= 0) {
      value = value * 16 + hex_value(text[at + used]);
      ++used;
    }
    out.push_back(static_cast<char>(value));
    return used;
  }
  if (is_octal(text[at])) {
    int value = 0;
    std::size_t used = 0;
    while (used < 3 && at + used < text.size() && is_octal(text[at + used])) {
      value = value * 8 + (text[at + used] - '0');
      ++used;
    }
    out.push_back(static_cast<char>(value));
    return used;
  }
  out.push_back(simple_escape(text[at]));
  return 1;
}

}  // namespace

std::size_t annotation_length(std::string_view text) {
  const bool path = text.size() > 1 && text[1] == '/';
  std::size_t depth = 0;
  std::size_t brackets = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (brackets > 0 && c == '"') {
      quoted = !quoted;
    } else if (quoted) {
      i += c == '\\' ? 1U : 0U;
    } else if (!path && c == '[') {
      ++brackets;
    } else if (!path && c == ']' && brackets > 0) {
      --brackets;
    } else if (brackets > 0) {
      continue;
    } else if (c == '<') {
      ++depth;
    } else if (c == '>' && --depth == 0) {
      const bool deleted = text.substr(i + 1).starts_with(kDeleted);
      return i + 1 + (deleted ? kDeleted.size() : 0);
    }
  }
  return 0;
}

Token Lexer::take() {
  Token taken = std::move(next_);
  end_of_last_ = at_;
  advance();
  return taken;
}

void Lexer::advance() {
  next_ = {};
  skip_blanks();
  begin_ = at_;
  if (at_ == text_.size()) {
    return;
  }
  const char c = text_[at_];
  const char after = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (c == '"') {
    read_string();
  } else if (is_digit(c) || (c == '-' && is_digit(after))) {
    read_number();
  } else if (is_letter(c)) {
    read_word();
  } else {
    read_symbol();
  }
}

void Lexer::skip_blanks() {
  while (at_ < text_.size()) {
    if (text_[at_] == ' ' || text_[at_] == '\t') {
      ++at_;
    } else if (text_.substr(at_).starts_with("/*")) {
      const std::size_t end = text_.find("*/", at_ + 2);
      at_ = end == std::string_view::npos ? text_.size() : end + 2;
    } else {
      return;
    }
  }
}

void Lexer::read_string() {
  next_.kind = Token::Kind::kString;
  std::size_t i = at_ + 1;
  while (i < text_.size() && text_[i] != '"') {
    if (text_[i] != '\\') {
      next_.bytes.push_back(text_[i++]);
    } else if (i + 1 < text_.size()) {
      i += 1 + unescape(text_, i + 1, next_.bytes);
    } else {
      ++i;
    }
  }
  if (i >= text_.size()) {
    at_ = text_.size();
    next_ = {};
    next_.kind = Token::Kind::kBad;
    next_.text = "a string without its closing quote";
    return;
  }
  at_ = i + 1;
  next_.cut = text_.substr(at_).starts_with("...");
  if (next_.cut) {
    at_ += 3;
  }
  next_.text = text_.substr(begin_, at_ - begin_);
}

void Lexer::read_number() {
  std::size_t i = at_;
  next_.negative = text_[i] == '-';
  i += next_.negative ? 1U : 0U;
  u64 base = 10;
  if (text_[i] == '0' && i + 1 < text_.size()) {
    base = text_[i + 1] == 'x' ? 16 : 8;
    i += base == 16 ? 2U : 1U;
  }
  u64 value = 0;
  bool overflow = false;
  while (i < text_.size() && hex_value(text_[i]) >= 0 &&
         static_cast<u64>(hex_value(text_[i])) < base) {
    const u64 digit = static_cast<u64>(hex_value(text_[i++]));
    overflow = overflow || value > (~u64{0} - digit) / base;
    value = value * base + digit;
  }
  if (i < text_.size() && (is_letter(text_[i]) || is_digit(text_[i]) || text_[i] == '.')) {
    read_word();  // no number, though it starts like one: 1.5, 12ab
    return;
  }
  at_ = i;
  next_.kind = overflow ? Token::Kind::kBad : Token::Kind::kNumber;
  next_.number = next_.negative ? ~value + 1 : value;
  next_.text = overflow ? "a number of more than 64 bits" : text_.substr(begin_, at_ - begin_);
  read_annotation();
}

void Lexer::read_word() {
  next_.kind = Token::Kind::kWord;
  next_.negative = false;
  const auto belongs = [](char c) { return is_letter(c) || is_digit(c) || c == '.'; };
  ++at_;
  while (at_ < text_.size() && belongs(text_[at_])) {
    ++at_;
  }
  next_.text = text_.substr(begin_, at_ - begin_);
  read_annotation();
}

void Lexer::read_symbol() {
  next_.kind = Token::Kind::kSymbol;
  std::size_t length = 1;
  if (text_.substr(at_).starts_with("...") || text_.substr(at_).starts_with("???")) {
    next_.kind = Token::Kind::kCut;
    length = 3;
  } else if (text_.substr(at_).starts_with("=>")) {
    next_.kind = Token::Kind::kArrow;
    length = 2;
  } else if (text_.substr(at_).starts_with("<<") || text_.substr(at_).starts_with(">>")) {
    length = 2;
  }
  at_ += length;
  next_.text = text_.substr(begin_, length);
}

/// A '<' right behind a number or a name, or behind the comment that -X verbose puts there, but no
/// "<<": "-100 /* AT_FDCWD */</home>".
void Lexer::read_annotation() {
  std::string_view rest = text_.substr(at_);
  if (const std::size_t end = rest.find("*/<"); rest.starts_with(" /*") && end == rest.find("*/")) {
    at_ += end == std::string_view::npos ? 0 : end + 2;
    rest = text_.substr(at_);
  }
  if (!rest.starts_with('<') || rest.starts_with("<<")) {
    return;
  }
  const std::size_t length = annotation_length(rest);
  if (length == 0) {
    at_ = text_.size();
    next_.kind = Token::Kind::kBad;
    next_.text = "a '<' without its '>' behind a descriptor";
    return;
  }
  const std::string_view whole = rest.substr(0, length);
  const bool deleted = whole.ends_with(kDeleted);
  next_.annotation = whole.substr(1, length - 2 - (deleted ? kDeleted.size() : 0));
  at_ += length;
}

}  // namespace ipcsim::strace
