// Two processes that wake each other in turn.
#pragma once

#include <expected>
#include <string>

namespace ipcsim::host {

/// Medians of one meeting.
struct PingPong {
  double hop_ns = 0;    ///< half a round trip: write, wake-up, switch or latency, read
  double write_ns = 0;  ///< the write alone, which wakes the other
};

/// `trips` round trips of one byte over two pipes, between processes bound to `here` and `there`.
/// The caller's processor is `here` afterwards.
[[nodiscard]] std::expected<PingPong, std::string> ping_pong(int here, int there, int trips,
                                                             double clock_cost);

/// What a sched_yield() takes that hands one processor to another process, entry included.
[[nodiscard]] std::expected<double, std::string> yield_ns(int processor, int yields);

}  // namespace ipcsim::host
