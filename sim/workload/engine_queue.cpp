// Calls on message queues: the model's sections, and what they cost.
#include <utility>

#include "sim/workload/engine.hpp"

namespace ipcsim::workload {
namespace {

u64 nanoseconds(i64 picoseconds) {
  return static_cast<u64>(picoseconds / kPicosecondsPerNanosecond);
}

}  // namespace

void Engine::note_queue(Object& object, i64 at) {
  object.meter.change(at, object.mq.qsize, static_cast<u64>(object.mq.mq_curmsgs()),
                      options_.timeline);
}

Engine::End Engine::send_section(u32 id) {
  Task& task = tasks_[id];
  const Step& step = step_of(task, id);
  Object& object = object_of(step);
  const auto over = [&] {
    result_.write_ns.add(nanoseconds(processor_of(id).now - task.call_began));
    --task.left;
    count_progress(task, true);
    return End::kCallOver;
  };
  if (task.completed) {
    return over();
  }
  task.counts.syscalls += std::exchange(task.in_transfer, true) ? 0 : 1;
  const u64 len = task.call_bytes;
  const MqSendOutcome outcome =
      mq_send(object.mq, {.prio = step.prio, .text = Payload::of_unknown(len)},
              {.task = WaiterId{id}, .nonblock = nonblock(id)});
  const i64 at =
      unlocked(id, object, costs_.send + static_cast<i64>(len) * costs_.message_kib / 2048);
  if (outcome.end == MqEnd::kFailed) {
    count_progress(task, false);
    return End::kRefused;
  }
  ++task.counts.messages;
  task.counts.bytes_in += len;
  note_queue(object, at);
  if (outcome.end == MqEnd::kAsleep) {
    task.sleeps_for_room = true;
    fall_asleep(id, at);
    return End::kAsleep;
  }
  i64 cost = 0;
  if (outcome.receiver) {
    const u32 receiver = outcome.receiver->v;
    tasks_[receiver].completed = true;
    tasks_[receiver].handed_sent_at = task.call_began;
    tasks_[receiver].call_bytes = len;
    wake(receiver, at, cost, id);
  } else {
    object.sent_at[step.prio].push_back(task.call_began);
  }
  if (outcome.wake_pollers) {
    wake_queue(object.rd_wait, WakeHow::kOne, 0, at, cost, id);
  }
  processor_of(id).now += cost;
  return over();
}

Engine::End Engine::receive_section(u32 id) {
  Task& task = tasks_[id];
  Object& object = object_of(step_of(task, id));
  const auto over = [&](i64 sent_at, u64 len) {
    const i64 now = processor_of(id).now;
    result_.read_ns.add(nanoseconds(now - task.call_began));
    result_.transit_ns.add(nanoseconds(now - sent_at));
    task.counts.bytes_out += len;
    --task.left;
    count_progress(task, true);
    return End::kCallOver;
  };
  if (task.completed) {
    return over(task.handed_sent_at, task.call_bytes);
  }
  task.counts.syscalls += std::exchange(task.in_transfer, true) ? 0 : 1;
  const MqReceiveOutcome outcome =
      mq_receive(object.mq, {.task = WaiterId{id}, .nonblock = nonblock(id)});
  if (outcome.end != MqEnd::kDone) {
    const i64 at = unlocked(id, object, costs_.receive);
    if (outcome.end == MqEnd::kFailed) {
      count_progress(task, false);
      return End::kRefused;
    }
    task.sleeps_for_room = false;
    fall_asleep(id, at);
    return End::kAsleep;
  }
  const u64 len = outcome.message.text.len();
  const i64 at =
      unlocked(id, object, costs_.receive + static_cast<i64>(len) * costs_.message_kib / 2048);
  std::deque<i64>& sent_at = object.sent_at[outcome.message.prio];
  const i64 began = sent_at.front();
  sent_at.pop_front();
  i64 cost = 0;
  if (outcome.sender) {
    Task& sender = tasks_[outcome.sender->v];
    const u32 prio = step_of(sender, outcome.sender->v).prio;
    object.sent_at[prio].push_back(sender.call_began);
    sender.completed = true;
    wake(outcome.sender->v, at, cost, id);
  }
  note_queue(object, at);
  if (outcome.wake_pollers) {
    wake_queue(object.rd_wait, WakeHow::kOne, 0, at, cost, id);
  }
  processor_of(id).now += cost;
  return over(began, len);
}

}  // namespace ipcsim::workload
