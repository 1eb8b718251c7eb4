#include "sim/replay/outcome_set.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>

namespace ipcsim {
namespace {

/// Takes down what the last section brought to an end.
void gather(Outcome& outcome) {
  for (Completion& completion : outcome.kernel.take_completions()) {
    const TaskId task = completion.task;
    outcome.completions.insert_or_assign(task, std::move(completion));
  }
  for (const HandledSignal& handled : outcome.kernel.take_handled()) {
    outcome.handled.push_back(handled);
  }
}

/// What has ended so far, and the kernel: equal for two ways to the same point.
std::pair<u64, std::string> key_of(const Outcome& outcome) {
  return {outcome.kernel.hash(), outcome.text()};
}

}  // namespace

std::string Outcome::text() const {
  std::string text;
  for (const auto& [task, completion] : completions) {
    text += fmt::format("{}task {} = {}", text.empty() ? "" : "; ", task.v, to_text(completion));
  }
  std::map<TaskId, std::string> by_task;
  for (const HandledSignal& one : handled) {
    by_task[one.task] += (by_task[one.task].empty() ? "" : ", ") + to_text(one.info);
  }
  for (const auto& [task, signals] : by_task) {
    text += fmt::format("{}task {} handles {}", text.empty() ? "" : "; ", task.v, signals);
  }
  std::string asleep;
  for (const Sleeper& sleeper : kernel.sleepers()) {
    asleep +=
        fmt::format("{}task {} in {}", asleep.empty() ? "" : ", ", sleeper.task.v, sleeper.call);
  }
  return asleep.empty() ? text
                        : fmt::format("{}{}asleep: {}", text, text.empty() ? "" : "; ", asleep);
}

bool OutcomeSet::settle() {
  std::vector<Outcome> open = std::exchange(outcomes_, {});
  for (Outcome& outcome : open) {
    outcome.completions.clear();
    outcome.handled.clear();
  }
  std::set<std::pair<u64, std::string>> seen;
  u64 sections = 0;
  while (!open.empty()) {
    Outcome at = std::move(open.back());
    open.pop_back();
    gather(at);
    if (!seen.insert(key_of(at)).second) {
      continue;
    }
    const std::vector<TaskId> runnable = at.kernel.runnable();
    if (runnable.empty()) {
      outcomes_.push_back(std::move(at));
      continue;
    }
    for (const TaskId task : runnable) {
      Outcome next = at;
      next.kernel.run_section(task);
      open.push_back(std::move(next));
      ++sections;
    }
    if (sections > limits_.sections || open.size() + outcomes_.size() > limits_.kernels) {
      return false;
    }
  }
  return true;
}

}  // namespace ipcsim
