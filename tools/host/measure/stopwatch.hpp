// The usual one of many short times.
#pragma once

#include <algorithm>
#include <vector>

#include "tools/host/measure/placing.hpp"

namespace ipcsim::host {

/// The mean of the middle half; 0 of none. A median would be as coarse as the clock.
[[nodiscard]] inline double middle(std::vector<double> values) {
  if (values.empty()) {
    return 0;
  }
  std::sort(values.begin(), values.end());
  const std::size_t from = values.size() / 4;
  const std::size_t to = values.size() - from;
  double sum = 0;
  for (std::size_t i = from; i < to; ++i) {
    sum += values[i];
  }
  return sum / static_cast<double>(to - from);
}

/// What reading the clock takes between two readings.
[[nodiscard]] inline double clock_cost_ns() {
  std::vector<double> times;
  for (int i = 0; i < 1000; ++i) {
    const double began = wall_ns();
    times.push_back(wall_ns() - began);
  }
  return middle(std::move(times));
}

/// Times single calls. Who disturbs some of them does not move the middle.
class Stopwatch {
 public:
  explicit Stopwatch(double clock_cost) : clock_cost_(clock_cost) {}
  /// Runs `call` and keeps its time.
  auto time(auto&& call) {
    const double began = wall_ns();
    const auto result = call();
    times_.push_back(wall_ns() - began - clock_cost_);
    return result;
  }
  [[nodiscard]] double usual() { return std::max(0.0, middle(std::move(times_))); }

 private:
  double clock_cost_;
  std::vector<double> times_;
};

}  // namespace ipcsim::host
