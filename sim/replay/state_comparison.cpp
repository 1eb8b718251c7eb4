#include "sim/replay/state_comparison.hpp"

#include <utility>

#include <fmt/format.h>
#include <range/v3/algorithm/any_of.hpp>

#include "sim/replay/actions.hpp"

namespace ipcsim {

void StateComparison::observe(const StepView& view) {
  if (over_) {
    return;
  }
  over_ = ranges::any_of(view.settled.front().completions, [](const Completion& completion) {
    return completion.kind == Completion::Kind::kNotModelled;
  });
  if (over_) {
    return;  // what the model has no answer for it did not do either
  }
  auto compared = compare();
  if (!compared) {
    failure_ = std::move(compared.error());
    over_ = true;
    return;
  }
  if (*compared) {
    Difference& difference = **compared;
    difference.where = fmt::format("{}:{}", trace_.name, view.event->line);
    difference.step = view.step;
    difference.task = acting_task(*view.event);
    difference.call = action_text_for(*view.event, difference.task);
    differences_.push_back(std::move(difference));
    over_ = true;
  }
}

std::expected<std::optional<Difference>, MachineError> StateComparison::compare() {
  std::vector<LiveObject> objects = model_.live_objects();
  auto found = other_.find_objects(objects);
  if (!found) {
    return std::unexpected(std::move(found.error()));
  }
  if (found->size() != objects.size()) {
    return std::nullopt;  // it cannot see any
  }
  auto difference = objects_.compare(objects, *std::move(found));
  if (difference) {
    difference->state_before = to_text(before_);
  }
  before_ = std::move(objects);
  return difference;
}

Report StateComparison::report() const {
  Report report;
  report.states = objects_.states();
  report.differences = differences_;
  return report;
}

}  // namespace ipcsim
