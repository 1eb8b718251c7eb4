// A story in words.
#include <functional>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <range/v3/algorithm/stable_sort.hpp>

#include "sim/replay/story.hpp"

namespace ipcsim {
namespace {

std::string duration_text(double value, bool has_times) {
  if (!has_times) {
    return fmt::format("{:.0f} events", value / 1000);
  }
  constexpr double kMicrosecond = 1e3;
  constexpr double kMillisecond = 1e6;
  constexpr double kSecond = 1e9;
  if (value >= kSecond) {
    return fmt::format("{:.3f} s", value / kSecond);
  }
  return value >= kMillisecond ? fmt::format("{:.3f} ms", value / kMillisecond)
                               : fmt::format("{:.1f} us", value / kMicrosecond);
}

/// Whom the recorder saw, where that is another task than the order's.
std::string other_waker(const Story& story, const ToldCall& call) {
  const TaskId found = call.woken_by ? story.calls[*call.woken_by].task : kNoTask;
  return call.recorded && call.recorded->woken_by != kNoTask && call.recorded->woken_by != found
             ? fmt::format(" (as recorded by task {})", call.recorded->woken_by.v)
             : "";
}

}  // namespace

RecordedSleeps recorded_sleeps(const Story& story) {
  RecordedSleeps sums;
  for (const ToldCall& call : story.calls) {
    if (!call.recorded) {
      continue;
    }
    ++sums.calls;
    if (!call.slept) {
      continue;
    }
    ++sums.found;
    if (call.recorded->woken_by != kNoTask) {
      ++sums.wakers;
      sums.same_waker +=
          call.woken_by && story.calls[*call.woken_by].task == call.recorded->woken_by ? 1 : 0;
    }
  }
  return sums;
}

std::string to_text(const Story& story, std::size_t most_sleeps) {
  std::vector<const ToldCall*> sleeps;
  std::map<TaskId, std::pair<u64, double>> of_task;  // how often each slept, and how long in all
  for (const ToldCall& call : story.calls) {
    if (call.slept && call.ended_ns) {
      sleeps.push_back(&call);
      of_task[call.task].first += 1;
      of_task[call.task].second += static_cast<double>(call.asleep_ns);
    }
  }
  std::string text = fmt::format("{} calls, {} of them slept\n", story.calls.size(), sleeps.size());
  if (const RecordedSleeps recorded = recorded_sleeps(story); recorded.calls > 0) {
    text += fmt::format(
        "as recorded {} calls slept; {} of them here too, {} of {} woken by the task that was "
        "recorded\n",
        recorded.calls, recorded.found, recorded.same_waker, recorded.wakers);
  }
  for (const auto& [task, sums] : of_task) {
    text += fmt::format("  task {}: slept {} times, {} in all\n", task.v, sums.first,
                        duration_text(sums.second, story.has_times));
  }
  ranges::stable_sort(sleeps, std::greater{}, &ToldCall::asleep_ns);
  if (sleeps.size() > most_sleeps) {
    text += fmt::format("the {} longest sleeps:\n", most_sleeps);
    sleeps.resize(most_sleeps);
  } else if (!sleeps.empty()) {
    text += "the sleeps, the longest first:\n";
  }
  for (const ToldCall* call : sleeps) {
    std::string waker = "time or a signal";
    if (call->woken_by) {
      const ToldCall& by = story.calls[*call->woken_by];
      waker = fmt::format("task {}: {}", by.task.v, by.text);
    }
    text += fmt::format("  task {}: {} on {} slept {}{}, ended by {}{}\n", call->task.v, call->text,
                        call->where,
                        duration_text(static_cast<double>(call->asleep_ns), story.has_times),
                        call->recorded && call->recorded->times > 1
                            ? fmt::format(" in {} sleeps", call->recorded->times)
                            : "",
                        waker, other_waker(story, *call));
  }
  for (const ToldObject& object : story.objects) {
    text += fmt::format("{} held at most {} bytes in {} of {} places\n", object.name,
                        object.most_bytes, object.most_slots, object.capacity);
  }
  if (!story.sleepers.empty()) {
    text += "asleep where the trace ends:\n";
  }
  for (const ToldSleeper& sleeper : story.sleepers) {
    text += fmt::format("  task {}: {} on {}; {}\n", sleeper.task.v, sleeper.text, sleeper.where,
                        sleeper.waits);
  }
  return text;
}

}  // namespace ipcsim
