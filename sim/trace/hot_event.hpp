// The events that long traces are made of, read fast.
#pragma once

#include <memory>
#include <string_view>

#include "sim/trace/trace.hpp"

namespace ipcsim {

/// Reads what most lines of a long trace are: a read() or write() with plain arguments, on one line
/// or on two: as format_trace() writes it without a parser, in any other form with simdjson. It
/// knows no message: a line that is anything else, or is wrong, is left to read_event(). What both
/// can read they read alike.
class HotEventReader {
 public:
  /// Reads lines that lie in `text`, which must outlive the reader.
  explicit HotEventReader(std::string_view text);
  HotEventReader(const HotEventReader&) = delete;
  HotEventReader& operator=(const HotEventReader&) = delete;
  ~HotEventReader();

  /// Reads a line of the text into `event`, whatever that was. False: ask read_event(); what is in
  /// `event` then means nothing.
  [[nodiscard]] bool read(std::string_view line, Event& event);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ipcsim
