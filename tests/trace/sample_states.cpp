#include "tests/trace/samples.hpp"

namespace ipcsim {
namespace {

/// Gives a value to about half of the members, of any type.
struct FillField {
  Random& random;

  template <class T>
  void operator()(std::string_view /*key*/, std::optional<T>& field) const {
    if (random.one_in(2)) {
      fill(field.emplace());
    }
  }

 private:
  template <std::integral T>
  void fill(T& number) const {
    number = random_number<T>(random);
  }
  void fill(bool& value) const { value = random.one_in(2); }
  void fill(OrNone<u32>& priority) const {
    if (random.one_in(2)) {
      priority.value = static_cast<u32>(random.below(32768));
    }
  }
  void fill(OrNone<TaskId>& task) const {
    if (random.one_in(2)) {
      task.value = random_task();
    }
  }
  void fill(std::vector<std::optional<PageNumber>>& pages) const {
    for (u64 n = random.below(3); n > 0; --n) {
      pages.push_back(random.one_in(2) ? std::nullopt : std::optional{random_number<u32>(random)});
    }
  }
  void fill(std::vector<u64>& numbers) const {
    for (u64 n = random.below(3); n > 0; --n) {
      numbers.push_back(random_number<u64>(random));
    }
  }
  // Now and then so many that one object does not hold them.
  void fill(std::vector<SlotRunState>& slots) const {
    u32 place = static_cast<u32>(random.below(3));
    for (u64 n = random.one_in(8) ? 150 : random.below(4); n > 0; --n) {
      SlotRunState& slot = slots.emplace_back();
      slot.first = place;
      slot.last = place + static_cast<u32>(random.one_in(2) ? 0 : random.below(20));
      place = slot.last + 1 + static_cast<u32>(random.below(2));
      (*this)("page", slot.page);
      (*this)("offset", slot.offset);
      (*this)("len", slot.len);
      (*this)("flags", slot.flags);
      if (random.one_in(2)) {
        slot.ops = static_cast<PipeBufOps>(1 + random.below(6));
      }
    }
  }
  void fill(std::vector<WaiterSnapshot>& waiters) const {
    for (u64 n = random.below(3); n > 0; --n) {
      waiters.push_back({random_task(), random.one_in(2), random.one_in(2)});
    }
  }
  void fill(std::vector<MqWaiterState>& waiters) const {
    for (u64 n = random.below(3); n > 0; --n) {
      MqWaiterState& waiter = waiters.emplace_back();
      waiter.task = random_task();
      MqWaiterState::each_field(*this, waiter);
    }
  }
  void fill(std::vector<MqNodeState>& nodes) const {
    for (u64 n = random.below(3); n > 0; --n) {
      MqNodeState& node = nodes.emplace_back();
      node.priority = static_cast<u32>(random.below(32768));
      (*this)("black", node.black);
      (*this)("lens", node.lens);
      (*this)("segments", node.segments);
    }
  }
  [[nodiscard]] TaskId random_task() const {
    return TaskId{static_cast<u32>(1 + random.below(kMostTask))};
  }
};

}  // namespace

StateEvent random_state(Random& random, TaskId task) {
  StateEvent event{.holder = task, .fd = Fd{static_cast<i32>(random.below(2000))}, .object = {}};
  if (random.one_in(4)) {
    return event;
  }
  if (random.one_in(2)) {
    PipeState::each_field(FillField{random}, event.object.emplace<PipeState>());
  } else {
    MqueueState::each_field(FillField{random}, event.object.emplace<MqueueState>());
  }
  return event;
}

}  // namespace ipcsim
