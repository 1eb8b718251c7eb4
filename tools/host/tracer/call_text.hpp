// A recorded call as strace would print it, with numbers for most names (strace -X raw).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/host/tracer/call_table.hpp"
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

struct CallText {
  std::vector<std::string> args;
  /// How many of them stand before the call returns.
  std::size_t known_at_entry = 0;
  std::string result;  ///< what stands behind "= "; empty without an end
};

/// `end` may be null: the call has not returned. `last_name`: of the task's call before this one.
[[nodiscard]] CallText call_text(const TracedCall& call, const RecordView& begin,
                                 const RecordView* end, std::string_view last_name);

/// "--- SIGCHLD {si_signo=SIGCHLD, ...} ---"
[[nodiscard]] std::string signal_text(const RecordView& record);
/// "SIGCHLD", "SIGRT_3"
[[nodiscard]] std::string signal_name(u64 number);

}  // namespace ipcsim::host
