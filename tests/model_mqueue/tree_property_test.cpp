// Random inserts and extractions against a textbook's tree and a map of lists.
#include <algorithm>
#include <deque>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/base/random.hpp"
#include "model/mqueue/msg_tree.hpp"
#include "tests/model_mqueue/state_text.hpp"
#include "tests/model_mqueue/textbook_tree.hpp"

namespace ipcsim {
namespace {

struct Program {
  const char* name;
  u32 priorities;  ///< drawn from 0 .. priorities - 1
  u32 most;        ///< messages at a time
  u32 steps;
  u32 insert_percent;  ///< how often an insert is tried
};

std::string shape_text(const MsgTree& tree, MsgNodeId id) {
  if (id == kNoMsgNode) {
    return ".";
  }
  const MsgTreeNode& node = tree.node(id);
  return fmt::format("({}{} {} {})", u32{node.priority}, node.color == RbColor::kRed ? 'R' : 'B',
                     shape_text(tree, node.left()), shape_text(tree, node.right()));
}

class TreeProgram : public testing::TestWithParam<Program> {
 public:
  void insert(u32 priority, u64 len) {
    std::deque<u64>& list = lists_[priority];
    const bool new_node = list.empty();
    list.push_back(len);
    ++size_;
    if (new_node) {
      textbook_.insert(priority);
    }
    ASSERT_EQ(tree_.insert(message(priority, len)), new_node);
  }

  void pop() {
    const auto greatest = std::prev(lists_.end());
    const MqMessage expected = message(greatest->first, greatest->second.front());
    greatest->second.pop_front();
    --size_;
    const bool last = greatest->second.empty();
    if (last) {
      textbook_.erase(greatest->first);
      lists_.erase(greatest);
    }
    const MsgTreePop popped = tree_.pop();
    ASSERT_EQ(popped.message, expected);
    ASSERT_EQ(popped.erased_node, last);
  }

  void compare() const {
    ASSERT_EQ(tree_.broken_invariant(), std::nullopt);
    ASSERT_EQ(tree_.size(), size_);
    ASSERT_EQ(shape_text(tree_, tree_.root()), textbook_.text());
    if (!lists_.empty()) {
      ASSERT_EQ(tree_.node(tree_.rightmost()).priority, std::prev(lists_.end())->first);
    }
  }

  MsgTree tree_;
  TextbookTree textbook_;
  std::map<u32, std::deque<u64>> lists_;
  u32 size_ = 0;
};

TEST_P(TreeProgram, HasTheTextbooksShapeAfterEveryStep) {
  const Program& program = GetParam();
  Random random(program.priorities * 1000003ULL + program.most);
  for (u32 step = 0; step < program.steps; ++step) {
    SCOPED_TRACE(step);
    const bool wants_insert = random.below32(100) < program.insert_percent;
    if (size_ == 0 || (wants_insert && size_ < program.most)) {
      insert(random.below32(program.priorities), random.below32(50));
    } else {
      pop();
    }
    if (size_ < 200 || step % 64 == 0) {
      compare();
    }
    if (HasFatalFailure()) {
      return;
    }
  }
  while (size_ > 0 && !HasFatalFailure()) {
    pop();
    if (size_ < 200 || size_ % 64 == 0) {
      compare();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Random, TreeProgram,
    testing::Values(Program{"OnePriority", 1, 10, 300, 55},
                    Program{"FewPriorities", 6, 20, 4000, 60}, Program{"Small", 30, 16, 6000, 60},
                    Program{"Medium", 200, 100, 6000, 60}, Program{"Crowded", 64, 120, 4000, 70},
                    Program{"Wide", 32768, 120, 6000, 60}, Program{"Large", 32768, 3000, 8000, 90},
                    Program{"Churning", 1000, 40, 8000, 50}),
    [](const auto& program) { return program.param.name; });

// Every order of inserting up to seven priorities, drained to the end.
TEST(TreeExhaustively, AllOrdersOfSevenPriorities) {
  std::vector<u32> order;
  for (u32 n = 1; n <= 7; ++n) {
    order.push_back(n);
    std::ranges::sort(order);
    do {
      MsgTree tree;
      TextbookTree textbook;
      for (const u32 priority : order) {
        tree.insert(message(priority, 0));
        textbook.insert(priority);
      }
      for (u32 left = n; left > 0; --left) {
        ASSERT_EQ(shape_text(tree, tree.root()), textbook.text());
        ASSERT_EQ(tree.broken_invariant(), std::nullopt);
        ASSERT_EQ(tree.pop().message.prio, left);
        textbook.erase(left);
      }
    } while (std::ranges::next_permutation(order).found);
  }
}

}  // namespace
}  // namespace ipcsim
