#include "sim/replay/story.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <range/v3/algorithm/stable_sort.hpp>

#include "model/base/check.hpp"
#include "model/pipe/pipe_inode.hpp"
#include "sim/replay/actions.hpp"
#include "sim/replay/call_index.hpp"
#include "sim/replay/compare.hpp"
#include "sim/replay/waiting_for.hpp"

namespace ipcsim {
namespace {

/// How often a story is begun again with fewer calls run early.
constexpr int kMostTries = 40;

void post(Kernel& kernel, const Event& event) {
  if (const auto* call = std::get_if<CallEvent>(&event.body)) {
    kernel.post(call->task, call->call);
  } else if (const auto* signal = std::get_if<SignalEvent>(&event.body)) {
    static_cast<void>(kernel.post_traced_signal(signal->task, signal->signal));
  } else if (const auto* time = std::get_if<AdvanceEvent>(&event.body)) {
    kernel.advance(time->ns);
  } else if (const auto* other = std::get_if<OtherFdEvent>(&event.body)) {
    static_cast<void>(kernel.post_other_fd(other->task, other->fd, other->cloexec));
  }
}

/// Calls (by number) that run their first section where the schedule has it.
using LateCalls = std::set<u32>;

/// Runs a schedule and writes down what happens. A schedule runs a section only when an event needs
/// it; a call that would sleep if it ran at once did so in fact, so it is run at once, unless that
/// leads to other results.
class Teller {
 public:
  Teller(const Trace& trace, const KernelProfile& profile, const LateCalls& late)
      : trace_(trace),
        late_(late),
        index_(index_calls(trace)),
        kernel_(environment(), profile, contents()) {
    for (const Event& event : trace.events) {
      story_.has_times = story_.has_times || event.time_ns.has_value();
    }
    story_.calls.reserve(index_.calls.size());
    for (const RecordedCall& call : index_.calls) {
      add_call(call);
    }
    current_.assign(kMostTask + std::size_t{1}, kNoCall);
  }

  /// The story, or nothing when calls that were run early led to other results: `early()` has them.
  std::optional<Story> tell(const std::vector<ScheduleEntry>& schedule) {
    for (const ScheduleEntry& entry : schedule) {
      const std::vector<TaskState> before = states();
      const bool done =
          entry.is_event ? apply(trace_.events[entry.event], entry.event) : run(entry.task);
      if (!done) {
        return std::nullopt;
      }
      note_wakes(before, entry.is_event ? kNoTask : entry.task);
      note_levels();
    }
    run_what_is_left();
    note_sleepers();
    for (auto& [name, object] : objects_) {
      story_.objects.push_back(std::move(object));
    }
    return std::move(story_);
  }

  [[nodiscard]] const LateCalls& early() const { return early_; }

 private:
  [[nodiscard]] const Environment& environment() const { return trace_.header.environment; }
  [[nodiscard]] Contents contents() const {
    return index_.cut_contents ? Contents::kLengthsOnly : Contents::kKept;
  }

  [[nodiscard]] i64 time_of(u32 event) const {
    return story_.has_times ? trace_.events[event].time_ns.value_or(now_ns_) : i64{event} * 1000;
  }

  void add_call(const RecordedCall& call) {
    const Event& event = trace_.events[call.begin];
    const auto& body = std::get<CallEvent>(event.body);
    ToldCall told{.task = body.task,
                  .event = call.begin,
                  .text = to_text(body.call),
                  .result = {},
                  .began_ns = time_of(call.begin),
                  .ended_ns = {},
                  .where = {},
                  .woken_by = {}};
    if (call.end) {
      told.result = to_text(*call.end);
      told.ended_ns = std::max(told.began_ns, time_of(call.end_event));
    }
    story_.calls.push_back(std::move(told));
  }

  [[nodiscard]] std::vector<TaskState> states() const {
    std::vector<TaskState> list;
    for (const Task& task : kernel_.state().tasks) {
      list.push_back(task.state);
    }
    return list;
  }

  /// False when the task is still in its last call.
  bool apply(const Event& event, u32 number) {
    now_ns_ = time_of(number);
    const bool needs_idle = std::holds_alternative<CallEvent>(event.body) ||
                            std::holds_alternative<OtherFdEvent>(event.body);
    if (needs_idle && !kernel_.idle(acting_task(event))) {
      return false;
    }
    if (const auto* call = std::get_if<CallEvent>(&event.body)) {
      current_[call->task.v] = index_.of_event[number];
    }
    post(kernel_, event);
    if (const auto* call = std::get_if<CallEvent>(&event.body); call != nullptr && !call->result) {
      sleep_at_once(call->task);
    }
    return true;
  }

