#include "sim/replay/object_states.hpp"

#include <algorithm>

#include <range/v3/algorithm/find.hpp>

#include "sim/trace/object_state_json.hpp"

namespace ipcsim {
namespace {

/// The slots one by one.
std::vector<SlotRunState> expanded(const std::vector<SlotRunState>& runs) {
  std::vector<SlotRunState> slots;
  for (const SlotRunState& run : runs) {
    for (u32 index = run.first; index <= run.last; ++index) {
      SlotRunState& slot = slots.emplace_back(run);
      slot.first = slot.last = index;
      if (run.page) {
        slot.page = *run.page + (index - run.first);
      }
    }
  }
  return slots;
}

/// True when `next` goes on as `run` does.
bool continues(const SlotRunState& run, const SlotRunState& next) {
  SlotRunState same = run;
  same.first = same.last = next.first;
  if (run.page) {
    same.page = *run.page + (next.first - run.first);
  }
  return next.first == run.last + 1 && next == same;
}

/// Slots by place, with those that are alike in one.
std::vector<SlotRunState> in_runs(const std::vector<SlotRunState>& slots) {
  std::vector<SlotRunState> runs;
  for (const SlotRunState& slot : slots) {
    if (!runs.empty() && continues(runs.back(), slot)) {
      runs.back().last = slot.first;
    } else {
      runs.push_back(slot);
    }
  }
  return runs;
}

PipeState pipe_state(const PipeSnapshot& pipe, PageNumbers& pages) {
  PipeState state{.head = pipe.head,
                  .tail = pipe.tail,
                  .max_usage = pipe.max_usage,
                  .ring_size = pipe.ring_size,
                  .nr_accounted = pipe.nr_accounted,
                  .readers = pipe.readers,
                  .writers = pipe.writers,
                  .files = pipe.files,
                  .r_counter = pipe.r_counter,
                  .w_counter = pipe.w_counter,
                  .poll_usage = pipe.poll_usage,
                  .note_loss = pipe.note_loss,
                  .tmp_page = std::vector<std::optional<PageNumber>>{},
                  .slots = std::vector<SlotRunState>{},
                  .rd_wait = pipe.rd_wait,
                  .wr_wait = pipe.wr_wait};
  for (const SlotSnapshot& slot : pipe.slots) {
    state.slots->push_back({.first = slot.index,
                            .last = slot.index,
                            .page = pages.number_of(slot.page),
                            .offset = slot.offset,
                            .len = slot.len,
                            .flags = slot.flags,
                            .ops = slot.ops});
  }
  std::ranges::sort(*state.slots, {}, &SlotRunState::first);
  for (const std::optional<Identity>& page : pipe.tmp_page) {
    state.tmp_page->push_back(page ? std::optional{pages.number_of(*page)} : std::nullopt);
  }
  return state;
}

std::vector<MqWaiterState> waiter_states(const std::vector<MqWaiterSnapshot>& waiters) {
  std::vector<MqWaiterState> states;
  for (const MqWaiterSnapshot& waiter : waiters) {
    states.push_back({.task = waiter.task,
                      .task_prio = waiter.task_prio,
                      .msg_prio = waiter.prio,
                      .msg_len = waiter.len,
                      .msg_segments = waiter.segments});
  }
  return states;
}

/// Appends the subtree in preorder. REQUIRES: a red-black tree, which is not deep.
void append_preorder(const MqueueSnapshot& queue, std::optional<u32> priority,
                     std::vector<MqNodeState>& nodes) {
  const auto node = priority ? ranges::find(queue.nodes, *priority, &MqNodeSnapshot::priority)
                             : queue.nodes.end();
  if (node == queue.nodes.end()) {
    return;
  }
  nodes.push_back({.priority = node->priority,
                   .black = node->black,
                   .lens = node->lens,
                   .segments = node->segments});
  append_preorder(queue, node->left, nodes);
  append_preorder(queue, node->right, nodes);
}

MqueueState mqueue_state(const MqueueSnapshot& queue) {
  MqueueState state{.mq_maxmsg = queue.mq_maxmsg,
                    .mq_msgsize = queue.mq_msgsize,
                    .mq_curmsgs = queue.mq_curmsgs,
                    .qsize = queue.qsize,
                    .node_cache = queue.node_cache,
                    .msg_tree_rightmost = OrNone<u32>{queue.msg_tree_rightmost},
                    .tree = std::vector<MqNodeState>{},
                    .send_wait = waiter_states(queue.send_wait),
                    .recv_wait = waiter_states(queue.recv_wait),
                    .notify_owner = OrNone<TaskId>{queue.notify_owner},
                    .sigev_notify = queue.sigev_notify,
                    .sigev_signo = queue.sigev_signo,
                    .sigev_value = queue.sigev_value,
                    .mq_queues_count = queue.mq_queues_count,
                    .i_nlink = queue.i_nlink,
                    .i_size = queue.i_size};
  append_preorder(queue, queue.root, *state.tree);
  return state;
}

/// Takes out of `actual` what `expected` does not give. One overload a kind of member.
struct Narrow {
  template <class T>
  void operator()(std::string_view /*key*/, const std::optional<T>& expected,
                  std::optional<T>& actual) const {
    if (!expected) {
      actual.reset();
    } else if (actual) {
      narrow(*expected, *actual);
    }
  }

