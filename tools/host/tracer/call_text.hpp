// A recorded call as strace would print it, with numbers for most names (strace -X raw).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tools/host/tracer/call_table.hpp"
#include "tools/host/tracer/record_view.hpp"

namespace ipcsim::host {

struct CallText {
  std::vector<std::string> args;
  /// How many of them stand before the call returns.
  std::size_t known_at_entry = 0;
  std::string result;  ///< what stands behind "= "; empty without an end
};

/// `end` may be null: the call has not returned. `last_name`: of the task's call before this one.
[[nodiscard]] CallText call_text(const TracedCall& call, const RecordView& begin,
                                 const RecordView* end, std::string_view last_name);

}  // namespace ipcsim::host
