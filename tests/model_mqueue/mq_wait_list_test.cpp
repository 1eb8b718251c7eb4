// Who is served first (wq_add()): vectors C05 to C09 of real queues, Linux 6.18.44.
#include "model/mqueue/mq_wait_list.hpp"

#include <string>

#include <gtest/gtest.h>

#include "tests/model_mqueue/state_text.hpp"

namespace ipcsim {
namespace {

void add(MqWaitList& list, u32 task, i32 prio) {
  list.add({.task = WaiterId{task}, .prio = prio, .message = {}});
}

/// "task/prio" from the head to the tail.
std::string text(const MqWaitList& list) {
  std::string text;
  for (const MqWaiter& waiter : list) {
    text += (text.empty() ? "" : " ") + std::to_string(waiter.task.v) + "/" +
            std::to_string(waiter.prio);
  }
  return text;
}

// Among equals the oldest is nearest the tail, which is served first.
TEST(MqWaitList, EqualsAreServedInOrderOfArrival) {
  MqWaitList list;
  for (const u32 task : {0U, 1U, 2U}) {
    add(list, task, 120);
  }
  EXPECT_EQ(text(list), "2/120 1/120 0/120");
  EXPECT_EQ(list.pop_tail().task, WaiterId{0});
  EXPECT_EQ(list.pop_tail().task, WaiterId{1});
  EXPECT_EQ(list.pop_tail().task, WaiterId{2});
  EXPECT_TRUE(list.empty());
}

// Nice values matter, unlike for a futex (C06).
TEST(MqWaitList, UrgentTasksStandNearTheTail) {
  MqWaitList list;
  add(list, 0, 120);
  add(list, 1, 125);
  add(list, 2, 115);
  add(list, 3, 120);
  EXPECT_EQ(text(list), "1/125 3/120 0/120 2/115");
}

// Real-time tasks come before every nice value (C07).
TEST(MqWaitList, RealTimeComesBeforeNice) {
  MqWaitList list;
  add(list, 0, 100);
  add(list, 1, 98);
  add(list, 2, 49);
  add(list, 3, 139);
  EXPECT_EQ(text(list), "3/139 0/100 1/98 2/49");
}

// A place is kept, but a newcomer is compared with the new value: the list goes out of order (C08).
TEST(MqWaitList, ReniceMovesNobody) {
  MqWaitList list;
  add(list, 0, 120);
  add(list, 1, 120);
  EXPECT_TRUE(list.set_prio(WaiterId{1}, 110));
  EXPECT_EQ(text(list), "1/110 0/120");
  EXPECT_EQ(list.pop_tail().task, WaiterId{0});
  add(list, 2, 115);
  EXPECT_EQ(text(list), "2/115 1/110");
}

// The walk stops at the first element that is no less urgent, whatever comes behind it.
TEST(MqWaitList, RuleHoldsToTheLetterOutOfOrder) {
  MqWaitList list;
  add(list, 0, 120);
  add(list, 1, 120);
  list.set_prio(WaiterId{1}, 100);
  EXPECT_EQ(text(list), "1/100 0/120");
  add(list, 2, 110);  // stays behind 1, although 0 is worse
  EXPECT_EQ(text(list), "2/110 1/100 0/120");
}

// A restarted call joins behind its equals (C09).
TEST(MqWaitList, LeavingLosesThePlace) {
  MqWaitList list;
  add(list, 0, 120);
  add(list, 1, 120);
  EXPECT_TRUE(list.remove(WaiterId{0}));
  add(list, 0, 120);
  EXPECT_EQ(text(list), "0/120 1/120");
}

TEST(MqWaitList, KnowsWhoIsNotThere) {
  MqWaitList list;
  add(list, 4, 120);
  EXPECT_FALSE(list.remove(WaiterId{5}));
  EXPECT_FALSE(list.set_prio(WaiterId{5}, 1));
  (void)list.pop_tail();
  EXPECT_FALSE(list.remove(WaiterId{4}));
  EXPECT_FALSE(list.set_prio(WaiterId{4}, 1));
  EXPECT_EQ(text(list), "");
}

// Those who were served leave no trace, also not when many come and go.
TEST(MqWaitList, StaysInOrderOverManyArrivals) {
  MqWaitList list;
  u32 next = 0;
  for (u32 task = 0; task < 1000; ++task) {
    add(list, task, 120);
    if (task % 3 != 0) {
      ASSERT_EQ(list.pop_tail().task, WaiterId{next++});
    }
  }
  EXPECT_EQ(list.size(), 1000 - next);
  MqWaitList fresh;
  for (u32 task = next; task < 1000; ++task) {
    add(fresh, task, 120);
  }
  EXPECT_EQ(list, fresh);
  EXPECT_EQ(hash_of(list), hash_of(fresh));
  (void)fresh.pop_tail();
  EXPECT_FALSE(list == fresh);
}

}  // namespace
}  // namespace ipcsim
