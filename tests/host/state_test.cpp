// What the kernel's structures look like in situations that are known.
#include <algorithm>

#include "sim/kernel/inode.hpp"
#include "sim/kernel/live_object.hpp"
#include "tests/host/support.hpp"

namespace ipcsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

LiveObject wanted(u32 serial, std::vector<Holder> holders) {
  LiveObject live;
  live.serial = serial;
  live.holders = std::move(holders);
  return live;
}

/// A run whose objects can be read; skipped where they cannot.
class HostState : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = why_no_state()) {
      GTEST_SKIP() << *why;
    }
    run_ = std::make_unique<HostRun>(plain_environment(), HostOptions{.read_state = true});
    if (!run_->made()) {
      GTEST_SKIP() << run_->error().message;
    }
  }
  FoundObject find(const LiveObject& live) {
    auto found = run_->machine().find_objects(std::span(&live, 1));
    EXPECT_TRUE(found.has_value()) << found.error().message;
    return found && !found->empty() ? std::move(found->front()) : FoundObject{};
  }
  FoundObject find(TaskId task, i32 fd) { return find(wanted(1, {{task, Fd{fd}}})); }
  PipeSnapshot pipe(TaskId task, i32 fd) {
    const FoundObject found = find(task, fd);
    EXPECT_EQ(found.problem, "");
    const auto* pipe = std::get_if<PipeSnapshot>(&found.object);
    EXPECT_NE(pipe, nullptr);
    return pipe == nullptr ? PipeSnapshot{} : *pipe;
  }
  MqueueSnapshot queue(TaskId task, i32 fd) {
    const FoundObject found = find(task, fd);
    EXPECT_EQ(found.problem, "");
    const auto* queue = std::get_if<MqueueSnapshot>(&found.object);
    EXPECT_NE(queue, nullptr);
    return queue == nullptr ? MqueueSnapshot{} : *queue;
  }
  std::string step(TaskId task, const Call& call) { return run_->step(task, call); }

  std::unique_ptr<HostRun> run_;
};

TEST_F(HostState, AFreshPipe) {
  step(kT1, pipe_call());
  const PipeSnapshot p = pipe(kT1, 0);
  EXPECT_EQ(p.head, 0U);
  EXPECT_EQ(p.max_usage, 16U);
  EXPECT_EQ(p.ring_size, 16U);
  EXPECT_EQ(p.nr_accounted, 16U);
  EXPECT_EQ(p.readers, 1U);
  EXPECT_EQ(p.writers, 1U);
  EXPECT_EQ(p.files, 2U);
  EXPECT_EQ(p.r_counter, 1U);
  EXPECT_THAT(p.slots, IsEmpty());
  EXPECT_EQ(p, pipe(kT1, 1));
}

// Small writes share a slot, a whole page has its own, and a packet is marked.
TEST_F(HostState, SlotsWithTheirFlags) {
  step(kT1, pipe_call());
  step(kT1, write_call(1, "abc"));
  step(kT1, write_call(1, "de"));
  step(kT1, fill_call(1, 4096));
  step(kT1, FcntlCall{Fd{1}, FcntlCmd{kFSetfl}, kOWronly | kODirect});
  step(kT1, write_call(1, "packet"));
  step(kT1, read_call(0, 1));
  const PipeSnapshot p = pipe(kT1, 0);
  ASSERT_THAT(p.slots, SizeIs(3));
  EXPECT_EQ(p.slots[0].offset, 1U);
  EXPECT_EQ(p.slots[0].len, 4U);
  EXPECT_EQ(p.slots[0].flags, kPipeBufFlagCanMerge);
  EXPECT_EQ(p.slots[1].len, 4096U);
  EXPECT_EQ(p.slots[2].flags, kPipeBufFlagPacket);
  EXPECT_EQ(p.slots[2].index, 2U);
  EXPECT_EQ(p.slots[2].ops, PipeBufOps::kAnon);
}

// A page that is read empty is kept, and comes back with the next write.
TEST_F(HostState, PagesKeepTheirIdentity) {
  step(kT1, pipe_call());
  step(kT1, write_call(1, "abc"));
  const Identity page = pipe(kT1, 0).slots.at(0).page;
  step(kT1, read_call(0, 3));
  EXPECT_EQ(pipe(kT1, 0).tmp_page.at(0), page);
  step(kT1, write_call(1, "x"));
  EXPECT_EQ(pipe(kT1, 0).slots.at(0).page, page);
}

