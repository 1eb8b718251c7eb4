// The recorded runs of real queues (runs/README.md), step by step, every dump compared.
#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/mqueue/mq_ops.hpp"
#include "tests/model_mqueue/state_text.hpp"

namespace ipcsim {
namespace {

// Where the unpacked files are, told by CMakeLists.txt.
constexpr const char* kFolder = IPCSIM_MQUEUE_RUNS;
constexpr u32 kNobody = 99;  // the task of non-blocking calls
constexpr u64 kTagLen = 4;

std::vector<std::string> lines_of(const std::string& name) {
  std::ifstream file(std::string(kFolder) + "/" + name);
  EXPECT_TRUE(file.is_open()) << name << " is not in " << kFolder;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
  }
  return lines;
}

/// The compared part of a dump.
std::string state_in(const std::string& line) {
  const std::size_t from = line.find("max=");
  return line.substr(from, line.find(" owner=") - from);
}

/// The rest of a dump, as far as one queue alone knows it: nobody is registered (what the sigevent
/// then holds is left over from an earlier object), one queue is counted, and charged to its user
/// beside `elsewhere` bytes.
void check_rest(const std::string& line, const MqueueInode& queue, u64 elsewhere = 0) {
  const std::string rest = line.substr(line.find(" owner="));
  ASSERT_EQ(queue.notify.has_value(), !rest.starts_with(" owner=0 ")) << line;
  ASSERT_TRUE(rest.ends_with(
      fmt::format(" nsq=1 uc={} nlink=1 isize=80", mq_bytes(queue.attr) + elsewhere)))
      << line;
}

// 8000 operations of one task: results, tree, spare node, counters.
TEST(RecordedRun, TreeOfANonblockingQueue) {
  // Its user had another queue, of the default size, in another namespace.
  const u64 kDefaultQueue = mq_bytes({10, 8192});
  MqueueInode queue = new_queue(20, 4200);
  u32 dumps = 0;
  for (const std::string& line : lines_of("tree-4.txt")) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    const MqCaller caller{.task = WaiterId{kNobody}, .nonblock = true};
    if (kind == "S") {
      u32 prio = 0;
      u64 len = 0;
      i64 ret = 0;
      words >> prio >> len >> ret;
      const auto outcome = mq_send(queue, message(prio, len), caller);
      ASSERT_EQ(outcome.end == MqEnd::kDone ? 0 : -static_cast<i64>(outcome.error), ret) << line;
    } else if (kind == "R") {
      const auto outcome = mq_receive(queue, caller);
      const MqMessage& got = outcome.message;
      ASSERT_EQ(outcome.end == MqEnd::kDone ? fmt::format("R {} {}", got.text.len(), got.prio)
                                            : std::string("R -11 99999"),
                line);
    } else {
      ASSERT_EQ(kind, "D");
      ASSERT_EQ(full_state_text(queue), state_in(line)) << "dump " << dumps;
      check_rest(line, queue, kDefaultQueue);
      ASSERT_EQ(broken_invariant(queue), std::nullopt);
      ++dumps;
    }
  }
  EXPECT_EQ(dumps, 8000U);
}

