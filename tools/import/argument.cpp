#include "tools/import/argument.hpp"

#include <fmt/format.h>
#include <range/v3/algorithm/find.hpp>

#include "tools/import/strace_lexer.hpp"

namespace ipcsim::strace {
namespace {

/// Deeper structures are in no system call.
constexpr int kMostDepth = 24;
/// More values in one call are no log.
constexpr u32 kMostNodes = 1U << 18U;

using Kind = Token::Kind;
using Failure = std::unexpected<std::string>;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), lexer_(text) {}

  std::expected<Node, std::string> value(int depth);
  std::expected<std::vector<Node>, std::string> items(char close, int depth);
  /// The arguments up to the closing parenthesis.
  std::expected<Arguments, std::string> arguments(bool partial);

 private:
  std::expected<Node, std::string> plain_value(int depth);
  std::expected<Node, std::string> bracket(char close, Node::Kind kind, int depth);
  std::expected<Node, std::string> expression(int depth);
  std::expected<void, std::string> operand(Node& node, int depth);
  [[nodiscard]] std::string describe_next() const;
  [[nodiscard]] bool at_operator() const;

  std::string_view text_;
  Lexer lexer_;
  u32 nodes_ = 0;
};

std::string Parser::describe_next() const {
  const Token& next = lexer_.peek();
  switch (next.kind) {
    case Kind::kEnd:
      return "the end of the line";
    case Kind::kBad:
      return std::string(next.text);
    default:
      return fmt::format("'{}'", next.text.substr(0, 40));
  }
}

bool Parser::at_operator() const {
  const Token& next = lexer_.peek();
  if (next.kind != Kind::kSymbol) {
    return false;
  }
  constexpr std::string_view kOperators = "|*+-&^/!";
  return next.text == "<<" || next.text == ">>" ||
         (next.text.size() == 1 && kOperators.contains(next.text.front()));
}

std::expected<Node, std::string> Parser::value(int depth) {
  if (depth > kMostDepth || ++nodes_ > kMostNodes) {
    return Failure("the call holds more values than any call has");
  }
  auto node = plain_value(depth);
  if (node && lexer_.peek().kind == Kind::kArrow) {
    lexer_.take();
    auto after = plain_value(depth + 1);
    if (!after) {
      return after;
    }
    node->after.push_back(*std::move(after));
  }
  return node;
}

std::expected<Node, std::string> Parser::plain_value(int depth) {
  const Token& next = lexer_.peek();
  if (next.is('@')) {
    lexer_.take();  // an abstract socket's name: @"..."
    return plain_value(depth + 1);
  }
  if (next.is('{')) {
    return bracket('}', Node::Kind::kStruct, depth);
  }
  if (next.is('[')) {
    return bracket(']', Node::Kind::kList, depth);
  }
  if (next.is('~')) {
    lexer_.take();
    if (!lexer_.peek().is('[')) {
      return Failure(fmt::format("expected a list behind '~', found {}", describe_next()));
    }
    auto list = bracket(']', Node::Kind::kList, depth);
    if (list) {
      list->complement = true;
    }
    return list;
  }
  Node node;
  if (next.kind == Kind::kString) {
    Token token = lexer_.take();
    node.kind = Node::Kind::kString;
    node.text = token.text;
    node.bytes = std::move(token.bytes);
    node.cut = token.cut;
    return node;
  }
  if (next.kind == Kind::kCut) {
    node.kind = Node::Kind::kCut;
    node.text = lexer_.take().text;
    return node;
  }
  return expression(depth);
}

std::expected<Node, std::string> Parser::bracket(char close, Node::Kind kind, int depth) {
  if (depth > kMostDepth) {
    return Failure("the call's structures are nested too deeply");
  }
  const std::size_t begin = lexer_.position();
  lexer_.take();
  auto members = items(close, depth + 1);
  if (!members) {
    return Failure(std::move(members.error()));
  }
  if (!lexer_.peek().is(close)) {
    return Failure(fmt::format("expected '{}', found {}", close, describe_next()));
  }
  lexer_.take();
  Node node;
  node.kind = kind;
  node.items = *std::move(members);
  node.text = text_.substr(begin, lexer_.end_of_last() - begin);
  return node;
}

