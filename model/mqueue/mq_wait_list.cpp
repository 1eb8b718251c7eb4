#include "model/mqueue/mq_wait_list.hpp"

#include <utility>

#include <range/v3/algorithm/equal.hpp>
#include <range/v3/algorithm/find.hpp>

#include "model/base/check.hpp"

namespace ipcsim {
namespace {

// Below this many, the gap left by served waiters is not worth closing.
constexpr u32 kFewServed = 16;

}  // namespace

void MqWaiter::hash_into(Hasher& hasher) const {
  hasher.add(task);
  hasher.add(prio);
  message.hash_into(hasher);
}

// The list reads backwards here: from waiters_.end(), the head, down to the tail.
void MqWaitList::add(MqWaiter waiter) {
  auto place = waiters_.end();
  const auto tail = waiters_.begin() + served_;
  while (place != tail && (place - 1)->prio > waiter.prio) {
    --place;
  }
  waiters_.insert(place, std::move(waiter));
}

MqWaiter MqWaitList::pop_tail() {
  IPCSIM_CHECK(!empty());
  MqWaiter first = std::move(waiters_[served_]);
  ++served_;
  if (empty() || (served_ >= kFewServed && served_ >= size())) {
    waiters_.erase(waiters_.begin(), waiters_.begin() + served_);
    served_ = 0;
  }
  return first;
}

std::vector<MqWaiter>::iterator MqWaitList::find(WaiterId task) {
  return ranges::find(waiters_.begin() + served_, waiters_.end(), task, &MqWaiter::task);
}

bool MqWaitList::remove(WaiterId task) {
  const auto place = find(task);
  if (place == waiters_.end()) {
    return false;
  }
  waiters_.erase(place);
  return true;
}

bool MqWaitList::set_prio(WaiterId task, i32 prio) {
  const auto place = find(task);
  if (place == waiters_.end()) {
    return false;
  }
  place->prio = prio;
  return true;
}

bool operator==(const MqWaitList& a, const MqWaitList& b) { return ranges::equal(a, b); }

void MqWaitList::hash_into(Hasher& hasher) const {
  hasher.add(size());
  for (const MqWaiter& waiter : *this) {
    waiter.hash_into(hasher);
  }
}

}  // namespace ipcsim
