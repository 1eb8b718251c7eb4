// What `ipcsim sweep` is asked for: options, and the workloads at each size that they mean.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "sim/trace/trace.hpp"
#include "sim/workload/sweep.hpp"
#include "tools/ipcsim/command.hpp"

namespace ipcsim {

/// The options as they were typed.
struct SweepArguments {
  CommonOptions common;
  std::string trace;  ///< a trace's path, or empty: the workload is made of the options
  std::string sizes;
  std::string slots;
  std::string write = "64K";
  std::string read;  ///< empty: as much as a write
  u32 writers = 1;
  u32 readers = 1;
  std::string total = "16M";
  u64 write_think_ns = 0;
  u64 read_think_ns = 0;
  std::string style = "blocking";
  bool packets = false;
  std::string exchange;
  bool queue = false;
  std::string maxmsg;
  std::string msgsize;
  u64 messages = 10'000;
  u32 prios = 1;
  std::string object;
  std::string placement = "two";
  std::string calibration;
  u64 used_pages = 0;
  u64 used_mq_bytes = 0;
  bool measure = false;
  u32 repeat = 5;
  std::string plot;
  u64 seed = 1;
  unsigned threads = 0;
};

/// A sweep that can be run.
struct SweepPlan {
  std::string title;             ///< the workload in words
  std::vector<SweepCase> cases;  ///< by size, ascending
  std::vector<std::string> notes;
  bool queue = false;
  bool packets = false;
  u64 write_bytes = 0;  ///< what a write is probed with; 0: no probe
  Placement placement = Placement::kTwo;
};

/// Reads "4K..64K,1M": each size, and a range in doublings. Ascending, each once.
[[nodiscard]] std::expected<std::vector<u64>, std::string> parse_sizes(const std::string& text);
[[nodiscard]] std::expected<Placement, std::string> parse_placement(const std::string& text);

/// The plan of the options, or what is wrong with them. `trace` is the one that the options name,
/// if they do.
[[nodiscard]] std::expected<SweepPlan, std::string> plan_sweep(const SweepArguments& arguments,
                                                               const Trace* trace, u32 page_size);

/// The sizes that a trace's pipes or queues are tried at when nothing is said.
[[nodiscard]] std::vector<u64> usual_pipe_sizes();
[[nodiscard]] std::vector<u64> usual_queue_sizes();

}  // namespace ipcsim