/// Values up to `close`, which stays. Sets of signals and descriptors have blanks between them.
std::expected<std::vector<Node>, std::string> Parser::items(char close, int depth) {
  std::vector<Node> list;
  while (!lexer_.peek().is(close)) {
    auto item = value(depth);
    if (!item) {
      return Failure(std::move(item.error()));
    }
    list.push_back(*std::move(item));
    if (lexer_.peek().is(',')) {
      lexer_.take();
    } else if (!lexer_.peek().is(close) && !(close == ']' && lexer_.spaced())) {
      return Failure(fmt::format("expected ',' or '{}', found {}", close, describe_next()));
    }
  }
  return list;
}

/// One name or number, with a bracketed tail such as makedev(1, 2).
std::expected<void, std::string> Parser::operand(Node& node, int depth) {
  while (at_operator()) {
    lexer_.take();  // a sign or a negation
  }
  if (lexer_.peek().is('(')) {
    lexer_.take();
    auto inner = items(')', depth + 1);
    if (!inner || !lexer_.peek().is(')')) {
      return Failure(inner ? fmt::format("expected ')', found {}", describe_next())
                           : std::move(inner.error()));
    }
    lexer_.take();
    return {};
  }
  const Kind kind = lexer_.peek().kind;
  if (kind != Kind::kNumber && kind != Kind::kWord) {
    return Failure(fmt::format("expected a value, found {}", describe_next()));
  }
  const Token token = lexer_.take();
  node.kind = kind == Kind::kNumber ? Node::Kind::kNumber : Node::Kind::kExpression;
  node.number = token.number;
  node.negative = token.negative;
  node.annotation = token.annotation;
  if (kind == Kind::kWord && lexer_.peek().is('(') && !lexer_.spaced()) {
    node.annotation.reset();
    return operand(node, depth + 1);
  }
  return {};
}

std::expected<Node, std::string> Parser::expression(int depth) {
  if (depth > kMostDepth) {
    return Failure("the call's structures are nested too deeply");
  }
  const std::size_t begin = lexer_.position();
  Node node;
  const bool is_word = lexer_.peek().kind == Kind::kWord;
  const std::string_view word = lexer_.peek().text;
  if (auto first = operand(node, depth); !first) {
    return Failure(std::move(first.error()));
  }
  if (is_word && lexer_.peek().is('=')) {
    lexer_.take();
    auto named = value(depth + 1);
    if (named) {
      named->name = word;
    }
    return named;
  }
  while (at_operator()) {
    lexer_.take();
    if (auto next = operand(node, depth); !next) {
      return Failure(std::move(next.error()));
    }
    node.kind = Node::Kind::kExpression;
    node.annotation.reset();
  }
  node.text = text_.substr(begin, lexer_.end_of_last() - begin);
  if (node.annotation) {
    node.text = node.text.substr(0, node.text.find('<'));
  }
  return node;
}

std::expected<Arguments, std::string> Parser::arguments(bool partial) {
  Arguments result;
  while (!lexer_.peek().is(')')) {
    auto item = value(0);
    if (!item) {
      if (partial) {
        result.complete = false;
        return result;
      }
      return Failure(std::move(item.error()));
    }
    result.nodes.push_back(*std::move(item));
    if (lexer_.peek().is(',')) {
      lexer_.take();
    } else if (!lexer_.peek().is(')')) {
      if (partial) {
        result.complete = false;
        return result;
      }
      return Failure(fmt::format("expected ',' or ')', found {}", describe_next()));
    }
  }
  result.rest = text_.substr(lexer_.position() + 1);
  return result;
}

}  // namespace

const Node* Node::member(std::string_view member_name) const {
  const auto found = ranges::find(items, member_name, &Node::name);
  return found == items.end() ? nullptr : &*found;
}

std::expected<Arguments, std::string> parse_arguments(std::string_view text, bool partial) {
  return Parser(text).arguments(partial);
}

std::expected<Node, std::string> parse_value(std::string_view text) {
  return Parser(text).value(0);
}

}  // namespace ipcsim::strace
