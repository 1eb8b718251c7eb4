// Random programs of tasks that sleep, against a model of multimaps and lists.
#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <list>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/base/random.hpp"
#include "model/mqueue/mq_ops.hpp"
#include "tests/model_mqueue/state_text.hpp"

namespace ipcsim {
namespace {

constexpr u32 kTasks = 8;

/// A queue as its manual page would have it: no tree, no spare node.
struct PlainQueue {
  struct Sleeper {
    u32 task;
    i32 prio;
    MqMessage message;
  };

  std::multimap<u32, MqMessage, std::greater<>> messages;  // equal keys in order of arrival
  std::list<Sleeper> senders;                              // head first
  std::list<Sleeper> receivers;
  bool registered = false;

  static void join(std::list<Sleeper>& list, Sleeper sleeper) {
    auto place = list.begin();
    while (place != list.end() && place->prio > sleeper.prio) {
      ++place;
    }
    list.insert(place, std::move(sleeper));
  }

  /// What one call comes to, in words.
  std::string send(u32 task, i32 prio, bool nonblock, u32 maxmsg, const MqMessage& message) {
    if (messages.size() == maxmsg) {
      if (!nonblock) {
        join(senders, {task, prio, message});
      }
      return nonblock ? "EAGAIN" : "asleep";
    }
    if (!receivers.empty()) {
      const u32 receiver = receivers.back().task;
      receivers.pop_back();
      return fmt::format("done, {} gets {}/{}", receiver, message.prio, message.text.len());
    }
    const bool fires = messages.empty() && registered;
    registered = registered && !fires;
    messages.emplace(message.prio, message);
    return fires ? "done, fires, wakes pollers" : "done, wakes pollers";
  }

  std::string receive(u32 task, i32 prio, bool nonblock) {
    if (messages.empty()) {
      if (!nonblock) {
        join(receivers, {task, prio, {}});
      }
      return nonblock ? "EAGAIN" : "asleep";
    }
    const MqMessage first = messages.begin()->second;
    messages.erase(messages.begin());
    const std::string got = fmt::format("got {}/{}", first.prio, first.text.len());
    if (senders.empty()) {
      return got + ", wakes pollers";
    }
    const Sleeper sender = senders.back();
    senders.pop_back();
    messages.emplace(sender.message.prio, sender.message);
    return fmt::format("{}, {} is done", got, sender.task);
  }
};

std::string text_of(const MqSendOutcome& outcome) {
  if (outcome.end != MqEnd::kDone) {
    return outcome.end == MqEnd::kAsleep ? "asleep" : std::string(errno_name(outcome.error));
  }
  if (outcome.receiver) {
    return fmt::format("done, {} gets {}/{}", outcome.receiver->v, outcome.handed_over.prio,
                       outcome.handed_over.text.len());
  }
  return fmt::format("done{}{}", outcome.fired ? ", fires" : "",
                     outcome.wake_pollers ? ", wakes pollers" : "");
}

std::string text_of(const MqReceiveOutcome& outcome) {
  if (outcome.end != MqEnd::kDone) {
    return outcome.end == MqEnd::kAsleep ? "asleep" : std::string(errno_name(outcome.error));
  }
  return fmt::format("got {}/{}{}{}", outcome.message.prio, outcome.message.text.len(),
                     outcome.wake_pollers ? ", wakes pollers" : "",
                     outcome.sender ? fmt::format(", {} is done", outcome.sender->v) : "");
}

std::string list_text(const std::list<PlainQueue::Sleeper>& list, MqSide side) {
  std::string text;
  for (const auto& sleeper : list) {
    text += fmt::format("{}w{}/{}", text.empty() ? "" : ",", sleeper.task, sleeper.prio);
    if (side == MqSide::kSend) {
      text += fmt::format("<p{},{}>", sleeper.message.prio, sleeper.message.text.len());
    }
  }
  return text;
}

/// Both queues and the tasks that use them.
class TwoQueues {
 public:
  TwoQueues(u64 seed, u32 maxmsg, u32 priorities)
      : random_(seed), maxmsg_(maxmsg), priorities_(priorities), queue_(new_queue(maxmsg, 64)) {}

