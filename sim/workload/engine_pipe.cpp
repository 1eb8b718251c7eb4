// Calls on pipes: the model's sections, and what they cost.
#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "sim/workload/engine.hpp"

namespace ipcsim::workload {
namespace {

constexpr u32 kReadable = kPollIn | kPollRdNorm;
constexpr u32 kWritable = kPollOut | kPollWrNorm;

}  // namespace

i64 Engine::unlocked(u32 id, Object& object, i64 cost) {
  Processor& processor = processor_of(id);
  if (options_.jitter_percent > 0) {
    const u64 percent =
        100 - options_.jitter_percent + jitter_.below(2 * options_.jitter_percent + 1);
    cost = cost * static_cast<i64>(percent) / 100;
  }
  processor.now = std::max(processor.now, object.free_at) + cost;
  object.free_at = processor.now;
  return processor.now;
}

void Engine::apply(u32 object, const PipeEffects& effects, i64 at, i64& cost, u32 waker) {
  const WaitQueueId rd_wait = objects_[object].rd_wait;
  const WaitQueueId wr_wait = objects_[object].wr_wait;
  effects.each([&](PipeEffect effect) {
    switch (effect) {
      case PipeEffect::kWakeRdWait:
        wake_queue(rd_wait, WakeHow::kOne, kReadable, at, cost, waker);
        break;
      case PipeEffect::kWakeWrWait:
        wake_queue(wr_wait, WakeHow::kOne, kWritable, at, cost, waker);
        break;
      case PipeEffect::kWakeRdWaitAny:
        wake_queue(rd_wait, WakeHow::kOne, 0, at, cost, waker);
        break;
      case PipeEffect::kWakeWrWaitAny:
        wake_queue(wr_wait, WakeHow::kOne, 0, at, cost, waker);
        break;
      case PipeEffect::kWakeAllRdWait:
        wake_queue(rd_wait, WakeHow::kAll, 0, at, cost, waker);
        break;
      case PipeEffect::kWakeAllWrWait:
        wake_queue(wr_wait, WakeHow::kAll, 0, at, cost, waker);
        break;
      case PipeEffect::kSendSigpipe:  // the program ignores it and sees EPIPE
      case PipeEffect::kSigioReaders:
      case PipeEffect::kSigioWriters:
        break;
    }
  });
}

void Engine::note_pipe(Object& object, i64 at, u32 head_before, u32 live_before) {
  const u32 slots = object.pipe.head - head_before;
  const u32 fresh = pages_.live() > live_before ? pages_.live() - live_before : 0;
  object.pages_allocated += fresh;
  object.pages_reused += slots > fresh ? slots - fresh : 0;
  const u64 bytes =
      object.packets ? pipe_fionread(object.pipe).v : object.stream_in - object.stream_out;
  object.meter.change(at, bytes, pipe_occupancy(object.pipe), options_.timeline);
}

Engine::End Engine::poll_section(u32 id) {
  Task& task = tasks_[id];
  const Step& step = step_of(task, id);
  Object& object = object_of(step);
  const File& file = files_[step.file];
  const bool out = step.kind == Step::Kind::kWrite || step.kind == Step::Kind::kSend;
  const u32 wanted = (out ? kWritable : kReadable) | kPollErr | kPollHup;
  const bool begins = task.entry == kNoWaitEntry;
  task.counts.syscalls += begins ? 1 : 0;
  const i64 poll = workload_.tasks[id].style == WaitStyle::kPoll ? costs_.poll : costs_.epoll;
  const i64 at = unlocked(id, object, 0);
  processor_of(id).now += begins ? poll : 0;
  const u32 mask =
      object.queue ? mq_poll_mask(object.mq) : pipe_poll_mask(object.pipe, file.mode, 0);
  if ((mask & wanted) != 0) {
    if (!begins) {
      waits_.remove(std::exchange(task.entry, kNoWaitEntry));
    }
    task.phase = CallPhase::kTransfer;
    // The transfer is a system call of its own, made at once.
    processor_of(id).now += costs_.syscall;
    task.ready_at = processor_of(id).now;
    enqueue_first(id);
    return End::kAsleep;  // nothing is to be done now: it is on the run queue
  }
  count_progress(task, false);
  if (begins) {
    task.entry = waits_.add(out ? object.wr_wait : object.rd_wait,
                            {.task = TaskId{id}, .poll = true, .key = wanted});
  }
  task.sleeps_for_room = out;
  fall_asleep(id, at);
  return End::kAsleep;
}

/// Wakes whom the section woke at `at`, and leaves the task asleep or out of the wait queue.
bool Engine::sleeps_on(u32 id, const PipeSection& section, i64 at, bool moved) {
  Task& task = tasks_[id];
  const Step& step = step_of(task, id);
  const u32 index = files_[step.file].object;
  const bool room = step.kind == Step::Kind::kWrite;
  i64 cost = 0;
  apply(index, section.effects, at, cost, id);
  processor_of(id).now += cost;
  if (section.end != PipeSectionEnd::kAsleep) {
    if (task.entry != kNoWaitEntry) {
      waits_.remove(std::exchange(task.entry, kNoWaitEntry));
    }
    return false;
  }
  count_progress(task, moved);
  if (task.entry == kNoWaitEntry) {
    Object& object = objects_[index];
    task.entry = waits_.add(room ? object.wr_wait : object.rd_wait,
                            {.task = TaskId{id}, .exclusive = profile_.two_wait_queues});
  }
  task.sleeps_for_room = room;
  fall_asleep(id, processor_of(id).now);
  return true;
}

Engine::End Engine::write_section(u32 id) {
  Task& task = tasks_[id];
  Object& object = object_of(step_of(task, id));
  task.counts.syscalls += std::exchange(task.in_transfer, true) ? 0 : 1;
  const u64 done_before = task.write.done;
  const bool first = !task.write.slept;
  const u32 head_before = object.pipe.head;
  const u32 live_before = pages_.live();
  const PipeSection section =
      pipe_write_section(object.pipe, task.write, {&task.buffer, 1},
                         {.nonblock = nonblock(id), .packets = object.packets}, pages_, profile_);
  const u64 moved = task.write.done - done_before;
  const u32 fresh = pages_.live() > live_before ? pages_.live() - live_before : 0;
  const bool fills = object.pipe.head != head_before || moved == 0;
  const i64 at = unlocked(id, object,
                          (first ? (fills ? costs_.write : costs_.merge) : 0) +
                              costs_.copy_in(moved, task.call_bytes) + costs_.page_alloc * fresh);
  object.stream_in += moved;
  task.counts.bytes_in += moved;
  note_pipe(object, at, head_before, live_before);
  if (sleeps_on(id, section, at, moved > 0)) {
    return End::kAsleep;
  }
  const bool refused = !section.result && section.result.error() == Errno::kEAGAIN;
  count_progress(task, !refused);
  if (refused) {
    return End::kRefused;
  }
  if (!section.result) {
    ++task.counts.errors;
    task.left = 0;
    return End::kCallOver;
  }
  if (!object.packets) {
    object.marks.push_back({object.stream_in, task.call_began});
  }
  result_.write_ns.add(
      static_cast<u64>((processor_of(id).now - task.call_began) / kPicosecondsPerNanosecond));
  task.left -= std::min(task.left, section.result->v);
  return End::kCallOver;
}

void Engine::finish_read(u32 id, u64 moved) {
  Task& task = tasks_[id];
  const Step& step = step_of(task, id);
  Object& object = object_of(step);
  const i64 now = processor_of(id).now;
  while (!object.marks.empty() && object.marks.front().end <= object.stream_out) {
    result_.transit_ns.add(
        static_cast<u64>((now - object.marks.front().began) / kPicosecondsPerNanosecond));
    object.marks.pop_front();
  }
  result_.read_ns.add(static_cast<u64>((now - task.call_began) / kPicosecondsPerNanosecond));
  if (moved == 0) {
    task.left = 0;  // the end of the data
  } else if (step.amount != kUntilEnd) {
    if (moved > task.left) {
      const u32 index = files_[step.file].object;
      auto found = std::find_if(task.ahead.begin(), task.ahead.end(),
                                [&](const auto& entry) { return entry.first == index; });
      if (found == task.ahead.end()) {
        found = task.ahead.insert(found, {index, 0});
      }
      found->second += moved - task.left;
    }
    task.left -= std::min(task.left, moved);
  }
}

Engine::End Engine::read_section(u32 id) {
  Task& task = tasks_[id];
  Object& object = object_of(step_of(task, id));
  task.counts.syscalls += std::exchange(task.in_transfer, true) ? 0 : 1;
  const u64 done_before = task.read.done;
  const bool first = !task.read.slept;
  const u32 tail_before = object.pipe.tail;
  const u32 live_before = pages_.live();
  const PipeSection section = pipe_read_section(object.pipe, task.read, {&task.buffer, 1}, nullptr,
                                                {.nonblock = nonblock(id)}, pages_, profile_);
  const u64 moved = task.read.done - done_before;
  const bool frees = object.pipe.tail != tail_before || moved == 0;
  const i64 at = unlocked(id, object,
                          (first ? (frees ? costs_.read : costs_.read_part) : 0) +
                              costs_.copy_out(moved, task.call_bytes) +
                              costs_.page_free * (live_before - pages_.live()));
  object.stream_out += moved;
  task.counts.bytes_out += moved;
  note_pipe(object, at, object.pipe.head, pages_.live());
  if (sleeps_on(id, section, at, moved > 0)) {
    return End::kAsleep;
  }
  const bool refused = !section.result;
  count_progress(task, !refused);
  if (refused) {
    return End::kRefused;
  }
  finish_read(id, section.result->v);
  return End::kCallOver;
}

Engine::End Engine::open_section(u32 id) {
  Task& task = tasks_[id];
  const u32 file = step_of(task, id).file;
  const u32 index = files_[file].object;
  Object& object = objects_[index];
  if (!std::exchange(task.in_transfer, true)) {
    ++task.counts.syscalls;
    ++object.pipe.files;
    ++files_[file].holds;
  }
  const FifoOpenSection section =
      fifo_open_section(object.pipe, task.open, files_[file].mode, false, false, false);
  const i64 at = unlocked(id, object, costs_.syscall);
  i64 cost = 0;
  apply(index, section.effects, at, cost, id);
  processor_of(id).now += cost;
  if (section.asleep) {
    count_progress(task, false);
    if (task.entry == kNoWaitEntry) {
      task.entry = waits_.add(object.rd_wait, {.task = TaskId{id}});
    }
    task.sleeps_for_room = false;
    fall_asleep(id, processor_of(id).now);
    return End::kAsleep;
  }
  if (task.entry != kNoWaitEntry) {
    waits_.remove(std::exchange(task.entry, kNoWaitEntry));
  }
  count_progress(task, true);
  next_step(id);
  return End::kCallOver;
}

Engine::End Engine::release(u32 id) {
  Task& task = tasks_[id];
  const u32 file = step_of(task, id).file;
  const u32 index = files_[file].object;
  Object& object = objects_[index];
  IPCSIM_CHECK(files_[file].holds > 0);
  if (--files_[file].holds == 0 && !object.queue) {
    PipeEffects effects;
    pipe_release(object.pipe, files_[file].mode, effects, profile_);
    --object.pipe.files;
    const i64 at = unlocked(id, object, costs_.syscall);
    i64 cost = 0;
    apply(index, effects, at, cost, id);
    processor_of(id).now += cost;
  }
  next_step(id);
  return End::kCallOver;
}

}  // namespace ipcsim::workload
