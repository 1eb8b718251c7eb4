// The tracer's BPF programs, one for each raw tracepoint.
#pragma once

#include <linux/bpf.h>

#include <string_view>
#include <vector>

#include "tools/host/tracer/trace_assembler.hpp"

namespace ipcsim::host {

struct TracerProgram {
  std::string_view tracepoint;
  std::vector<bpf_insn> code;
};

[[nodiscard]] std::vector<TracerProgram> tracer_programs(const TracerMaps& maps,
                                                         const TracerLayout& layout,
                                                         const TracerSizes& sizes);

}  // namespace ipcsim::host