  void step() {
    const u32 task = random_.below32(kTasks);
    switch (random_.below32(8)) {
      case 0:
        renice(task);
        break;
      case 1:
        interrupt(task);
        break;
      case 2:
        registration();
        break;
      default:
        if (!asleep(task)) {
          call(task);
        }
    }
    compare();
  }

 private:
  bool asleep(u32 task) const {
    const auto is_it = [task](const auto& sleeper) { return sleeper.task == task; };
    return std::ranges::any_of(plain_.senders, is_it) ||
           std::ranges::any_of(plain_.receivers, is_it);
  }

  void call(u32 task) {
    const bool nonblock = random_.below32(4) == 0;
    const MqCaller caller{.task = WaiterId{task}, .prio = prio_[task], .nonblock = nonblock};
    if (random_.below32(2) == 0) {
      const MqMessage sent = message(random_.below32(priorities_), random_.below32(65));
      const std::string expected = plain_.send(task, prio_[task], nonblock, maxmsg_, sent);
      ASSERT_EQ(text_of(mq_send(queue_, sent, caller)), expected);
    } else {
      const std::string expected = plain_.receive(task, prio_[task], nonblock);
      ASSERT_EQ(text_of(mq_receive(queue_, caller)), expected);
    }
  }

  void renice(u32 task) {
    prio_[task] = 100 + static_cast<i32>(random_.below32(40));
    wq_set_prio(queue_, WaiterId{task}, prio_[task]);
    for (auto* list : {&plain_.senders, &plain_.receivers}) {
      for (auto& sleeper : *list) {
        sleeper.prio = sleeper.task == task ? prio_[task] : sleeper.prio;
      }
    }
  }

  void interrupt(u32 task) {
    const auto is_it = [task](const auto& sleeper) { return sleeper.task == task; };
    ASSERT_EQ(wq_remove(queue_, MqSide::kSend, WaiterId{task}),
              plain_.senders.remove_if(is_it) == 1);
    ASSERT_EQ(wq_remove(queue_, MqSide::kRecv, WaiterId{task}),
              plain_.receivers.remove_if(is_it) == 1);
  }

  void registration() {
    const WaiterId owner{100};
    if (random_.below32(3) == 0) {
      ASSERT_EQ(mq_unregister(queue_, owner), plain_.registered);
      plain_.registered = false;
    } else {
      ASSERT_EQ(mq_register(queue_, {.owner = owner}),
                plain_.registered ? Errno::kEBUSY : Errno::kOk);
      plain_.registered = true;
    }
  }

  void compare() {
    ASSERT_EQ(broken_invariant(queue_), std::nullopt);
    ASSERT_EQ(queue_.mq_curmsgs(), std::ssize(plain_.messages));
    ASSERT_EQ(ipcsim::list_text(queue_, MqSide::kSend), list_text(plain_.senders, MqSide::kSend));
    ASSERT_EQ(ipcsim::list_text(queue_, MqSide::kRecv), list_text(plain_.receivers, MqSide::kRecv));
    const u32 mask =
        (plain_.messages.empty() ? 0 : 0x41U) | (plain_.messages.size() == maxmsg_ ? 0 : 0x104U);
    ASSERT_EQ(mq_poll_mask(queue_), mask);
    const MqueueInode copy = queue_;
    ASSERT_EQ(copy, queue_);
    ASSERT_EQ(hash_of(copy), hash_of(queue_));
  }

  Random random_;
  u32 maxmsg_;
  u32 priorities_;
  MqueueInode queue_;
  PlainQueue plain_;
  std::array<i32, kTasks> prio_{120, 120, 120, 120, 120, 120, 120, 120};
};

// 40 programs of 2000 steps on queues of 1 to 10 messages and 1 to 20 priorities.
TEST(QueuePrograms, AgreeWithMultimapAndLists) {
  for (u64 seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    TwoQueues queues(seed, 1 + static_cast<u32>(seed) % 10, 1 + static_cast<u32>(seed * 7) % 20);
    for (u32 step = 0; step < 2000; ++step) {
      SCOPED_TRACE(fmt::format("step {}", step));
      queues.step();
      if (testing::Test::HasFatalFailure()) {
        return;
      }
    }
  }
}

}  // namespace
}  // namespace ipcsim
