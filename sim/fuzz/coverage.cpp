#include "sim/fuzz/coverage.hpp"

#include <algorithm>

namespace ipcsim {
namespace {

const Call* call_of(const Event& event) {
  const auto* call = std::get_if<CallEvent>(&event.body);
  return call == nullptr ? nullptr : &call->call;
}

template <class... T>
bool is_any(const Call& call) {
  return (holds_alternative<T>(call) || ...);
}

bool is_write(const Call& call) { return is_any<WriteCall, WritevCall, Pwritev2Call>(call); }
bool is_read(const Call& call) { return is_any<ReadCall, ReadvCall, Preadv2Call>(call); }
bool is_splice(const Call& call) {
  return is_any<SpliceCall, TeeCall, VmspliceCall, SendfileCall>(call);
}

/// The call that a task of `k` is in. REQUIRES: it is in one.
Call in_call(const KernelState& k, TaskId task) { return k.task(task).call.get(); }

bool in_a_call(const KernelState& k, TaskId task) {
  return k.exists(task) && k.task(task).in_call();
}

u64 bytes_asked(const Call& call) {
  if (const auto* write = get_if<WriteCall>(&call)) {
    return write->buf.len;
  }
  if (const auto* writev = get_if<WritevCall>(&call)) {
    return total_len(writev->iov);
  }
  if (const auto* pwritev2 = get_if<Pwritev2Call>(&call)) {
    return total_len(pwritev2->iov);
  }
  return 0;
}

u32 length(const KernelState& k, WaitQueueId queue, bool exclusive) {
  u32 count = 0;
  k.wait_queues.each(queue, [&](const WaitEntry& entry) {
    count += entry.exclusive == exclusive && !entry.poll ? 1 : 0;
  });
  return count;
}

u32 kept(const PipeInode& pipe) {
  return static_cast<u32>(
      std::ranges::count_if(pipe.tmp_page, [](PageId page) { return page != kNoPage; }));
}

u32 nodes_in(const MsgTree& tree) {
  u32 count = 0;
  for (MsgNodeId id = tree.root(); id != kNoMsgNode; id = tree.next_preorder(id)) {
    ++count;
  }
  return count;
}

}  // namespace

void Coverage::count_step(const CoveredStep& step) {
  ++steps_;
  if (const auto* event = std::get_if<CallEvent>(&step.event.body)) {
    ++calls_[call_name(event->call)];
  } else if (std::holds_alternative<SignalEvent>(step.event.body)) {
    ++signals_;
  }
  count_ends(step);
  count_sleepers(step);
  count_pipes(step);
  count_queues(step);
}

void Coverage::count_ends(const CoveredStep& step) {
  const auto* event = std::get_if<CallEvent>(&step.event.body);
  u32 woken = 0;
  for (const Completion& end : step.completions) {
    const bool own = event != nullptr && event->task == end.task;
    const bool slept = in_a_call(step.before, end.task);
    if (!own && !slept) {
      continue;  // a child of this very step
    }
    const Call& call = slept ? in_call(step.before, end.task) : event->call;
    if (end.kind == Completion::Kind::kDied) {
      ++deaths_;
      ++outcomes_[{call_name(call), "died"}];
      note(slept ? Situation::kKilledAsleep : Situation::kProcessEnds);
      continue;
    }
    const Errno error = end.result.error;
    ++outcomes_[{call_name(call), error == Errno::kOk ? "ok" : std::string(errno_name(error))}];
    if (slept) {
      ++wake_ups_;
      ++woken;
    }
    if (error == Errno::kEINTR) {
      note(Situation::kCallInterrupted);
    }
    if (error == Errno::kEPIPE) {
      note(Situation::kWriteWithoutReader);
    }
    const bool expired = std::holds_alternative<AdvanceEvent>(step.event.body);
    if (slept && expired) {
      note(Situation::kTimeoutExpires);
    } else if (slept && holds_alternative<PollCall>(call)) {
      note(Situation::kPollerWoken);
    } else if (slept && is_read(call) && error == Errno::kOk) {
      note(Situation::kReaderWoken);
    } else if (slept && is_write(call) && error == Errno::kOk) {
      note(Situation::kWriterWoken);
    } else if (slept && holds_alternative<OpenCall>(call) && error == Errno::kOk) {
      note(Situation::kOpenMeetsPartner);
    } else if (slept && holds_alternative<MqTimedsendCall>(call) && error == Errno::kOk) {
      note(Situation::kSenderAdmitted);
    } else if (slept && holds_alternative<MqTimedreceiveCall>(call) && error == Errno::kOk) {
      note(Situation::kMessageHandedOver);
    }
    if (is_write(call) && error == Errno::kOk && end.result.ret > 0 &&
        static_cast<u64>(end.result.ret) < bytes_asked(call)) {
      note(Situation::kWriteIsShort);
    }
    if (is_read(call) && error == Errno::kOk && end.result.ret == 0) {
      note(Situation::kReadMeetsEnd);
    }
  }
  if (woken > 1) {
    note(Situation::kSeveralWoken);
  }
}

void Coverage::count_sleepers(const CoveredStep& step) {
  const auto* signal = std::get_if<SignalEvent>(&step.event.body);
  for (u32 number = 1; number <= step.after.tasks.size(); ++number) {
    const TaskId task{number};
    const bool slept = number <= step.before.tasks.size() && in_a_call(step.before, task);
    const bool stopped =
        number <= step.before.tasks.size() && step.before.task(task).state == TaskState::kStopped;
    const TaskState state = step.after.task(task).state;
    if (!stopped && state == TaskState::kStopped) {
      note(Situation::kTaskStops);
    } else if (stopped && state != TaskState::kStopped && state != TaskState::kDead) {
      note(Situation::kTaskGoesOn);
    }
    if (number <= step.before.tasks.size() && step.before.exists(task) &&
        !step.after.exists(task) && !slept) {
      note(Situation::kThreadEnds);
    }
    if (!in_a_call(step.after, task)) {
      continue;
    }
    if (slept) {
      if (signal != nullptr && signal->task == task &&
          step.before.process_of(task).handled.has(signal->signal) &&
          !step.before.task(task).blocked.has(signal->signal)) {
        note(Situation::kCallRestarted);
      }
      continue;
    }
    ++sleeps_;
    const Call& call = in_call(step.after, task);
    ++outcomes_[{call_name(call), "asleep"}];
    if (is_write(call)) {
      note(Situation::kWriteSleeps);
    } else if (is_read(call)) {
      note(Situation::kReadSleeps);
    } else if (is_splice(call)) {
      note(Situation::kSpliceSleeps);
    } else if (holds_alternative<OpenCall>(call)) {
      note(Situation::kOpenSleeps);
    } else if (holds_alternative<MqTimedsendCall>(call)) {
      note(Situation::kSendSleeps);
    } else if (holds_alternative<MqTimedreceiveCall>(call)) {
      note(Situation::kReceiveSleeps);
    }
  }
  if (const Call* call = call_of(step.event); call != nullptr && is_any<ExecveCall>(*call)) {
    note(Situation::kExecClosesFiles);
  }
  step.after.fd_tables.each([&](FdTableId /*id*/, const FdTable& table) {
    if (table.users() > 1) {
      note(Situation::kSharedTable);
    }
  });
}

void Coverage::count_pipes(const CoveredStep& step) {
  step.after.pipes.each([&](PipeId id, const PipeObject& after) {
    if (step.before.pipes.contains(id) && step.before.pipes[id].serial == after.serial) {
      count_pipe(step, step.before.pipes[id], after);
    }
  });
}

void Coverage::count_pipe(const CoveredStep& step, const PipeObject& before,
                          const PipeObject& after) {
  const PipeInode& was = before.inode;
  const PipeInode& is = after.inode;
  const auto when = [this](bool so, Situation situation) {
    if (so) {
      note(situation);
    }
  };
  when(length(step.after, after.rd_wait, true) > 1, Situation::kSeveralReadersAsleep);
  when(length(step.after, after.wr_wait, true) > 1, Situation::kSeveralWritersAsleep);
  if (was == is) {
    return;
  }
  when(!pipe_full(was) && pipe_full(is), Situation::kRingFull);
  when(was.max_usage < is.max_usage, Situation::kRingGrows);
  when(was.max_usage > is.max_usage, Situation::kRingShrinks);
  when(was.writers > 0 && is.writers == 0, Situation::kLastWriterLeaves);
  when(was.readers > 0 && is.readers == 0, Situation::kLastReaderLeaves);
  when(kept(was) < kept(is), Situation::kPageIsKept);
  when(kept(was) < 2 && kept(is) == 2, Situation::kBothPagesKept);
  if (const Call* call = call_of(step.event)) {
    count_slots(was, is, *call);
  }
}

void Coverage::count_slots(const PipeInode& was, const PipeInode& is, const Call& call) {
  const auto when = [this](bool so, Situation situation) {
    if (so) {
      note(situation);
    }
  };
  if (is_write(call)) {
    when(was.head == is.head && pipe_fionread(was).v < pipe_fionread(is).v,
         Situation::kWriteMerges);
    when(was.head != is.head, Situation::kWriteMakesSlot);
    when(kept(was) > kept(is), Situation::kWriteTakesKeptPage);
    when(was.head != is.head && (is.slot(is.head - 1).flags & kPipeBufFlagPacket) != 0,
         Situation::kWriteMakesPacket);
  }
  if (is_read(call)) {
    when(was.tail != is.tail, Situation::kReadTakesWholeSlots);
    when(was.tail == is.tail && pipe_fionread(was).v > pipe_fionread(is).v,
         Situation::kReadTakesPartOfSlot);
    when(was.tail != is.tail && (was.slot(was.tail).flags & kPipeBufFlagPacket) != 0,
         Situation::kReadDropsRestOfPacket);
  }
  for (u32 at = was.head; at != is.head && is.head - at <= is.ring_size; ++at) {
    const PipeBuffer& slot = is.slot(at);
    when(slot.ops == PipeBufOps::kPageCache, Situation::kSlotOfFile);
    when(slot.ops == PipeBufOps::kZero, Situation::kSlotOfHole);
    when(slot.ops == PipeBufOps::kDefault, Situation::kSlotOfDevice);
    when(slot.ops == PipeBufOps::kUserPage, Situation::kSlotOfMemory);
    when((slot.flags & kPipeBufFlagGift) != 0, Situation::kSlotGifted);
    const bool anon = slot.ops == PipeBufOps::kAnon;
    when(anon && is_any<SpliceCall>(call) && (slot.flags & kPipeBufFlagCanMerge) != 0,
         Situation::kSlotMovedWhole);
    when(anon && is_any<SpliceCall, TeeCall>(call) && (slot.flags & kPipeBufFlagCanMerge) == 0,
         Situation::kSlotShared);
  }
}

void Coverage::count_queues(const CoveredStep& step) {
  step.after.mqueues.each([&](MqueueId id, const MqueueObject& after) {
    if (step.after.inodes[after.node].nlink == 0) {
      note(Situation::kQueueUnlinkedInUse);
    }
    if (step.before.mqueues.contains(id) && step.before.mqueues[id].serial == after.serial) {
      count_queue(step.before.mqueues[id].inode, after.inode, call_of(step.event));
    }
  });
}

void Coverage::count_queue(const MqueueInode& was, const MqueueInode& is, const Call* call) {
  const auto when = [this](bool so, Situation situation) {
    if (so) {
      note(situation);
    }
  };
  when(is.waiters(MqSide::kSend).size() > 1, Situation::kSeveralSendersAsleep);
  when(is.waiters(MqSide::kRecv).size() > 1, Situation::kSeveralReceiversAsleep);
  when(!was.node_cache && is.node_cache, Situation::kNodeCached);
  when(was.node_cache && !is.node_cache, Situation::kNodeReused);
  when(was.notify && !is.notify && was.mq_curmsgs() < is.mq_curmsgs(),
       Situation::kRegistrationFires);
  if (call == nullptr || was.mq_curmsgs() == is.mq_curmsgs()) {
    return;
  }
  when(was.mq_curmsgs() < is.mq_curmsgs(), Situation::kMessageQueued);
  const u32 nodes = nodes_in(is.msg_tree);
  when(nodes >= 3, Situation::kTreeOfThree);
  when(nodes >= 7, Situation::kTreeOfSeven);
  when(is.qsize > was.qsize + 4048, Situation::kMessageOfSegments);
}

void Coverage::add(const Coverage& other) {
  steps_ += other.steps_;
  sleeps_ += other.sleeps_;
  wake_ups_ += other.wake_ups_;
  deaths_ += other.deaths_;
  signals_ += other.signals_;
  for (const auto& [outcome, times] : other.outcomes_) {
    outcomes_[outcome] += times;
  }
  for (const auto& [call, times] : other.calls_) {
    calls_[call] += times;
  }
  for (std::size_t i = 0; i < situations_.size(); ++i) {
    situations_[i] += other.situations_[i];
  }
}

}  // namespace ipcsim
