// A trace's text, event by event.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "sim/trace/trace.hpp"

namespace ipcsim {

/// Reads what parse_trace() reads, and keeps none of it.
class TraceReader {
 public:
  /// `text` must outlive the reader.
  TraceReader(std::string_view text, std::string name);
  TraceReader(const TraceReader&) = delete;
  TraceReader& operator=(const TraceReader&) = delete;
  ~TraceReader();

  /// The first line. REQUIRES: nothing was read yet.
  [[nodiscard]] std::expected<TraceHeader, TraceError> header();
  /// Reads the next event into `event`, whatever that was: one is best used for all. False at the
  /// end. REQUIRES: header() gave one.
  [[nodiscard]] std::expected<bool, TraceError> next(Event& event);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ipcsim
