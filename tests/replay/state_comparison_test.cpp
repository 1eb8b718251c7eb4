// StateComparison: a kernel whose structures differ from the model's anywhere is found out, and one
// that only numbers its pages otherwise is not.
#include "sim/replay/state_comparison.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/replay/actions.hpp"
#include "tests/replay/other_machine.hpp"
#include "tests/replay/traces.hpp"

namespace ipcsim {
namespace {

using testing::HasSubstr;

/// A "kernel" that is the model again, but says what `distort` makes of its objects.
class DistortedMachine final : public OtherMachine {
 public:
  using Distortion = std::function<void(std::vector<FoundObject>&)>;

  DistortedMachine(const Trace& trace, Distortion distort)
      : OtherMachine("kernel", trace), distort_(std::move(distort)) {}

  [[nodiscard]] std::expected<std::vector<FoundObject>, MachineError> find_objects(
      std::span<const LiveObject> wanted) override {
    const std::vector<LiveObject> objects = model().live_objects();
    std::vector<FoundObject> found;
    for (const LiveObject& live : wanted) {
      const auto same = std::ranges::find(objects, live.serial, &LiveObject::serial);
      found.push_back({.object = same->object, .around = same->around, .problem = {}});
    }
    distort_(found);
    return found;
  }

 private:
  Distortion distort_;
};

/// Runs `trace` on the model and on the distorted one.
struct Compared {
  Compared(const Trace& trace, DistortedMachine::Distortion distort)
      : model(model_for(trace)), other(trace, std::move(distort)), states(trace, model, other) {
    Machine* const machines[] = {&model, &other};
    const auto run =
        run_settled(trace, machines, [&](const StepView& view) { states.observe(view); });
    EXPECT_TRUE(run.has_value());
  }
  [[nodiscard]] std::string text() const {
    std::string text = std::to_string(states.report().states) + " states";
    for (const Difference& d : states.report().differences) {
      text += "\n" + d.where + ": " + d.expected + " | " + d.actual;
    }
    return text;
  }
  ModelMachine model;
  DistortedMachine other;
  StateComparison states;
};

/// A pipe with two slots, and a queue with a sleeping receiver.
Trace two_objects() {
  return settled(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"write","fd":4,"buf":"abc","ret":3}
{"task":1,"call":"write","fd":4,"buf":{"len":4096,"pattern":1},"ret":4096}
{"task":1,"call":"mq_open","name":"q","oflag":["O_CREAT","O_RDWR"],"mode":"0600","ret":5}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":2,"call":"mq_timedreceive","mqdes":5,"msg_len":8192}
{"task":2,"sleep":"mq_timedreceive"}
)");
}

/// What a distortion of the last step's objects leads to; nothing: it is not noticed.
std::string with(const std::function<void(PipeSnapshot&, Surroundings&)>& distort) {
  const Compared run(two_objects(), [&](std::vector<FoundObject>& found) {
    if (found.size() == 2) {
      distort(std::get<PipeSnapshot>(found[0].object), found[0].around);
    }
  });
  const auto differences = run.states.report().differences;
  return differences.empty() ? "" : differences[0].expected + " | " + differences[0].actual;
}
std::string with_queue(const std::function<void(MqueueSnapshot&, Surroundings&)>& distort) {
  const Compared run(two_objects(), [&](std::vector<FoundObject>& found) {
    auto* queue = found.size() == 2 ? std::get_if<MqueueSnapshot>(&found[1].object) : nullptr;
    if (queue != nullptr && !queue->recv_wait.empty()) {
      distort(*queue, found[1].around);
    }
  });
  const auto differences = run.states.report().differences;
  return differences.empty() ? "" : differences[0].expected + " | " + differences[0].actual;
}

TEST(StateComparison, AgreesWithItself) {
  const Compared run(two_objects(), [](std::vector<FoundObject>& /*found*/) {});
  EXPECT_EQ(run.text(), "9 states");
  EXPECT_EQ(run.states.unseen(), 0U);
}

// Every field counts, and is named.
TEST(StateComparison, FindsEveryFieldOfAPipe) {
  EXPECT_EQ(with([](PipeSnapshot& p, auto&) { ++p.head; }), "pipe:1: head 2 | pipe:1: head 3");
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { ++p.tail; }), HasSubstr("tail 0"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { ++p.max_usage; }), HasSubstr("max_usage 16"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { ++p.ring_size; }), HasSubstr("ring_size 16"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { ++p.nr_accounted; }), HasSubstr("nr_accounted"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { ++p.readers; }), HasSubstr("readers 2"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { ++p.writers; }), HasSubstr("writers 2"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { ++p.files; }), HasSubstr("files 3"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { ++p.r_counter; }), HasSubstr("r_counter 2"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { ++p.w_counter; }), HasSubstr("w_counter 2"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { p.poll_usage = true; }),
              HasSubstr("poll_usage true"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { p.note_loss = true; }), HasSubstr("note_loss"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { p.tmp_page[1] = Identity{77}; }),
              HasSubstr("tmp_page - page"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { ++p.slots[0].index; }), HasSubstr("slot 1"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { ++p.slots[1].offset; }), HasSubstr("offset 1"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { ++p.slots[1].len; }), HasSubstr("len 4097"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { p.slots[0].ops = PipeBufOps::kDefault; }),
              HasSubstr("default"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { p.slots[0].flags |= kPipeBufFlagGift; }),
              HasSubstr("GIFT CAN_MERGE"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { p.slots.pop_back(); }),
              HasSubstr("| pipe:1: slot 1 -"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { p.rd_wait.push_back({TaskId{2}, true, false}); }),
              HasSubstr("rd_wait task 2 exclusive"));
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { p.wr_wait.push_back({kNoTask, false, true}); }),
              HasSubstr("wr_wait epoll"));
  EXPECT_THAT(with([](auto&, Surroundings& s) { s.fasync_readers.push_back(Fd{3}); }),
              HasSubstr("fasync_readers 3"));
  EXPECT_THAT(with([](auto&, Surroundings& s) { s.fasync_writers.push_back(Fd{3}); }),
              HasSubstr("fasync_writers 3"));
  EXPECT_THAT(with([](auto&, Surroundings& s) { s.slot_private[1] = 7; }),
              HasSubstr("private [0 0] | pipe:1: private [0 7]"));
  EXPECT_THAT(with([](auto&, Surroundings& s) { s.charged = 1; }), HasSubstr("user's pipe_bufs 1"));
}

