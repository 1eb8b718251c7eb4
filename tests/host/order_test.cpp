// The order in which calls end.
#include <random>

#include "tests/host/support.hpp"

namespace ipcsim {
namespace {

// Readers of a pipe are served in the order in which they came, whatever their numbers.
TEST_F(Ordered, ReadersOfAPipeQueue) {
  run_.step(kT1, pipe_call());
  for (const TaskId task : {kT2, kT3, kT4, kT5, kT6, kT7}) {
    run_.step(kT1, thread_call(task));
  }
  for (const TaskId task : {kT5, kT2, kT7, kT3, kT6, kT4}) {
    run_.step(task, read_call(0, 1));
  }
  EXPECT_EQ(run_.step(kT1, write_call(1, "abcdef")),
            "t1=6 t5='a' t2='b' t7='c' t3='d' t6='e' t4='f'");
}

// Writers of a full pipe are let in one by one, in the order in which they came.
TEST_F(Ordered, WritersOfAPipeQueue) {
  run_.step(kT1, pipe_call());
  run_.step(kT1, FcntlCall{Fd{1}, FcntlCmd{kFSetpipeSz}, 4096});
  for (const TaskId task : {kT2, kT3, kT4, kT5, kT6, kT7}) {
    run_.step(kT1, thread_call(task));
  }
  run_.step(kT1, fill_call(1, 4096));
  for (const TaskId task : {kT6, kT3, kT2, kT7, kT4, kT5}) {
    run_.step(task, write_call(1, std::to_string(task.v)));
  }
  EXPECT_EQ(run_.step(kT1, read_call(0, 4096)), "t1=4096 t6=1 ~t2 ~t3 ~t4 ~t5 ~t7");
  EXPECT_EQ(run_.step(kT1, read_call(0, 9)), "t1='6' t3=1 ~t2 ~t4 ~t5 ~t7");
  EXPECT_EQ(run_.step(kT1, read_call(0, 9)), "t1='3' t2=1 ~t4 ~t5 ~t7");
  run_.step(kT1, FcntlCall{Fd{1}, FcntlCmd{kFSetpipeSz}, 65536});
  EXPECT_EQ(run_.step(kT1, read_call(0, 9)), "t1='2745'");
}

TEST_F(Ordered, ReceiversOfAQueueQueue) {
  run_.step(kT1, mq_call("q", kOCreat | kORdwr));
  for (const TaskId task : {kT2, kT3, kT4, kT5, kT6, kT7}) {
    run_.step(kT1, thread_call(task));
  }
  for (const TaskId task : {kT7, kT2, kT6, kT3, kT5, kT4}) {
    run_.step(task, receive_call(0));
  }
  EXPECT_EQ(run_.step(kT1, send_call(0, "a")), "t1=0 t7='a'@0 ~t2 ~t3 ~t4 ~t5 ~t6");
  EXPECT_EQ(run_.step(kT1, send_call(0, "b")), "t1=0 t2='b'@0 ~t3 ~t4 ~t5 ~t6");
  EXPECT_EQ(run_.batch({{kT1, send_call(0, "c")}, {kT7, send_call(0, "d")}}),
            "t1=0 t7=0 t6='c'@0 t3='d'@0 ~t4 ~t5");
}

TEST_F(Ordered, SendersToAFullQueueQueue) {
  run_.step(kT1, mq_call("q", kOCreat | kORdwr, 1));
  for (const TaskId task : {kT2, kT3, kT4, kT5, kT6, kT7}) {
    run_.step(kT1, thread_call(task));
  }
  run_.step(kT1, send_call(0, "first"));
  for (const TaskId task : {kT4, kT7, kT2, kT6, kT3, kT5}) {
    run_.step(task, send_call(0, "x", 9));
  }
  EXPECT_EQ(run_.step(kT1, receive_call(0)), "t1='first'@0 t4=0 ~t2 ~t3 ~t5 ~t6 ~t7");
  EXPECT_EQ(run_.step(kT4, receive_call(0)), "t4='x'@9 t7=0 ~t2 ~t3 ~t5 ~t6");
}

// Several calls that are posted together run in the order of posting, each until it sleeps or ends;
// who is woken by one of them comes after all of them.
TEST_F(Ordered, ABatchRunsInPostingOrder) {
  run_.step(kT1, pipe_call());
  for (const TaskId task : {kT2, kT3, kT4, kT5, kT6}) {
    run_.step(kT1, thread_call(task));
  }
  EXPECT_EQ(run_.batch({{kT4, read_call(0, 1)},
                        {kT6, write_call(1, "ab")},
                        {kT2, read_call(0, 1)},
                        {kT5, read_call(0, 1)},
                        {kT1, DupCall{Fd{0}}},
                        {kT3, write_call(1, "c")}}),
            "t6=2 t2='a' t5='b' t1=2 t3=1 t4='c'");
}

// Processes queue like threads.
TEST_F(Ordered, ProcessesAndThreadsShareOneQueue) {
  run_.step(kT1, pipe_call());
  run_.step(kT1, ForkCall{kT2});
  run_.step(kT2, thread_call(kT3));
  run_.step(kT1, ForkCall{kT4});
  run_.step(kT4, ForkCall{kT5});
  run_.step(kT5, thread_call(kT6));
  for (const TaskId task : {kT6, kT2, kT5, kT3, kT4}) {
    run_.step(task, read_call(0, 1));
  }
  EXPECT_EQ(run_.step(kT1, write_call(1, "abcde")), "t1=5 t6='a' t2='b' t5='c' t3='d' t4='e'");
}

// A death comes before the returns of calls that it ended: closing the last writer wakes the
// readers.
TEST_F(Ordered, ADeathComesBeforeWhatItCauses) {
  run_.step(kT1, pipe_call());  // 0, 1: stays with the first task and the readers
  run_.step(kT1, ForkCall{kT2});
  run_.step(kT2, pipe_call());  // 2, 3
  for (const TaskId task : {kT3, kT4, kT5}) {
    run_.step(kT2, ForkCall{task});
    run_.step(task, CloseCall{Fd{3}});
    run_.step(task, read_call(2, 10));
  }
  EXPECT_EQ(run_.signal(kT2, kSigkill), "t2+SIGKILL t3=0 t4=0 t5=0");
}

// The same when the process has threads that share its descriptors, and sleep.
TEST_F(Ordered, TheDeathOfAProcessIsThatOfItsLastThread) {
  run_.step(kT1, pipe_call());
  run_.step(kT1, ForkCall{kT2});
  run_.step(kT2, pipe_call());
  run_.step(kT2, ForkCall{kT5});
  run_.step(kT5, CloseCall{Fd{3}});
  run_.step(kT2, thread_call(kT3));
  run_.step(kT2, thread_call(kT4));
  run_.step(kT4, read_call(2, 10));
  run_.step(kT5, read_call(2, 10));
  EXPECT_EQ(run_.step(kT3, ExitGroupCall{0}), "t4+gone t5=0");
}

// Two deaths in one step, each before what it causes.
TEST_F(Ordered, TwoDeathsStandWhereTheyHappened) {
  run_.step(kT1, pipe_call());
  for (const TaskId task : {kT2, kT3}) {
    run_.step(kT1, ForkCall{task});
    run_.step(task, pipe_call());  // 2, 3
    const TaskId reader{task.v + 2};
    run_.step(task, ForkCall{reader});
    run_.step(reader, CloseCall{Fd{3}});
    run_.step(reader, read_call(2, 10));
  }
  run_.post(kT3, KillCall{kT3, kSigkill});
  run_.post(kT2, KillCall{kT2, kSigkill});
  // Both run before the reader that the first death woke.
  EXPECT_EQ(run_.settle(), "t3+SIGKILL t2+SIGKILL t5=0 t4=0");
}

/// Random calls of six tasks on two pipes and a queue. Returns everything that happened.
std::string random_run(HostRun& run, u32 seed, int steps) {
  std::mt19937 random(seed);
  const auto below = [&](u32 n) { return static_cast<u32>(random() % n); };
  run.step(kT1, pipe_call());
  run.step(kT1, pipe_call());
  for (const i32 fd : {0, 2}) {
    run.step(kT1, FcntlCall{Fd{fd}, FcntlCmd{kFSetpipeSz}, 16384});
  }
  run.step(kT1, mq_call("q", kOCreat | kORdwr));
  run.step(kT1, RtSigactionCall{kSigusr1, Disposition::kHandler, SaFlags{0}});
  for (const TaskId task : {kT2, kT3, kT4, kT5}) {
    run.step(kT1, thread_call(task));
  }
  run.step(kT1, ForkCall{kT6});
  std::string all;
  for (int i = 0; i < steps; ++i) {
    std::vector<TaskId> idle;
    std::vector<TaskId> asleep;
    for (u32 t = 1; t <= 6; ++t) {
      (run.machine().idle(TaskId{t}) ? idle : asleep).push_back(TaskId{t});
    }
    if (idle.size() < 2 || (!asleep.empty() && below(16) == 0)) {
      all += run.signal(asleep[below(static_cast<u32>(asleep.size()))], kSigusr1) + "\n";
      continue;
    }
    const u32 calls = 1 + (below(8) == 0 ? 1 : 0);
    for (u32 c = 0; c < calls; ++c) {
      const u32 which = below(static_cast<u32>(idle.size()));
      const TaskId task = idle[which];
      idle.erase(idle.begin() + which);
      const i32 pipe = static_cast<i32>(below(2) * 2);
      switch (below(4)) {
        case 0:
          run.post(task, read_call(pipe, 1 + below(6000)));
          break;
        case 1:
          run.post(task, fill_call(pipe + 1, 1 + below(9000)));
          break;
        case 2:
          run.post(task, send_call(4, std::string(1 + below(32), 'm'), below(5)));
          break;
        default:
          run.post(task, receive_call(4));
      }
    }
    all += run.settle() + "\n";
  }
  return all;
}

// Two runs of the same calls agree in every result and every order.
TEST_F(Ordered, RandomRunsRepeat) {
  const std::string first = random_run(run_, 1, 2000);
  EXPECT_EQ(run_.host().late(), 0U);
  HostRun again(plain_environment(), {.verify = true});
  ASSERT_TRUE(again.made());
  EXPECT_EQ(first, random_run(again, 1, 2000));
  EXPECT_EQ(again.host().late(), 0U);
}

}  // namespace
}  // namespace ipcsim
