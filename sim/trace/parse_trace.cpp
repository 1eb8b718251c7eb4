#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "sim/trace/event_json.hpp"
#include "sim/trace/header_json.hpp"
#include "sim/trace/hot_event.hpp"
#include "sim/trace/json_reader.hpp"
#include "sim/trace/trace.hpp"
#include "sim/trace/trace_checker.hpp"
#include "sim/trace/trace_reader.hpp"

namespace ipcsim {
namespace {

constexpr std::size_t kMostLineBytes = std::size_t{64} << 20U;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kCutOff = "the file ends inside this line: it was cut off";

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// Hands out a text's lines that are not blank.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {
    if (rest_.starts_with(kByteOrderMark)) {
      rest_.remove_prefix(kByteOrderMark.size());
    }
  }

  /// The next line without its end, or nothing at the end of the text.
  std::optional<std::string_view> next() {
    while (!rest_.empty()) {
      const std::size_t end = rest_.find('\n');
      std::string_view line = rest_.substr(0, end);
      ended_ = end != std::string_view::npos;
      rest_.remove_prefix(ended_ ? end + 1 : rest_.size());
      ++number_;
      if (!is_blank(line)) {
        if (line.ends_with('\r')) {
          line.remove_suffix(1);
        }
        return line;
      }
    }
    return std::nullopt;
  }
  /// The number of the line that next() gave, from 1.
  [[nodiscard]] u32 number() const { return number_; }
  /// Whether that line had a newline.
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  std::string_view rest_;
  u32 number_ = 0;
  bool ended_ = true;
};

}  // namespace

class TraceReader::Impl {
 public:
  Impl(std::string_view text, std::string name)
      : name_(std::move(name)), lines_(text), hot_(text) {}

  std::expected<TraceHeader, TraceError> header() {
    TraceHeader header;
    if (!read_header_line(header)) {
      return std::unexpected(std::move(error_));
    }
    checker_.emplace(header);
    return header;
  }

  std::expected<bool, TraceError> next(Event& event) {
    const auto line = lines_.next();
    if (line && !read_event_line(*line, event)) {
      return std::unexpected(std::move(error_));
    }
    return line.has_value();
  }

 private:
  bool fail(u32 line, u32 column, std::string message) {
    error_ = {name_, line, column, std::move(message)};
    return false;
  }
  bool fail_here(std::string message) { return fail(lines_.number(), 0, std::move(message)); }

  // The line's JSON, or nothing after a failure.
  std::optional<JsonValue> json(std::string_view line) {
    if (line.size() > kMostLineBytes) {
      fail_here(
          fmt::format("the line has {} bytes, expected at most {} (\"pattern\" makes a long "
                      "payload short)",
                      line.size(), kMostLineBytes));
      return std::nullopt;
    }
    auto value = parse_json(line);
    if (!value) {
      JsonError& error = value.error();
      fail(lines_.number(), error.column,
           error.ended && !lines_.ended() ? std::string(kCutOff) : std::move(error.message));
      return std::nullopt;
    }
    return *std::move(value);
  }

  bool read_header_line(TraceHeader& header) {
    const auto line = lines_.next();
    if (!line) {
      return fail(
          0, 0,
          fmt::format("the file is empty; a trace starts with a line such as {}", kHeaderExample));
    }
    const auto value = json(*line);
    if (!value) {
      error_.message += fmt::format("; a trace starts with a line such as {}", kHeaderExample);
      return false;
    }
    Problem problem;
    header = read_header(*value, problem);
    return !problem.found() || fail_here(problem.text());
  }

  bool read_event_line(std::string_view line, Event& event) {
    if (!hot_.read(line, event)) {
      const auto value = json(line);
      if (!value) {
        return false;
      }
      Problem problem;
      event = read_event(*value, problem);
      if (problem.found()) {
        return fail_here(problem.text());
      }
    }
    event.line = lines_.number();
    if (const auto why = checker_->check(event)) {
      return fail_here(*why);
    }
    return true;
  }

  std::string name_;
  Lines lines_;
  HotEventReader hot_;
  std::optional<TraceChecker> checker_;
  TraceError error_;
};

TraceReader::TraceReader(std::string_view text, std::string name)
    : impl_(std::make_unique<Impl>(text, std::move(name))) {}
TraceReader::~TraceReader() = default;

std::expected<TraceHeader, TraceError> TraceReader::header() { return impl_->header(); }
std::expected<bool, TraceError> TraceReader::next(Event& event) { return impl_->next(event); }

std::string TraceError::text() const {
  return line == 0     ? fmt::format("{}: {}", file, message)
         : column == 0 ? fmt::format("{}:{}: {}", file, line, message)
                       : fmt::format("{}:{}:{}: {}", file, line, column, message);
}

std::expected<Trace, TraceError> parse_trace(std::string_view text, std::string name) {
  Trace trace;
  trace.name = name;
  TraceReader reader(text, std::move(name));
  auto header = reader.header();
  if (!header) {
    return std::unexpected(std::move(header.error()));
  }
  trace.header = *std::move(header);
  Event event;
  while (true) {
    auto more = reader.next(event);
    if (!more) {
      return std::unexpected(std::move(more.error()));
    }
    if (!*more) {
      return trace;
    }
    trace.events.push_back(std::move(event));
  }
}

std::expected<Event, std::string> parse_event(std::string_view line) {
  const auto value = parse_json(line);
  if (!value) {
    return std::unexpected(value.error().message);
  }
  Problem problem;
  Event event = read_event(*value, problem);
  if (problem.found()) {
    return std::unexpected(problem.text());
  }
  return event;
}

std::expected<void, TraceError> check_trace(const Trace& trace) {
  TraceChecker checker(trace.header);
  for (const Event& event : trace.events) {
    if (auto why = checker.check(event)) {
      return std::unexpected(TraceError{trace.name, event.line, 0, *std::move(why)});
    }
  }
  return {};
}

}  // namespace ipcsim