TEST_F(HostState, TeeSharesThePage) {
  step(kT1, pipe_call());
  step(kT1, pipe_call());
  step(kT1, write_call(1, "abc"));
  EXPECT_EQ(step(kT1, TeeCall{Fd{0}, Fd{3}, 3, {}}), "t1=3");
  const std::vector<LiveObject> both{wanted(1, {{kT1, Fd{0}}}), wanted(2, {{kT1, Fd{2}}})};
  const auto found = run_->machine().find_objects(both);
  ASSERT_TRUE(found.has_value());
  const auto& from = std::get<PipeSnapshot>(found->at(0).object);
  const auto& to = std::get<PipeSnapshot>(found->at(1).object);
  EXPECT_EQ(from.slots.at(0).page, to.slots.at(0).page);
  EXPECT_EQ(to.slots.at(0).flags, 0U);
}

// A ring that is larger than what is read at once, and one that is smaller.
TEST_F(HostState, RingsOfEverySize) {
  step(kT1, pipe_call(kONonblock));
  for (const i64 pages : {1, 256, 2, 64}) {
    step(kT1, FcntlCall{Fd{1}, FcntlCmd{kFSetpipeSz}, pages * 4096});
    step(kT1, fill_call(1, static_cast<u64>(pages) * 4096));
    const PipeSnapshot p = pipe(kT1, 0);
    EXPECT_EQ(p.ring_size, pages);
    ASSERT_THAT(p.slots, SizeIs(pages));
    EXPECT_EQ(p.slots.back().len, 4096U);
    step(kT1, read_call(0, static_cast<u64>(pages) * 4096));
  }
}

// Readers wait in the order in which they came; poll() and epoll wait before them.
TEST_F(HostState, WaitersInOrder) {
  step(kT1, pipe_call());
  for (const TaskId task : {kT2, kT3, kT4}) {
    step(kT1, thread_call(task));
  }
  step(kT3, read_call(0, 1));
  step(kT2, read_call(0, 1));
  step(kT4, PollCall{.fds = {{Fd{0}, PollEvents{1}}}, .timeout = -1});
  step(kT1, EpollCreate1Call{});
  step(kT1, EpollCtlCall{Fd{2}, EpollCtlOp{1}, Fd{0}, UserPtr<EpollEvent>::of({})});
  const PipeSnapshot p = pipe(kT1, 0);
  EXPECT_TRUE(p.poll_usage);
  EXPECT_THAT(p.rd_wait,
              ElementsAre(WaiterSnapshot{kNoTask, false, true}, WaiterSnapshot{kT4, false, true},
                          WaiterSnapshot{kT3, true, false}, WaiterSnapshot{kT2, true, false}));
  EXPECT_THAT(p.wr_wait, IsEmpty());
}

// Many waiters: more than one call reads.
TEST_F(HostState, ManyWaiters) {
  step(kT1, pipe_call());
  std::vector<TaskId> tasks;
  for (u32 i = 2; i <= 40; ++i) {
    tasks.emplace_back(i);
    step(kT1, thread_call(tasks.back()));
  }
  for (const TaskId task : tasks) {
    step(task, read_call(0, 1));
  }
  std::vector<TaskId> waiting;
  for (const WaiterSnapshot& waiter : pipe(kT1, 0).rd_wait) {
    waiting.push_back(waiter.task);
  }
  EXPECT_EQ(waiting, tasks);
}

TEST_F(HostState, WhoWantsSignals) {
  step(kT1, pipe_call());
  step(kT1, FcntlCall{Fd{0}, FcntlCmd{kFSetfl}, kOAsync});
  const FoundObject found = find(kT1, 1);
  EXPECT_THAT(found.around.fasync_readers, ElementsAre(Fd{0}));
  EXPECT_THAT(found.around.fasync_writers, IsEmpty());
}

TEST_F(HostState, AQueuesInodeAndItsRegistration) {
  step(kT1, mq_call("q", kOCreat | kORdwr));
  EXPECT_EQ(find(kT1, 0).around.i_mode, kSIfreg | 0600U);
  EXPECT_EQ(find(kT1, 0).around.notify_self_exec_id, std::nullopt);
  const auto by_signal = [] {
    return MqNotifyCall{Fd{0}, UserPtr<SigEvent>::of(
                                   {.sigev_notify = SigevNotify{kSigevSignal}, .sigev_signo = 10})};
  };
  step(kT1, by_signal());
  EXPECT_EQ(find(kT1, 0).around.notify_self_exec_id, 0U);
  step(kT1, ExecveCall{});  // it closes the queue, which ends the registration
  step(kT1, mq_call("q", kORdwr));
  step(kT1, by_signal());
  EXPECT_EQ(find(kT1, 0).around.notify_self_exec_id, 1U);
}

