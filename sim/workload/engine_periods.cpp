// A run of fixed sizes comes to the same state again and again: then all periods but the last ones
// are added up at once. The result is the one that running them gives.
#include <algorithm>

#include "sim/workload/engine.hpp"

namespace ipcsim::workload {
namespace {

void put(Signature& signature, auto... numbers) {
  (signature.push_back(static_cast<i64>(numbers)), ...);
}

/// `n` times what was added since `earlier`.
template <class T>
void repeat(T& number, const T& earlier, u64 n) {
  number = static_cast<T>(number + (number - earlier) * static_cast<T>(n));
}

void repeat_counts(RunCounts& counts, const RunCounts& earlier, u64 n) {
  for (u64 RunCounts::* const field :
       {&RunCounts::syscalls, &RunCounts::sleeps, &RunCounts::preemptions, &RunCounts::wakeups,
        &RunCounts::wasted, &RunCounts::bytes_in, &RunCounts::bytes_out, &RunCounts::messages,
        &RunCounts::errors}) {
    repeat(counts.*field, earlier.*field, n);
  }
}

}  // namespace

/// A run in which chance has no part, of tasks that go through the same step for long. The fair
/// scheduler hardly ever comes to the same state again.
bool Engine::may_repeat() const {
  if (options_.jitter_percent > 0 || options_.latency_by_chance || fair()) {
    return false;
  }
  for (const WorkloadTask& task : workload_.tasks) {
    for (const Step& step : task.steps) {
      if (!step.size.is_fixed()) {
        return false;
      }
    }
  }
  return true;
}

void Engine::sign_task(Signature& signature, const Task& task, i64 base, i64 earliest) const {
  put(signature, task.state, task.phase, task.step, task.in_transfer, task.completed, task.woken,
      task.fresh, task.sleeps_for_room, task.pays_for_sleep, task.entry == kNoWaitEntry,
      task.run_next, std::max(task.ready_at, earliest) - base,
      std::max(task.asleep_at, earliest) - base, task.call_began - base, task.call_bytes,
      task.ahead.size());
  put(signature, task.write.done, task.write.slept, task.write.was_empty, task.write.changed,
      task.write.counted, task.write.preallocated, task.read.done, task.read.slept,
      task.read.wake_writer);
  for (const auto& [object, bytes] : task.ahead) {
    put(signature, object, bytes);
  }
}

void Engine::sign_object(Signature& signature, const Object& object, i64 base, i64 earliest) const {
  put(signature, std::max(object.free_at, earliest) - base, object.meter.bytes,
      object.meter.most_bytes, object.meter.most_places, object.marks.size());
  for (const Mark& mark : object.marks) {
    put(signature, mark.end - object.stream_out, mark.began - base);
  }
  for (const WaitQueueId queue : {object.rd_wait, object.wr_wait}) {
    waits_.each(queue, [&](const WaitEntry& entry) { put(signature, entry.task.v, entry.key); });
    put(signature, -1);
  }
  if (object.queue) {
    put(signature, object.mq.mq_curmsgs(), object.mq.qsize, object.mq.node_cache);
    for (const MqSide side : {MqSide::kSend, MqSide::kRecv}) {
      for (const MqWaiter& waiter : object.mq.waiters(side)) {
        put(signature, waiter.task.v);
      }
      put(signature, -1);
    }
    for (const auto& [prio, times] : object.sent_at) {
      for (const i64 time : times) {
        put(signature, prio, time - base);
      }
    }
    return;
  }
  const PipeInode& pipe = object.pipe;
  put(signature, pipe_occupancy(pipe), pipe.readers, pipe.writers, pipe.waiting_writers,
      pipe.poll_usage, pipe.tmp_page[0] == kNoPage, pipe.tmp_page[1] == kNoPage);
  for (u32 i = pipe.tail; i != pipe.head; ++i) {
    const PipeBuffer& buf = pipe.slot(i);
    put(signature, buf.offset, buf.len, buf.flags);
  }
}

Signature Engine::sign(i64 base) const {
  Signature signature;
  i64 earliest = base;
  for (const Processor& processor : processors_) {
    earliest = std::min(earliest, processor.now);
  }
  for (const Processor& processor : processors_) {
    put(signature, processor.now - base, processor.first, processor.current);
  }
  for (const Task& task : tasks_) {
    sign_task(signature, task, base, earliest);
  }
  for (const File& file : files_) {
    put(signature, file.holds);
  }
  for (const Object& object : objects_) {
    sign_object(signature, object, base, earliest);
  }
  return signature;
}

Totals Engine::totals(i64 base) const {
  Totals all{.now = base,
             .sections = sections_,
             .write_sleeps = result_.write_sleeps,
             .write_ns = result_.write_ns,
             .read_ns = result_.read_ns,
             .transit_ns = result_.transit_ns};
  for (const Task& task : tasks_) {
    all.tasks.push_back({task.counts, task.left});
  }
  for (const Object& object : objects_) {
    all.objects.push_back({object.pages_allocated, object.pages_reused, object.stream_in,
                           object.stream_out, object.meter.byte_area, object.meter.place_area});
  }
  return all;
}

/// What a task may use of its step before that shows in a call: a transfer asks for no more than is
/// left, so the last calls are shorter than those before them.
u64 Engine::left_alike(u32 id) const {
  const Task& task = tasks_[id];
  const Step& step = step_of(task, id);
  const bool in_bytes = step.kind == Step::Kind::kWrite || step.kind == Step::Kind::kRead;
  const u64 call = in_bytes ? step.size.largest() : 1;
  return task.left > call ? task.left - call : 0;
}

/// Periods that surely fit into what is left of every task's step; 0 when nothing is used up.
u64 Engine::periods_left(const Totals& earlier) const {
  constexpr u64 kRunAfterwards = 2;
  u64 most = 0;
  for (u32 id = 0; id < tasks_.size(); ++id) {
    const u64 used = earlier.tasks[id].left - tasks_[id].left;
    if (used > 0) {
      const u64 fit = left_alike(id) / used;
      const u64 periods = fit > kRunAfterwards ? fit - kRunAfterwards : 0;
      most = most == 0 ? periods : std::min(most, periods);
      if (periods == 0) {
        return 0;
      }
    }
  }
  return most;
}

void Engine::repeat_object(Object& object, const Totals::OfObject& earlier, u64 n, i64 by) {
  const double mean = (object.meter.byte_area - earlier.byte_area) * static_cast<double>(n) /
                      static_cast<double>(by);
  const u64 moved = (object.stream_in - earlier.stream_in) * n;
  repeat(object.pages_allocated, earlier.pages_allocated, n);
  repeat(object.pages_reused, earlier.pages_reused, n);
  repeat(object.stream_in, earlier.stream_in, n);
  repeat(object.stream_out, earlier.stream_out, n);
  repeat(object.meter.byte_area, earlier.byte_area, n);
  repeat(object.meter.place_area, earlier.place_area, n);
  object.free_at += by;
  if (options_.timeline) {
    object.meter.timeline.add(object.meter.since, object.meter.since + by, mean);
  }
  object.meter.since += by;
  for (Mark& mark : object.marks) {
    mark.began += by;
    mark.end += moved;
  }
  for (auto& [prio, times] : object.sent_at) {
    for (i64& time : times) {
      time += by;
    }
  }
}

void Engine::repeat_since(const Totals& earlier, i64 base, u64 n) {
  const i64 by = (base - earlier.now) * static_cast<i64>(n);
  for (Processor& processor : processors_) {
    processor.now += by;
  }
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    Task& task = tasks_[i];
    const Totals::OfTask& before = earlier.tasks[i];
    repeat_counts(task.counts, before.counts, n);
    task.left -= (before.left - task.left) * n;
    task.ready_at += by;
    task.asleep_at += by;
    task.call_began += by;
    task.handed_sent_at += by;
  }
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    repeat_object(objects_[i], earlier.objects[i], n, by);
  }
  repeat(sections_, earlier.sections, n);
  repeat(result_.write_sleeps, earlier.write_sleeps, n);
  result_.write_ns.repeat(earlier.write_ns, n);
  result_.read_ns.repeat(earlier.read_ns, n);
  result_.transit_ns.repeat(earlier.transit_ns, n);
}

bool Engine::is_moment() const {
  // Where it never sleeps: after calls that fill whole pages, whatever their size.
  constexpr u64 kCalls = 64;
  const Task& task = tasks_.front();
  return task.state == TaskState::kAsleep ||
         (task.state == TaskState::kRunnable && !task.in_transfer &&
          task.counts.syscalls % kCalls == 0);
}

void Engine::look_for_period() {
  PeriodFinder& finder = periods_;
  const i64 base = processors_[tasks_.front().processor].now;
  Signature signature = sign(base);
  ++finder.moments;
  if (signature == finder.kept) {
    const u64 n = periods_left(finder.kept_totals);
    if (n > 0) {
      repeat_since(finder.kept_totals, base, n);
    }
    finder.given_up = true;
    finder.kept.clear();
    return;
  }
  if (finder.moments == finder.next_kept) {
    finder.kept = std::move(signature);
    finder.kept_totals = totals(base);
    finder.next_kept *= 2;
  }
  finder.given_up = finder.moments >= PeriodFinder::kMostMoments;
}

}  // namespace ipcsim::workload
