#include "sim/replay/story.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

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

/// Times of a trace can be any, so what is between two may not fit.
i64 elapsed(i64 from_ns, i64 to_ns) {
  i64 ns = 0;
  return __builtin_sub_overflow(to_ns, from_ns, &ns) ? std::numeric_limits<i64>::max() : ns;
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
      sleeps_recorded_ = sleeps_recorded_ || event.slept.has_value();
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
      note_wakes(before, waker_of(entry));
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
      told.recorded = trace_.events[call.end_event].slept;
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
    if (call == kNoCall || late_.contains(call) || !may_have_slept(call) ||
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

  /// A recorder that sees sleeps saw this call's, or not its end.
  [[nodiscard]] bool may_have_slept(u32 call) const {
    return !sleeps_recorded_ || story_.calls[call].recorded || !story_.calls[call].ended_ns;
  }

  /// False when the section cannot be run, or a call ends otherwise than recorded.
  bool run(TaskId task) {
    if (!kernel_.exists(task) || kernel_.state().task(task).state != TaskState::kRunnable) {
      // Its first section was run before; or it is done, since another slept in its place.
      return early_.contains(current_[task.v]) || kernel_.idle(task);
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

  /// Whose section ran: that of a call may run as soon as it begins.
  [[nodiscard]] TaskId waker_of(const ScheduleEntry& entry) const {
    if (!entry.is_event) {
      return entry.task;
    }
    const auto* call = std::get_if<CallEvent>(&trace_.events[entry.event].body);
    return call == nullptr ? kNoTask : call->task;
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
      told.asleep_ns = told.recorded ? told.recorded->ns : elapsed(told.began_ns, told.woken_ns);
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
  bool sleeps_recorded_ = false;
};

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

}  // namespace ipcsim
