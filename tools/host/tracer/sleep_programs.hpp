// Who sleeps in a call, and who wakes it: what sched_switch and sched_waking tell.
#pragma once

#include <vector>

#include "tools/host/tracer/trace_assembler.hpp"

namespace ipcsim::host {

/// In sched_switch: the task, whose state is in r1 and whose entry in r8, leaves its processor. In
/// a recorded call it may be to wait until something happens or a signal comes; a wait for a lock
/// or a page is none of these. Goes on behind.
void note_asleep(TraceAssembler& t);
/// Forgets the sleeps of the call before; the entry is in r8.
void begin_sleeps(TraceAssembler& t);
/// The record of the call's end gets its sleeps; the entry is in r8.
void record_sleeps(TraceAssembler& t);
/// sched_waking(task): the sleep is over. The task that runs is the waker if it is traced and in a
/// call; otherwise an interrupt or a stranger is.
[[nodiscard]] std::vector<bpf_insn> waking_program(TraceAssembler t);

}  // namespace ipcsim::host
