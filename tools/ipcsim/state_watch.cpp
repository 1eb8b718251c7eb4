#include "tools/ipcsim/state_watch.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace ipcsim {
namespace {

double median_us(std::vector<std::chrono::nanoseconds>& times) {
  if (times.empty()) {
    return 0;
  }
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  return std::chrono::duration<double, std::micro>(*middle).count();
}

}  // namespace

void StepTimes::add(const StepTimes& others) {
  steps.insert(steps.end(), others.steps.begin(), others.steps.end());
  states.insert(states.end(), others.states.begin(), others.states.end());
}

StateFigures figures_of(StepTimes times) {
  return {.unread = {},
          .steps = times.states.size(),
          .step_us = median_us(times.steps),
          .state_us = median_us(times.states)};
}

std::string to_text(const StateFigures& figures, const Report& report) {
  if (!figures.unread.empty()) {
    return fmt::format("the kernel's structures were not compared: {}", figures.unread);
  }
  return fmt::format(
      "{} states compared after {} steps; a step took {:.1f} us at the median, {:.1f} us of it for "
      "the states",
      report.states, figures.steps, figures.step_us, figures.state_us);
}

StepObserver StateWatch::observer() {
  return [this](const StepView& view) {
    const Clock::time_point begin = Clock::now();
    comparison_.observe(view);
    const Clock::time_point end = Clock::now();
    times_.states.push_back(end - begin);
    // The first step cannot be told from what came before it.
    if (!first_) {
      times_.steps.push_back(end - last_end_);
    }
    first_ = false;
    last_end_ = end;
  };
}

std::expected<void, MachineError> StateWatch::add_to(Report& report) const {
  if (comparison_.failure()) {
    return std::unexpected(*comparison_.failure());
  }
  report.add(comparison_.report());
  if (comparison_.unseen() > 0) {
    report.remarks.push_back(
        fmt::format("{} states could not be seen: no descriptor and no name leads to the object",
                    comparison_.unseen()));
  }
  return {};
}

}  // namespace ipcsim
