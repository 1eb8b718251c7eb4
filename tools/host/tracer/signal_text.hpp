// A recorded signal as strace would print it.
#pragma once

#include <string>

#include "tools/host/tracer/record_view.hpp"

namespace ipcsim::host {

/// "--- SIGCHLD {si_signo=SIGCHLD, ...} ---"
[[nodiscard]] std::string signal_text(const RecordView& record);
/// "SIGCHLD", "SIGRT_3"
[[nodiscard]] std::string signal_name(u64 number);

}  // namespace ipcsim::host
