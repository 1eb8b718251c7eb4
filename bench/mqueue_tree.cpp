// The tree of a queue beside the best general one that one would take instead:
// boost::intrusive::rbtree of priorities, each with a list of its messages in order of arrival.
#include <algorithm>
#include <boost/intrusive/rbtree.hpp>
#include <boost/intrusive/slist.hpp>
#include <memory>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/support.hpp"
#include "model/mqueue/msg_tree.hpp"

namespace ipcsim::bench {
namespace {

namespace intrusive = boost::intrusive;

struct BoostMessage : intrusive::slist_base_hook<intrusive::link_mode<intrusive::normal_link>> {
  Payload text;
};
using BoostList = intrusive::slist<BoostMessage, intrusive::cache_last<true>,
                                   intrusive::constant_time_size<false>>;

struct BoostNode : intrusive::set_base_hook<intrusive::link_mode<intrusive::normal_link>,
                                            intrusive::optimize_size<true>> {
  u32 priority = 0;
  BoostList messages;
};
struct PriorityOf {
  using type = u32;
  u32 operator()(const BoostNode& node) const { return node.priority; }
};

/// Does what MsgTree does: finds the greatest by its rightmost, keeps nodes and messages for reuse.
class BoostTree {
 public:
  void insert(MqMessage message) {
    BoostMessage& stored = new_message();
    stored.text = std::move(message.text);
    Tree::insert_commit_data place;
    const auto [node, missing] = tree_.insert_unique_check(message.prio, place);
    if (!missing) {
      node->messages.push_back(stored);
      return;
    }
    BoostNode& made = new_node();
    made.priority = message.prio;
    made.messages.push_back(stored);
    tree_.insert_unique_commit(made, place);
  }

  MqMessage pop() {
    const auto greatest = std::prev(tree_.end());
    BoostMessage& first = greatest->messages.front();
    MqMessage message{.prio = greatest->priority, .text = std::move(first.text)};
    greatest->messages.pop_front();
    free_messages_.push_back(&first);
    if (greatest->messages.empty()) {
      free_nodes_.push_back(&*greatest);
      tree_.erase(greatest);
    }
    return message;
  }

 private:
  using Tree = intrusive::rbtree<BoostNode, intrusive::key_of_value<PriorityOf>,
                                 intrusive::constant_time_size<false>>;

  BoostMessage& new_message() {
    if (free_messages_.empty()) {
      return *messages_.emplace_back(std::make_unique<BoostMessage>());
    }
    BoostMessage& message = *free_messages_.back();
    free_messages_.pop_back();
    return message;
  }
  BoostNode& new_node() {
    if (free_nodes_.empty()) {
      return *nodes_.emplace_back(std::make_unique<BoostNode>());
    }
    BoostNode& node = *free_nodes_.back();
    free_nodes_.pop_back();
    return node;
  }

  std::vector<std::unique_ptr<BoostMessage>> messages_;
  std::vector<std::unique_ptr<BoostNode>> nodes_;
  std::vector<BoostMessage*> free_messages_;
  std::vector<BoostNode*> free_nodes_;
  Tree tree_;
};

/// Each of so many priorities (but at least 10 messages), in an order by chance.
std::vector<u32> shuffled(u32 priorities, Random& random) {
  std::vector<u32> list(std::max(priorities, 10U));
  for (u32 i = 0; i < list.size(); ++i) {
    list[i] = i % priorities;
    std::swap(list[i], list[random.below(i + 1)]);
  }
  return list;
}

// Level: structure. One message of each priority is in the tree; each round puts in one of random
// priority and takes the greatest out. Soon the tree has low priorities only.
template <class Tree>
void steady(benchmark::State& state) {
  const u32 priorities = static_cast<u32>(state.range(0));
  Tree tree;
  Random random(1);
  for (const u32 priority : shuffled(priorities, random)) {
    tree.insert({.prio = priority, .text = {}});
  }
  std::vector<u32> next(1U << 16U);
  for (u32& priority : next) {
    priority = random.below(priorities);
  }
  std::size_t at = 0;
  for (auto _ : state) {
    tree.insert({.prio = next[at], .text = {}});
    benchmark::DoNotOptimize(tree.pop());
    at = (at + 1) & (next.size() - 1);
  }
}

// Level: structure. One message of each priority goes in by chance, then all come out; the time is
// that of all. The order is another one each time, of more than a processor learns by heart.
template <class Tree>
void fill_and_drain(benchmark::State& state) {
  constexpr std::size_t kLearnt = 1U << 16U;
  Random random(1);
  std::vector<std::vector<u32>> orders;
  for (std::size_t messages = 0; messages < kLearnt; messages += orders.back().size()) {
    orders.push_back(shuffled(static_cast<u32>(state.range(0)), random));
  }
  Tree tree;
  std::size_t next = 0;
  for (auto _ : state) {
    const std::vector<u32>& order = orders[next];
    next = next + 1 == orders.size() ? 0 : next + 1;
    for (const u32 priority : order) {
      tree.insert({.prio = priority, .text = {}});
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
      benchmark::DoNotOptimize(tree.pop());
    }
  }
}

void priorities(benchmark::internal::Benchmark* bench) {
  bench->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->Arg(32768);
}

BENCHMARK(steady<MsgTree>)->Name("tree_steady/ours")->Apply(priorities);
BENCHMARK(steady<BoostTree>)->Name("tree_steady/boost")->Apply(priorities);
BENCHMARK(fill_and_drain<MsgTree>)->Name("tree_fill/ours")->Apply(priorities);
BENCHMARK(fill_and_drain<BoostTree>)->Name("tree_fill/boost")->Apply(priorities);

}  // namespace
}  // namespace ipcsim::bench