 private:
  static void narrow(const auto& /*expected*/, auto& /*actual*/) {}
  static void narrow(const std::vector<SlotRunState>& expected, std::vector<SlotRunState>& actual) {
    for (SlotRunState& slot : actual) {
      const auto same = ranges::find(expected, slot.first, &SlotRunState::first);
      if (same != expected.end()) {
        const Narrow field;
        field("page", same->page, slot.page);
        field("offset", same->offset, slot.offset);
        field("len", same->len, slot.len);
        field("flags", same->flags, slot.flags);
        field("ops", same->ops, slot.ops);
      }
    }
  }
  static void narrow(const std::vector<MqNodeState>& expected, std::vector<MqNodeState>& actual) {
    for (std::size_t i = 0; i < std::min(expected.size(), actual.size()); ++i) {
      const Narrow field;
      field("black", expected[i].black, actual[i].black);
      field("lens", expected[i].lens, actual[i].lens);
      field("segments", expected[i].segments, actual[i].segments);
    }
  }
  static void narrow(const std::vector<MqWaiterState>& expected,
                     std::vector<MqWaiterState>& actual) {
    for (std::size_t i = 0; i < std::min(expected.size(), actual.size()); ++i) {
      MqWaiterState::each_field(Narrow{}, expected[i], actual[i]);
    }
  }
};

/// Empties the members that are equal on both sides.
struct DropEqual {
  template <class T>
  void operator()(std::string_view /*key*/, std::optional<T>& expected,
                  std::optional<T>& actual) const {
    if (expected == actual) {
      expected.reset();
      actual.reset();
    }
  }
  void operator()(std::string_view /*key*/, std::optional<std::vector<SlotRunState>>& expected,
                  std::optional<std::vector<SlotRunState>>& actual) const {
    if (!expected || !actual || expected == actual) {
      expected.reset();
      actual.reset();
      return;
    }
    const auto only_in = [](const auto& these, const auto& those) {
      std::vector<SlotRunState> left;
      std::ranges::copy_if(these, std::back_inserter(left), [&](const SlotRunState& slot) {
        return ranges::find(those, slot) == those.end();
      });
      return in_runs(left);
    };
    const std::vector<SlotRunState> all = *expected;
    expected = only_in(all, *actual);
    actual = only_in(*actual, all);
  }
};

template <class State>
std::optional<StateMismatch> mismatch_of(State expected, State actual) {
  State::each_field(Narrow{}, std::as_const(expected), actual);
  if (expected == actual) {
    return std::nullopt;
  }
  State::each_field(DropEqual{}, expected, actual);
  return StateMismatch{to_json(expected), to_json(actual)};
}

void pair_pages(const PipeState& expected, const PipeSnapshot& actual, PageNumbers& pages) {
  if (expected.slots) {
    for (const SlotRunState& slot : *expected.slots) {
      const auto same = ranges::find(actual.slots, slot.first, &SlotSnapshot::index);
      if (slot.page && same != actual.slots.end()) {
        pages.pair(*slot.page, same->page);
      }
    }
  }
  if (expected.tmp_page) {
    const std::size_t cells = std::min(expected.tmp_page->size(), actual.tmp_page.size());
    for (std::size_t i = 0; i < cells; ++i) {
      if ((*expected.tmp_page)[i] && actual.tmp_page[i]) {
        pages.pair(*(*expected.tmp_page)[i], *actual.tmp_page[i]);
      }
    }
  }
}

std::string kind_text(const ObjectSnapshot& object) {
  return std::holds_alternative<PipeSnapshot>(object)     ? "a pipe"
         : std::holds_alternative<MqueueSnapshot>(object) ? "a message queue"
                                                          : "closed, or another file";
}

}  // namespace

void PageNumbers::pair(PageNumber number, Identity page) {
  if (!pages_.contains(number) && !numbers_.contains(page)) {
    pages_[number] = page;
    numbers_[page] = number;
    fresh_ = std::max(fresh_, number + 1);
  }
}

PageNumber PageNumbers::number_of(Identity page) {
  const auto found = numbers_.find(page);
  if (found != numbers_.end()) {
    return found->second;
  }
  const PageNumber number = fresh_;
  pair(number, page);
  return number;
}

std::optional<StateMismatch> compare_object_state(const ObjectState& expected,
                                                  const ObjectSnapshot& actual,
                                                  PageNumbers& pages) {
  if (const auto* pipe = std::get_if<PipeState>(&expected)) {
    const auto* snapshot = std::get_if<PipeSnapshot>(&actual);
    if (snapshot == nullptr) {
      return StateMismatch{"a pipe", kind_text(actual)};
    }
    PipeState state = *pipe;
    if (state.slots) {
      state.slots = expanded(*state.slots);
    }
    pair_pages(state, *snapshot, pages);
    PageNumbers for_this_state = pages;  // pages that the trace does not name stay unnumbered
    return mismatch_of(std::move(state), pipe_state(*snapshot, for_this_state));
  }
  const auto* snapshot = std::get_if<MqueueSnapshot>(&actual);
  if (snapshot == nullptr) {
    return StateMismatch{"a message queue", kind_text(actual)};
  }
  return mismatch_of(std::get<MqueueState>(expected), mqueue_state(*snapshot));
}

ObjectState state_of(const ObjectSnapshot& object, PageNumbers& pages) {
  if (const auto* pipe = std::get_if<PipeSnapshot>(&object)) {
    PipeState state = pipe_state(*pipe, pages);
    state.slots = in_runs(*state.slots);
    return state;
  }
  if (const auto* queue = std::get_if<MqueueSnapshot>(&object)) {
    return mqueue_state(*queue);
  }
  return {};
}

}  // namespace ipcsim