// A FIFO whose open() sleeps has no descriptor yet: its name leads to it.
TEST_F(HostState, AFifoThatIsBeingOpened) {
  step(kT1, MkfifoCall{"f", 0600});
  step(kT1, thread_call(kT2));
  EXPECT_EQ(step(kT2, open_call("f", kORdonly)), "~t2");
  LiveObject live = wanted(1, {});
  live.neighbour = kT1;
  live.name = "f";
  live.object = PipeSnapshot{};
  const FoundObject found = find(live);
  ASSERT_EQ(found.problem, "");
  const auto& p = std::get<PipeSnapshot>(found.object);
  EXPECT_EQ(p.readers, 1U);
  EXPECT_EQ(p.files, 1U);
  EXPECT_EQ(p.r_counter, 2U);
  EXPECT_THAT(p.rd_wait, ElementsAre(WaiterSnapshot{kT2, false, false}));
  live.name = "g";
  live.serial = 2;
  EXPECT_TRUE(std::holds_alternative<std::monostate>(find(live).object));
}

// The tree of the priorities 5 3 8 1: the shape and the colours that insertion gives.
TEST_F(HostState, TheTreeOfAQueue) {
  step(kT1, mq_call("q", kOCreat | kORdwr, 8, 5000));
  step(kT1, send_call(0, "five", 5));
  step(kT1, send_call(0, "three", 3));
  step(kT1, send_call(0, "", 8));
  step(kT1, send_call(0, std::string(4500, 'x'), 1));
  step(kT1, send_call(0, "second", 5));
  const MqueueSnapshot q = queue(kT1, 0);
  EXPECT_EQ(q.mq_maxmsg, 8);
  EXPECT_EQ(q.mq_msgsize, 5000);
  EXPECT_EQ(q.mq_curmsgs, 5);
  EXPECT_EQ(q.qsize, 4515U);
  EXPECT_EQ(q.root, 5U);
  EXPECT_EQ(q.msg_tree_rightmost, 8U);
  ASSERT_THAT(q.nodes, SizeIs(4));
  EXPECT_EQ(q.nodes[0], (MqNodeSnapshot{1, false, {}, {}, {4500}, {1}}));
  EXPECT_EQ(q.nodes[1], (MqNodeSnapshot{3, true, 1, {}, {5}, {0}}));
  EXPECT_EQ(q.nodes[2], (MqNodeSnapshot{5, true, 3, 8, {4, 6}, {0, 0}}));
  EXPECT_EQ(q.nodes[3], (MqNodeSnapshot{8, true, {}, {}, {0}, {0}}));
  EXPECT_EQ(q.i_nlink, 1U);
  EXPECT_EQ(q.mq_queues_count, 1U);
}

// The last node of a tree is kept for the next message.
TEST_F(HostState, TheSpareNode) {
  step(kT1, mq_call("q", kOCreat | kORdwr));
  EXPECT_FALSE(queue(kT1, 0).node_cache);
  step(kT1, send_call(0, "x"));
  step(kT1, receive_call(0));
  const MqueueSnapshot q = queue(kT1, 0);
  EXPECT_TRUE(q.node_cache);
  EXPECT_EQ(q.root, std::nullopt);
  EXPECT_EQ(q.msg_tree_rightmost, std::nullopt);
}

// A sender waits with its message; the last in the list is served first.
TEST_F(HostState, SendersWithTheirMessages) {
  step(kT1, mq_call("q", kOCreat | kORdwr, 1));
  step(kT1, thread_call(kT2));
  step(kT1, thread_call(kT3));
  step(kT1, send_call(0, "x"));
  step(kT3, send_call(0, "abc", 7));
  step(kT2, send_call(0, "de", 9));
  const MqueueSnapshot q = queue(kT1, 0);
  EXPECT_THAT(q.send_wait, ElementsAre(MqWaiterSnapshot{kT2, 120, 9, 2, 0},
                                       MqWaiterSnapshot{kT3, 120, 7, 3, 0}));
  EXPECT_THAT(q.recv_wait, IsEmpty());
}