  /// Runs the first section of a call that has just begun, if all it does is to fall asleep.
  void sleep_at_once(TaskId task) {
    const u32 call = current_[task.v];
    if (call == kNoCall || late_.contains(call) ||
        kernel_.state().task(task).state != TaskState::kRunnable) {
      return;
    }
    Kernel probe = kernel_;
    probe.run_section(task);
    if (probe.take_completions().empty() && probe.exists(task) &&
        probe.state().task(task).state == TaskState::kAsleep) {
      kernel_ = std::move(probe);
      early_.insert(call);
      note_sleep(task);
    }
  }

  /// False when the section cannot be run, or a call ends otherwise than recorded.
  bool run(TaskId task) {
    if (!kernel_.exists(task) || kernel_.state().task(task).state != TaskState::kRunnable) {
      return early_.contains(current_[task.v]);  // its first section was run before
    }
    kernel_.run_section(task);
    for (const Completion& completion : kernel_.take_completions()) {
      const u32 call = current_[completion.task.v];
      if (call == kNoCall) {
        continue;
      }
      early_.erase(call);
      const auto& end = index_.calls[call].end;
      const bool returned = completion.kind == Completion::Kind::kReturned && !late_all();
      if (end && returned && end->kind == completion.kind &&
          (end->result.ret != completion.result.ret ||
           end->result.error != completion.result.error ||
           (!index_.cut_contents && !agrees(*end, completion)))) {
        early_.insert(call);
        return false;
      }
    }
    note_sleep(task);
    return true;
  }

  /// Nothing is run early: results are those of the search.
  [[nodiscard]] bool late_all() const { return late_.size() >= trace_.events.size(); }

  void note_sleep(TaskId task) {
    const u32 call = current_[task.v];
    if (call != kNoCall && kernel_.exists(task) &&
        kernel_.state().task(task).state == TaskState::kAsleep) {
      ToldCall& told = story_.calls[call];
      told.slept = true;
      told.where = sleeps_on(kernel_, task);
      told.woken_by.reset();
    }
  }

  /// Who sleeps no more was woken by the section that just ran.
  void note_wakes(const std::vector<TaskState>& before, TaskId waker) {
    for (u32 i = 0; i < before.size(); ++i) {
      const TaskId task{i + 1};
      const u32 call = current_[task.v];
      if (before[i] != TaskState::kAsleep || call == kNoCall || task == waker ||
          kernel_.state().tasks[i].state == TaskState::kAsleep) {
        continue;
      }
      ToldCall& told = story_.calls[call];
      if (waker != kNoTask && current_[waker.v] != kNoCall) {
        told.woken_by = current_[waker.v];
      }
      told.woken_ns = told.woken_by ? story_.calls[*told.woken_by].began_ns : now_ns_;
      told.woken_ns = std::max(told.woken_ns, told.began_ns);
      told.asleep_ns = told.woken_ns - told.began_ns;
    }
  }

  /// Calls whose end the trace does not have: most never came further than their sleep.
  void run_what_is_left() {
    for (TaskId next = kernel_.first_runnable(); next != kNoTask; next = kernel_.first_runnable()) {
      const std::vector<TaskState> before = states();
      run(next);
      note_wakes(before, next);
      note_levels();
    }
  }

  void note(const std::string& name, u64 bytes, u32 slots, u32 capacity) {
    ToldObject& object = objects_[name];
    object.name = name;
    object.capacity = capacity;
    if (!object.levels.empty() && object.levels.back().bytes == bytes &&
        object.levels.back().slots == slots) {
      return;
    }
    object.levels.push_back({now_ns_, bytes, slots});
    object.most_bytes = std::max(object.most_bytes, bytes);
    object.most_slots = std::max(object.most_slots, slots);
  }

  void note_levels() {
    const KernelState& k = kernel_.state();
    k.pipes.each([&](PipeId id, const PipeObject& pipe) {
      const NotedPipe now{pipe.serial, pipe_fionread(pipe.inode).v, pipe_occupancy(pipe.inode),
                          pipe.inode.max_usage};
      noted_pipes_.resize(std::max<std::size_t>(noted_pipes_.size(), id.v + 1));
      if (noted_pipes_[id.v] != now) {
        noted_pipes_[id.v] = now;
        note(pipe_name(k, id), now.bytes, now.slots, now.capacity);
      }
    });
    k.mqueues.each([&](MqueueId id, const MqueueObject& queue) {
      note(queue_name(k, id), queue.inode.qsize, static_cast<u32>(queue.inode.mq_curmsgs()),
           static_cast<u32>(queue.inode.attr.mq_maxmsg));
    });
  }

