// What the BPF programs recorded at one moment, as it lies in the buffer.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "tools/host/tracer/trace_records.hpp"

namespace ipcsim::host {

/// A record and its chunks. Nothing in it is believed: a chunk that does not fit is not there.
class RecordView {
 public:
  explicit RecordView(std::span<const std::byte> bytes);
  [[nodiscard]] const RecordHead& head() const { return head_; }
  /// The piece with this tag, or nothing if it was not, or could not be, read.
  [[nodiscard]] std::optional<std::span<const std::byte>> piece(u32 tag) const;

 private:
  RecordHead head_;
  std::span<const std::byte> chunks_;
};

}  // namespace ipcsim::host
