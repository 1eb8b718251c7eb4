// The workload that a trace shows: each task's transfers in their order, to be run at other sizes.
#pragma once

#include "sim/trace/trace.hpp"
#include "sim/workload/workload.hpp"

namespace ipcsim {

/// Follows descriptors through a settled or observed trace and takes each task's transfers on
/// pipes, FIFOs and queues as its program. A read goes on until it has as many bytes as the
/// recorded one gave, in whatever pieces they come; what a task did between calls is left out, and
/// so are calls that failed or did not return. `notes` says what was left out.
[[nodiscard]] Workload trace_workload(const Trace& trace);

/// The same workload with pipe `object` asked to have `size` bytes, or queue `object` to have
/// `size` messages.
[[nodiscard]] Workload resized(const Workload& workload, u32 object, u64 size);

/// Bytes (of a queue: messages) that the workload puts into each object.
[[nodiscard]] std::vector<u64> amounts_into(const Workload& workload);

}  // namespace ipcsim