  /// What was noted last of the pipe at a place of the arena: of many pipes most are as they were.
  struct NotedPipe {
    u64 serial = ~u64{0};
    u64 bytes = 0;
    u32 slots = 0;
    u32 capacity = 0;
    bool operator==(const NotedPipe&) const = default;
  };

  void note_sleepers() {
    for (const Sleeper& sleeper : kernel_.sleepers()) {
      if (kernel_.state().task(sleeper.task).state == TaskState::kAsleep) {
        story_.sleepers.push_back({.task = sleeper.task,
                                   .text = to_text(kernel_.state().task(sleeper.task).call.get()),
                                   .where = sleeps_on(kernel_, sleeper.task),
                                   .waits = waiting_for(kernel_, sleeper.task)});
      }
    }
  }

  const Trace& trace_;
  const LateCalls& late_;
  LateCalls early_;  // calls in progress that were run early
  CallIndex index_;
  Kernel kernel_;
  Story story_;
  std::vector<u32> current_;  // by task: the call it is in, or was in last
  std::map<std::string, ToldObject> objects_;
  std::vector<NotedPipe> noted_pipes_;
  i64 now_ns_ = 0;
};

std::string duration_text(i64 ns, bool has_times) {
  if (!has_times) {
    return fmt::format("{} events", ns / 1000);
  }
  constexpr double kMicrosecond = 1e3;
  constexpr double kMillisecond = 1e6;
  constexpr double kSecond = 1e9;
  const auto value = static_cast<double>(ns);
  if (value >= kSecond) {
    return fmt::format("{:.3f} s", value / kSecond);
  }
  return value >= kMillisecond ? fmt::format("{:.3f} ms", value / kMillisecond)
                               : fmt::format("{:.1f} us", value / kMicrosecond);
}

}  // namespace

std::vector<ScheduleEntry> settled_schedule(const Trace& trace, const KernelProfile& profile) {
  Kernel kernel(trace.header.environment, profile, Contents::kLengthsOnly);
  std::vector<ScheduleEntry> schedule;
  for (u32 i = 0; i < trace.events.size(); ++i) {
    const Event& event = trace.events[i];
    if (!is_action(event)) {
      continue;
    }
    const TaskId actor = acting_task(event);
    const bool needs_idle = std::holds_alternative<CallEvent>(event.body) ||
                            std::holds_alternative<OtherFdEvent>(event.body);
    if (needs_idle && !kernel.idle(actor)) {
      break;
    }
    schedule.push_back({.is_event = true, .event = i, .task = actor});
    post(kernel, event);
    for (TaskId next = kernel.first_runnable(); next != kNoTask; next = kernel.first_runnable()) {
      schedule.push_back({.is_event = false, .event = 0, .task = next});
      kernel.run_section(next);
      static_cast<void>(kernel.take_completions());
    }
  }
  return schedule;
}

Story tell(const Trace& trace, const KernelProfile& profile,
           const std::vector<ScheduleEntry>& schedule) {
  LateCalls late;
  for (int tries = 0; tries < kMostTries; ++tries) {
    Teller teller(trace, profile, late);
    if (auto story = teller.tell(schedule)) {
      return *std::move(story);
    }
    late.insert(teller.early().begin(), teller.early().end());
  }
  for (u32 call = 0; call < trace.events.size(); ++call) {
    late.insert(call);
  }
  auto story = Teller(trace, profile, late).tell(schedule);
  IPCSIM_CHECK(story.has_value());  // this is the schedule as it was found
  return *std::move(story);
}

std::string to_text(const Story& story, std::size_t most_sleeps) {
  std::vector<const ToldCall*> sleeps;
  std::map<TaskId, std::pair<u64, i64>> of_task;  // how often each slept, and how long in all
  for (const ToldCall& call : story.calls) {
    if (call.slept && call.ended_ns) {
      sleeps.push_back(&call);
      of_task[call.task].first += 1;
      of_task[call.task].second += call.asleep_ns;
    }
  }
  std::string text = fmt::format("{} calls, {} of them slept\n", story.calls.size(), sleeps.size());
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
    text += fmt::format("  task {}: {} on {} slept {}, ended by {}\n", call->task.v, call->text,
                        call->where, duration_text(call->asleep_ns, story.has_times), waker);
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