TEST(StateComparison, FindsEveryFieldOfAQueue) {
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { ++q.mq_maxmsg; }),
              HasSubstr("mqueue \"q\": mq_maxmsg 10 | mqueue \"q\": mq_maxmsg 11"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { ++q.mq_msgsize; }), HasSubstr("8193"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { ++q.mq_curmsgs; }),
              HasSubstr("mq_curmsgs 1"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { ++q.qsize; }), HasSubstr("qsize 1"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { q.node_cache = false; }),
              HasSubstr("node_cache empty"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { q.root = 3; }), HasSubstr("root 3"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { q.msg_tree_rightmost = 3; }),
              HasSubstr("msg_tree_rightmost 3"));
  EXPECT_THAT(
      with_queue([](MqueueSnapshot& q, auto&) { q.nodes.push_back({3, true, {}, {}, {}, {}}); }),
      HasSubstr("node 3 black"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { ++q.recv_wait[0].task_prio; }),
              HasSubstr("e_wait_q[RECV] task 2 prio 121"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { q.send_wait = q.recv_wait; }),
              HasSubstr("e_wait_q[SEND] task 2"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { q.notify_owner = TaskId{2}; }),
              HasSubstr("notify_owner task 2"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { q.sigev_notify = 1; }),
              HasSubstr("sigev_notify 1"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { q.sigev_signo = 1; }),
              HasSubstr("sigev_signo 1"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { q.sigev_value = 1; }),
              HasSubstr("sigev_value 1"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { ++q.mq_queues_count; }),
              HasSubstr("mq_queues_count 2"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { ++q.i_nlink; }), HasSubstr("i_nlink 2"));
  EXPECT_THAT(with_queue([](MqueueSnapshot& q, auto&) { ++q.i_size; }), HasSubstr("i_size 81"));
  EXPECT_THAT(
      with_queue([](auto&, Surroundings& s) { s.wait_q.push_back({TaskId{1}, false, true}); }),
      HasSubstr("wait_q task 1 poll"));
  EXPECT_THAT(with_queue([](auto&, Surroundings& s) { s.i_mode = 0100644; }),
              HasSubstr("i_mode 0100600 | mqueue \"q\": i_mode 0100644"));
  EXPECT_THAT(with_queue([](auto&, Surroundings& s) { s.i_uid = 7; }), HasSubstr("i_uid 7"));
  EXPECT_THAT(with_queue([](auto&, Surroundings& s) { s.i_gid = 7; }), HasSubstr("i_gid 7"));
  EXPECT_THAT(with_queue([](auto&, Surroundings& s) { s.notify_self_exec_id = 0; }),
              HasSubstr("notify_self_exec_id 0"));
  EXPECT_THAT(with_queue([](auto&, Surroundings& s) { s.charged = 1; }),
              HasSubstr("user's bytes 1"));
}

