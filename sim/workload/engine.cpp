#include "sim/workload/engine.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "model/base/check.hpp"

namespace ipcsim::workload {

void TimelineMeter::add(i64 from, i64 to, double value) {
  while (to > stretch_ * static_cast<i64>(kStretches)) {
    for (std::size_t i = 0; i < kStretches / 2; ++i) {
      area_[i] = area_[2 * i] + area_[2 * i + 1];
    }
    std::fill(area_.begin() + kStretches / 2, area_.end(), 0.0);
    stretch_ *= 2;
  }
  while (from < to) {
    const auto at = static_cast<std::size_t>(from / stretch_);
    const i64 until = std::min(to, static_cast<i64>(at + 1) * stretch_);
    area_[at] += value * static_cast<double>(until - from);
    from = until;
  }
}

Timeline TimelineMeter::finish(i64 end) const {
  Timeline timeline{.stretch_ns = stretch_ / kPicosecondsPerNanosecond, .mean_bytes = {}};
  for (std::size_t i = 0; i < kStretches && static_cast<i64>(i) * stretch_ < end; ++i) {
    const i64 length = std::min(stretch_, end - static_cast<i64>(i) * stretch_);
    timeline.mean_bytes.push_back(area_[i] / static_cast<double>(length));
  }
  return timeline;
}

void Meter::change(i64 now, u64 new_bytes, u64 new_places, bool with_timeline) {
  if (now > since) {
    const auto stretch = static_cast<double>(now - since);
    byte_area += static_cast<double>(bytes) * stretch;
    place_area += static_cast<double>(places) * stretch;
    if (with_timeline) {
      timeline.add(since, now, static_cast<double>(bytes));
    }
    since = now;
  }
  bytes = new_bytes;
  places = new_places;
  most_bytes = std::max(most_bytes, bytes);
  most_places = std::max(most_places, places);
}

namespace {

/// CONFIG_HZ=250, which most distributions have.
constexpr i64 kTick = 4'000'000 * kPicosecondsPerNanosecond;

/// Writers begin once readers are asleep: two tasks that begin at one moment could go on in step,
/// and two that once slept never do.
bool starts_late(const WorkloadTask& task) {
  return !task.steps.empty() && (task.steps.front().kind == Step::Kind::kWrite ||
                                 task.steps.front().kind == Step::Kind::kSend);
}

}  // namespace

Engine::Engine(const Workload& workload, const RunOptions& options)
    : workload_(workload),
      options_(options),
      profile_(*options.profile),
      costs_(options.costs),
      pages_(options.page_size, Contents::kLengthsOnly),
      tasks_(workload.tasks.size()),
      processors_(options.processors, {.fair = FairQueue(options.costs.slice, kTick)}),
      jitter_(options.seed) {
  IPCSIM_CHECK(options.processors > 0);
  scale_costs();
  for (const WorkloadObject& object : workload.objects) {
    make_object(object);
  }
  for (const WorkloadFile& file : workload.files) {
    files_.push_back({.object = file.object, .mode = file.mode});
  }
  for (const u32 file : workload.held_at_start) {
    hold(file);
  }
  Random seeds(options.seed);
  for (u32 id = 0; id < tasks_.size(); ++id) {
    tasks_[id].processor = id % options.processors;
    tasks_[id].random = Random(seeds.next());
    if (workload.tasks[id].starts) {
      start_task(id, starts_late(workload.tasks[id]) ? 2 * costs_.latency_other : 0);
    }
  }
}

void Engine::make_object(const WorkloadObject& wanted) {
  Object object;
  object.queue = wanted.queue;
  object.packets = wanted.packets;
  object.rd_wait = waits_.create();
  object.wr_wait = profile_.two_wait_queues && !wanted.queue ? waits_.create() : object.rd_wait;
  if (wanted.queue) {
    object.mq.attr = wanted.mq;
  } else {
    PipeUser user;
    PipeLimits limits;
    limits.pipe_user_pages_soft = 0;
    Caps all{.bits = ~u64{0}};
    auto pipe = alloc_pipe_info(user, limits, all, options_.page_size, profile_);
    IPCSIM_CHECK(pipe.has_value());
    object.pipe = *std::move(pipe);
    PipeEffects nobody;
    const auto size = pipe_set_size(object.pipe, Bytes{wanted.pipe_bytes}, user, limits, all,
                                    options_.page_size, profile_, nobody);
    IPCSIM_CHECK(size.has_value());
    pipe_use_ring(object.pipe, static_cast<u32>(size->v / options_.page_size));
  }
  objects_.push_back(std::move(object));
}

void Engine::hold(u32 file) {
  File& held = files_[file];
  Object& object = objects_[held.object];
  if (held.holds++ == 0 && !object.queue) {
    object.pipe.files += 1;
    object.pipe.readers += held.mode.read ? 1 : 0;
    object.pipe.writers += held.mode.write ? 1 : 0;
  }
}

void Engine::start_task(u32 id, i64 at) {
  Task& task = tasks_[id];
  IPCSIM_CHECK(task.state == TaskState::kNotStarted);
  enter_step(id);
  if (!find_call(id)) {
    task.state = TaskState::kDone;
    return;
  }
  task.ready_at = prepare_call(id, at);
  enqueue(id);
  if (fair()) {
    processor_of(id).fair.add(id, at);
  }
}

/// Begins a step: what was read ahead counts for it.
void Engine::enter_step(u32 id) {
  Task& task = tasks_[id];
  if (task.step >= workload_.tasks[id].steps.size()) {
    return;
  }
  const Step& step = step_of(task, id);
  task.left = step.amount;
  if (step.kind != Step::Kind::kRead || step.amount == kUntilEnd) {
    return;
  }
  const u32 object = files_[step.file].object;
  for (auto& [of, bytes] : task.ahead) {
    if (of == object) {
      const u64 used = std::min(bytes, task.left);
      bytes -= used;
      task.left -= used;
    }
  }
}

void Engine::next_step(u32 id) {
  ++tasks_[id].step;
  enter_step(id);
}

bool Engine::find_call(u32 id) {
  Task& task = tasks_[id];
  const std::vector<Step>& steps = workload_.tasks[id].steps;
  while (task.step < steps.size()) {
    const Step& step = steps[task.step];
    if (step.kind == Step::Kind::kHold) {
      hold(step.file);
    } else if (step.kind > Step::Kind::kReceive || task.left > 0) {
      return true;
    }
    next_step(id);
  }
  return false;
}

i64 Engine::prepare_call(u32 id, i64 at) {
  Task& task = tasks_[id];
  const Step& step = step_of(task, id);
  const bool transfers = step.kind <= Step::Kind::kReceive;
  task.phase = transfers && nonblock(id) ? CallPhase::kPolling : CallPhase::kTransfer;
  task.in_transfer = false;
  task.slept_in_call = false;
  task.completed = false;
  if (transfers) {
    task.call_bytes = step.size.draw(task.random);
    if (step.kind == Step::Kind::kWrite || (step.kind == Step::Kind::kRead && !step.reads_ahead)) {
      task.call_bytes = std::min(task.call_bytes, task.left);
    }
    task.buffer.len = task.call_bytes;
    task.write = {};
    task.read = {};
  }
  task.open = {};
  task.call_began = at + static_cast<i64>(step.think_ns) * kPicosecondsPerNanosecond;
  return task.call_began + costs_.syscall;
}

Engine::End Engine::section(u32 id) {
  Task& task = tasks_[id];
  if (task.phase == CallPhase::kPolling) {
    return poll_section(id);
  }
  const Step& step = step_of(task, id);
  switch (step.kind) {
    case Step::Kind::kWrite:
      return write_section(id);
    case Step::Kind::kRead:
      return read_section(id);
    case Step::Kind::kSend:
      return send_section(id);
    case Step::Kind::kReceive:
      return receive_section(id);
    case Step::Kind::kOpen:
      return open_section(id);
    case Step::Kind::kRelease:
      return release(id);
    case Step::Kind::kStart:
      start_task(step.task, processor_of(id).now);
      next_step(id);
      return End::kCallOver;
    case Step::Kind::kHold:
      break;
  }
  IPCSIM_CHECK(false);
}

/// What a section that follows a wake-up came to.
void Engine::count_progress(Task& task, bool progress) {
  if (task.woken) {
    task.counts.wasted += progress ? 0 : 1;
    task.woken = false;
  }
}

namespace {

void scale(i64& cost, u32 percent) { cost = cost * percent / 100; }

}  // namespace

/// Applies the factors of the options to the costs.
void Engine::scale_costs() {
  for (i64* cost : {&costs_.write, &costs_.merge, &costs_.send, &costs_.page_alloc}) {
    scale(*cost, options_.writer_percent);
  }
  for (i64* cost : {&costs_.read, &costs_.read_part, &costs_.receive, &costs_.page_free}) {
    scale(*cost, options_.reader_percent);
  }
  for (i64& cost : costs_.in_kib) {
    scale(cost, options_.writer_percent);
  }
  for (i64& cost : costs_.out_kib) {
    scale(cost, options_.reader_percent);
  }
}

RunResult Engine::run() {
  periods_.given_up = !options_.skip_periods || tasks_.empty() || !may_repeat();
  for (u32 id = next_task(); id != kNobody; id = next_task()) {
    run_task(id);
    if (++sections_ >= options_.most_sections) {
      result_.given_up = true;
      break;
    }
    if (!periods_.given_up && id == 0 && is_moment()) {
      look_for_period();
    }
  }
  collect(result_);
  return std::move(result_);
}

StuckTask Engine::stuck_task(u32 id) const {
  const Task& task = tasks_[id];
  StuckTask stuck{.task = workload_.tasks[id].name, .call = {}, .where = {}};
  if (task.state == TaskState::kNotStarted) {
    stuck.call = "never begun";
    return stuck;
  }
  const Step& step = workload_.tasks[id].steps[task.step];
  const u32 index = files_[step.file].object;
  const Object& object = objects_[index];
  switch (step.kind) {
    case Step::Kind::kWrite:
      stuck.call =
          fmt::format("write({} bytes), {} of them done", task.call_bytes, task.write.done);
      break;
    case Step::Kind::kRead:
      stuck.call = fmt::format("read({} bytes)", task.call_bytes);
      break;
    case Step::Kind::kSend:
      stuck.call = fmt::format("mq_send({} bytes)", task.call_bytes);
      break;
    case Step::Kind::kReceive:
      stuck.call = "mq_receive()";
      break;
    default:
      stuck.call = "open()";
  }
  if (object.queue) {
    stuck.where = fmt::format("{}: {} of {} messages", workload_.objects[index].name,
                              object.mq.mq_curmsgs(), object.mq.attr.mq_maxmsg);
  } else {
    stuck.where = fmt::format("{}: {} of {} slots, {} bytes", workload_.objects[index].name,
                              pipe_occupancy(object.pipe), object.pipe.max_usage,
                              pipe_fionread(object.pipe).v);
  }
  return stuck;
}

void Engine::collect(RunResult& result) {
  i64 end = 0;
  for (const Processor& processor : processors_) {
    end = std::max(end, processor.now);
  }
  result.elapsed_ns = end / kPicosecondsPerNanosecond;
  for (u32 id = 0; id < tasks_.size(); ++id) {
    result.all.add(tasks_[id].counts);
    result.tasks.push_back(tasks_[id].counts);
    if (tasks_[id].state != TaskState::kDone && !result.given_up) {
      result.stuck.push_back(stuck_task(id));
    }
  }
  for (Object& object : objects_) {
    Meter& meter = object.meter;
    meter.change(end, meter.bytes, meter.places, options_.timeline);
    const double length = end > 0 ? static_cast<double>(end) : 1.0;
    result.objects.push_back(
        {.pages_allocated = object.pages_allocated,
         .pages_reused = object.pages_reused,
         .most_bytes = meter.most_bytes,
         .most_places = meter.most_places,
         .mean_bytes = meter.byte_area / length,
         .mean_places = meter.place_area / length,
         .places =
             object.queue ? static_cast<u64>(object.mq.attr.mq_maxmsg) : object.pipe.max_usage,
         .timeline = options_.timeline ? meter.timeline.finish(end) : Timeline{}});
  }
}

}  // namespace ipcsim::workload

namespace ipcsim {

void RunCounts::add(const RunCounts& other) {
  syscalls += other.syscalls;
  sleeps += other.sleeps;
  preemptions += other.preemptions;
  wakeups += other.wakeups;
  wasted += other.wasted;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  messages += other.messages;
  errors += other.errors;
}

RunResult run_workload(const Workload& workload, const RunOptions& options) {
  return workload::Engine(workload, options).run();
}

}  // namespace ipcsim