/// Eight tasks that sleep in calls on one queue.
class SleepingTasks {
 public:
  /// Runs a step of the file; what comes back is in completed().
  void step(const std::string& line) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "X") {
      nonblocking(words, line);
      return;
    }
    u32 task = 0;
    words >> task;
    if (kind == "S") {
      u32 prio = 0;
      u64 len = 0;
      u32 tag = 0;
      words >> prio >> len >> tag;
      calls_[task] = {true, {.prio = prio, .text = tagged(len, tag)}};
      call(task);
    } else if (kind == "R") {
      calls_[task] = {false, {}};
      call(task);
    } else if (kind == "N") {
      i32 nice = 0;
      words >> nice;
      prio_[task] = 120 + nice;
      wq_set_prio(queue_, WaiterId{task}, prio_[task]);
    } else {
      ASSERT_EQ(kind, "G");
      signal(task, line.ends_with("restart"));
    }
  }

  /// "C ..." lines in no particular order, and forgets them.
  std::vector<std::string> completed() { return std::exchange(completed_, {}); }

  std::string state() const {
    return fmt::format("D {} {}", mq_poll_mask(queue_) & 5U, full_state_text(queue_));
  }
  const MqueueInode& queue() const { return queue_; }

 private:
  struct Call {
    bool send = false;
    MqMessage message;
  };

  static Payload tagged(u64 len, u32 tag) {
    std::string bytes(len, 'x');
    for (u64 i = 0; i < std::min(len, kTagLen); ++i) {
      bytes[i] = static_cast<char>(tag >> (8 * i));
    }
    return Payload::of_bytes(bytes);
  }

  // -1 for a text that is too short for one.
  static std::string tag_of(const MqMessage& message) {
    if (message.text.len() < kTagLen) {
      return "-1";
    }
    u32 tag = 0;
    for (u64 i = 0; i < kTagLen; ++i) {
      tag |= static_cast<u32>(message.text.at(i)) << (8 * i);
    }
    return std::to_string(tag);
  }

  void sender_done(u32 task) {
    completed_.push_back(fmt::format("C {} 0 0 0 {}", task, tag_of(calls_[task].message)));
  }
  void receiver_done(u32 task, const MqMessage& message) {
    completed_.push_back(
        fmt::format("C {} {} 0 {} {}", task, message.text.len(), message.prio, tag_of(message)));
  }

  void call(u32 task) {
    const MqCaller caller{.task = WaiterId{task}, .prio = prio_[task]};
    if (calls_[task].send) {
      sending(task, calls_[task].message, caller);
    } else {
      receiving(task, caller);
    }
  }

  i64 sending(u32 task, const MqMessage& message, const MqCaller& caller) {
    const MqSendOutcome outcome = mq_send(queue_, message, caller);
    if (outcome.receiver) {
      receiver_done(outcome.receiver->v, outcome.handed_over);
    }
    if (outcome.end == MqEnd::kDone && task != kNobody) {
      sender_done(task);
    }
    return outcome.end == MqEnd::kFailed ? -static_cast<i64>(outcome.error) : 0;
  }

  MqReceiveOutcome receiving(u32 task, const MqCaller& caller) {
    MqReceiveOutcome outcome = mq_receive(queue_, caller);
    if (outcome.sender) {
      sender_done(outcome.sender->v);
    }
    if (outcome.end == MqEnd::kDone && task != kNobody) {
      receiver_done(task, outcome.message);
    }
    return outcome;
  }

  void nonblocking(std::istringstream& words, const std::string& line) {
    const MqCaller caller{.task = WaiterId{kNobody}, .prio = 120, .nonblock = true};
    std::string direction;
    words >> direction;
    if (direction == "send") {
      u32 prio = 0;
      u64 len = 0;
      words >> prio >> len;
      const MqMessage sent{.prio = prio, .text = Payload::of_bytes(std::string(len, 'x'))};
      ASSERT_EQ(fmt::format("X send {} {} {}", prio, len, sending(kNobody, sent, caller)), line);
    } else {
      const MqReceiveOutcome outcome = receiving(kNobody, caller);
      const i64 ret = outcome.end == MqEnd::kFailed ? -static_cast<i64>(outcome.error)
                                                    : static_cast<i64>(outcome.message.text.len());
      ASSERT_EQ(fmt::format("X recv {} {}", ret, outcome.message.prio), line);
    }
  }

  void signal(u32 task, bool restart) {
    const MqSide side = calls_[task].send ? MqSide::kSend : MqSide::kRecv;
    ASSERT_TRUE(wq_remove(queue_, side, WaiterId{task}));
    if (restart) {
      call(task);
    } else {
      completed_.push_back(fmt::format("C {} -1 4", task));
    }
  }

  MqueueInode queue_ = new_queue(2, 64);
  std::array<i32, 8> prio_{120, 120, 120, 120, 120, 120, 120, 120};
  std::array<Call, 8> calls_;
  std::vector<std::string> completed_;
};

/// A failed call has no priority and no text: only its error counts.
std::string completion_in(const std::string& line) {
  const std::size_t failure = line.find(" -1 4 ");
  return failure == std::string::npos ? line : line.substr(0, failure + 5);
}

// 6000 operations of eight tasks: who sleeps where, who is completed with what, poll mask,
// everything.
TEST(RecordedRun, TasksThatSleep) {
  SleepingTasks tasks;
  std::vector<std::string> expected;
  u32 dumps = 0;
  for (const std::string& line : lines_of("blocking-5.txt")) {
    SCOPED_TRACE(fmt::format("dump {}: {}", dumps, line));
    if (line.starts_with("C ")) {
      expected.push_back(completion_in(line));
    } else if (!line.starts_with("D ")) {
      tasks.step(line);
    } else {
      std::vector<std::string> completed = tasks.completed();
      std::ranges::sort(completed);
      std::ranges::sort(expected);
      ASSERT_EQ(completed, expected);
      expected.clear();
      ASSERT_EQ(tasks.state(), line.substr(0, line.find("max=")) + state_in(line));
      check_rest(line, tasks.queue());
      ASSERT_EQ(broken_invariant(tasks.queue()), std::nullopt);
      ++dumps;
    }
    if (testing::Test::HasFatalFailure()) {
      return;
    }
  }
  EXPECT_EQ(dumps, 6000U);
}

}  // namespace
}  // namespace ipcsim