// What a kernel cannot say is not held against it, and a name is no field of the structure.
TEST(StateComparison, TakesOverWhatIsNotSaid) {
  EXPECT_EQ(with([](PipeSnapshot& p, Surroundings& s) {
              s.charged.reset();
              p.name = "another";
            }),
            "");
  EXPECT_EQ(with_queue([](auto&, Surroundings& s) {
              s.i_uid.reset();
              s.i_gid.reset();
            }),
            "");
}

// Both objects side by side, and what was before; nothing more is compared afterwards.
TEST(StateComparison, ShowsBothSides) {
  const Compared run(two_objects(), [](std::vector<FoundObject>& found) {
    auto& pipe = std::get<PipeSnapshot>(found[0].object);
    if (!pipe.slots.empty()) {
      pipe.slots[0].len = 2;
      pipe.readers = 9;
    }
  });
  EXPECT_EQ(run.text(),
            "2 states\nt:3: pipe:1: readers 1; slot 0 page 0 offset 0 len 3 anon CAN_MERGE | "
            "pipe:1: readers 9; slot 0 page 0 offset 0 len 2 anon CAN_MERGE");
  const Difference difference = run.states.report().differences.at(0);
  EXPECT_EQ(difference.step, 2U);
  EXPECT_EQ(difference.call, "write(4, \"abc\", 3)");
  EXPECT_THAT(difference.state_before, HasSubstr("pipe:1: head 0 tail 0"));
  EXPECT_THAT(
      difference.side_by_side,
      HasSubstr(
          "    > slot 0            page 0 offset 0 len 3 anon CAN_MERGE  page 0 offset 0 len 2"));
  EXPECT_THAT(difference.side_by_side, HasSubstr("    > readers           1    "));
  EXPECT_THAT(difference.side_by_side, HasSubstr("      writers           1    "));
}

// A kernel has other pages, as long as they are the same where the model's are.
TEST(StateComparison, PagesHaveOtherNumbers) {
  const Compared run(two_objects(), [](std::vector<FoundObject>& found) {
    for (SlotSnapshot& slot : std::get<PipeSnapshot>(found[0].object).slots) {
      slot.page = Identity{500 - 7 * slot.index};
    }
  });
  EXPECT_EQ(run.text(), "9 states");
  // One page in two slots is not two pages.
  EXPECT_THAT(with([](PipeSnapshot& p, auto&) { p.slots[1].page = p.slots[0].page; }),
              HasSubstr("slot 1"));
}

// A page that lies still from one step to the next stays the same, and cannot become another.
TEST(StateComparison, PagesLast) {
  u32 step = 0;
  const Compared run(two_objects(), [&](std::vector<FoundObject>& found) {
    ++step;
    auto& pipe = std::get<PipeSnapshot>(found[0].object);
    if (!pipe.slots.empty()) {
      pipe.slots[0].page = Identity{step < 4 ? 10U : 11U};
    }
  });
  EXPECT_THAT(run.text(), HasSubstr("slot 0 page 0 offset 0 len 3 anon CAN_MERGE | pipe:1: slot 0 "
                                    "page 1000011 offset 0 len 3 anon CAN_MERGE"));
}

// A page that was freed comes back as another of the model's.
TEST(StateComparison, PagesComeBack) {
  const Trace trace = settled(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"write","fd":4,"buf":"abc","ret":3}
{"task":1,"call":"close","fd":3,"ret":0}
{"task":1,"call":"close","fd":4,"ret":0}
{"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"write","fd":4,"buf":"abc","ret":3}
)");
  const Compared run(trace, [&](std::vector<FoundObject>& found) {
    for (FoundObject& object : found) {
      auto& pipe = std::get<PipeSnapshot>(object.object);
      if (!pipe.slots.empty()) {
        pipe.slots[0].page = Identity{10};
      }
    }
  });
  EXPECT_EQ(run.text(), "5 states");
}

TEST(StateComparison, TellsWhatCannotBeFound) {
  const Compared run(two_objects(), [](std::vector<FoundObject>& found) {
    found[0] = {.object = {}, .around = {}, .problem = "descriptor 3 of task 1 is closed"};
  });
  EXPECT_EQ(run.text(), "1 states\nt:2: pipe:1 | descriptor 3 of task 1 is closed");
}

// An object that nothing leads to is not compared, and counted.
TEST(StateComparison, CountsWhatCannotBeSeen) {
  const Compared run(two_objects(), [](std::vector<FoundObject>& found) { found[0].object = {}; });
  EXPECT_EQ(run.text(), "3 states");
  EXPECT_EQ(run.states.unseen(), 6U);
}

}  // namespace
}  // namespace ipcsim