TEST_F(HostState, WhoIsTold) {
  step(kT1, mq_call("q", kOCreat | kORdwr));
  EXPECT_EQ(queue(kT1, 0).notify_owner, std::nullopt);
  SigEvent event;
  event.sigev_notify = SigevNotify{0};
  event.sigev_signo = 10;
  event.sigev_value = 77;
  step(kT1, MqNotifyCall{Fd{0}, UserPtr<SigEvent>::of(event)});
  const MqueueSnapshot q = queue(kT1, 0);
  EXPECT_EQ(q.notify_owner, kT1);
  EXPECT_EQ(q.sigev_notify, 0U);
  EXPECT_EQ(q.sigev_signo, 10U);
  EXPECT_EQ(q.sigev_value, 77U);
}

// A queue that nobody has open is found by its name.
TEST_F(HostState, AQueueWithoutDescriptor) {
  step(kT1, mq_call("q", kOCreat | kORdwr, 3));
  step(kT1, send_call(0, "x"));
  step(kT1, CloseCall{Fd{0}});
  LiveObject live = wanted(1, {});
  live.neighbour = kT1;
  live.name = "q";
  live.object = MqueueSnapshot{};
  const FoundObject found = find(live);
  ASSERT_TRUE(std::holds_alternative<MqueueSnapshot>(found.object)) << found.problem;
  EXPECT_EQ(std::get<MqueueSnapshot>(found.object).mq_curmsgs, 1);
}

// Another process has descriptors of its own for the same pipe.
TEST_F(HostState, DescriptorsOfAnotherProcess) {
  step(kT1, pipe_call());
  step(kT1, ForkCall{kT2});
  step(kT1, CloseCall{Fd{0}});
  EXPECT_EQ(step(kT2, DupCall{Fd{0}}), "t2=2");
  const FoundObject found = find(wanted(1, {{kT1, Fd{1}}, {kT2, Fd{0}}, {kT2, Fd{2}}}));
  EXPECT_EQ(found.problem, "");
  EXPECT_EQ(std::get<PipeSnapshot>(found.object).readers, 1U);
}

// A descriptor that leads elsewhere than the others is told, and so is a closed one.
TEST_F(HostState, DescriptorsThatDoNotFit) {
  step(kT1, pipe_call());
  step(kT1, pipe_call());
  EXPECT_THAT(find(wanted(1, {{kT1, Fd{0}}, {kT1, Fd{2}}})).problem,
              HasSubstr("descriptor 2 of task 1 is of another object"));
  EXPECT_THAT(find(kT1, 9).problem, HasSubstr("descriptor 9 of task 1 is closed"));
  EXPECT_THAT(find(kT1, 5000).problem, HasSubstr("descriptor 5000 of task 1 is closed"));
  const std::vector<LiveObject> twice{wanted(1, {{kT1, Fd{0}}}), wanted(2, {{kT1, Fd{1}}})};
  const auto found = run_->machine().find_objects(twice);
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(found->at(1).problem, HasSubstr("one with another object"));
}

TEST_F(HostState, AnotherFileIsNoObject) {
  ASSERT_TRUE(run_->machine().post_other_fd(kT1, Fd{0}, false).has_value());
  EXPECT_THAT(find(kT1, 0).problem, HasSubstr("another file"));
}

// What was found once is found again when nothing leads there any more.
TEST_F(HostState, AnObjectThatACallAloneKeeps) {
  step(kT1, pipe_call());
  step(kT1, thread_call(kT2));
  step(kT2, read_call(0, 1));
  EXPECT_EQ(pipe(kT1, 0).files, 2U);
  step(kT1, CloseCall{Fd{0}});
  const FoundObject found = find(wanted(1, {}));
  ASSERT_TRUE(std::holds_alternative<PipeSnapshot>(found.object)) << found.problem;
  EXPECT_THAT(std::get<PipeSnapshot>(found.object).rd_wait, SizeIs(1));
}

// Thousands of descriptors take several calls.
TEST_F(HostState, ThousandsOfDescriptors) {
  step(kT1, pipe_call());
  LiveObject live = wanted(1, {{kT1, Fd{0}}, {kT1, Fd{1}}});
  for (i32 fd = 2; fd < 700; ++fd) {
    step(kT1, DupCall{Fd{0}});
    live.holders.push_back({kT1, Fd{fd}});
  }
  const FoundObject found = find(live);
  EXPECT_EQ(found.problem, "");
  EXPECT_EQ(std::get<PipeSnapshot>(found.object).files, 2U);
}

}  // namespace
}  // namespace ipcsim
