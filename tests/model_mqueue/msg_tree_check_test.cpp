// broken_invariant() can say no: each rule of the tree is broken once.
#include <utility>

#include <gtest/gtest.h>

#include "model/mqueue/msg_tree.hpp"
#include "tests/model_mqueue/state_text.hpp"

namespace ipcsim {

/// Reaches into a tree.
struct MsgTreeTestPeer {
  MsgTree& tree;

  MsgTreeNode& node(u32 priority) const {
    for (MsgNodeId id = tree.root_;; id = tree.next_preorder(id)) {
      if (tree.node(id).priority == priority) {
        return tree.nodes_[id.v];
      }
    }
  }
  MsgNodeId& root() const { return tree.root_; }
  MsgNodeId& rightmost() const { return tree.rightmost_; }
  MsgNodeId& free_nodes() const { return tree.free_nodes_; }
  MsgId& free_msgs() const { return tree.free_msgs_; }
  MsgId& next(MsgId id) const { return tree.msgs_[id.v].next; }
  u32& size() const { return tree.size_; }
};

namespace {

// (4B (2B (1B . .) (3B . .)) (6B (5B . .) (8R (7B . .) (10B (9R . .) .)))), with two messages at 5,
// and with a free node and a free message.
class BrokenTree : public testing::Test {
 public:
  BrokenTree() {
    for (u32 priority = 1; priority <= 11; ++priority) {
      tree_.insert(message(priority, 1));
    }
    tree_.insert(message(11, 1));
    (void)tree_.pop();
    (void)tree_.pop();
    tree_.insert(message(5, 1));
  }

  std::string broken() const { return tree_.broken_invariant().value_or("nothing is broken"); }

  MsgTree tree_;
  MsgTreeTestPeer peer_{tree_};
};

TEST_F(BrokenTree, WholeTreeIsAccepted) {
  EXPECT_EQ(tree_text(tree_),
            "(4B:1 (2B:1 (1B:1 . .) (3B:1 . .)) "
            "(6B:1 (5B:1,1 . .) (8R:1 (7B:1 . .) (10B:1 (9R:1 . .) .))))");
  EXPECT_EQ(broken(), "nothing is broken");
  EXPECT_EQ(MsgTree{}.broken_invariant(), std::nullopt);
}

TEST_F(BrokenTree, RootOutsideTheArena) {
  peer_.root() = MsgNodeId{500};
  EXPECT_EQ(broken(), "the root is a node");
}

TEST_F(BrokenTree, RootWithAParent) {
  peer_.node(4).parent = MsgNodeId{0};
  EXPECT_EQ(broken(), "the root has no parent");
}

TEST_F(BrokenTree, RedRoot) {
  peer_.node(4).color = RbColor::kRed;
  EXPECT_EQ(broken(), "the root is black");
}

TEST_F(BrokenTree, ChildOfAnotherParent) {
  peer_.node(7).parent = peer_.node(4).left();
  EXPECT_EQ(broken(), "priority 8: a child has its parent as parent");
}

TEST_F(BrokenTree, OneChildTwice) {
  peer_.node(6).child[0] = peer_.node(6).right();
  EXPECT_EQ(broken(), "priority 6: the children are two nodes");
}

TEST_F(BrokenTree, PrioritiesOutOfOrder) {
  peer_.node(3).priority = 2;
  EXPECT_EQ(broken(), "priority 2 is greater than 2 before it");
}

TEST_F(BrokenTree, RedUnderRed) {
  peer_.node(10).color = RbColor::kRed;
  EXPECT_EQ(broken(), "priority 8: a red node has black children");
}

TEST_F(BrokenTree, UnequalBlackHeights) {
  peer_.node(9).color = RbColor::kBlack;
  EXPECT_EQ(broken(), "priority 9: 4 black nodes down to a missing child, everywhere 3");
}

TEST_F(BrokenTree, RightmostElsewhere) {
  peer_.rightmost() = peer_.root();
  EXPECT_EQ(broken(), "rightmost is the node of the greatest priority");
}

TEST_F(BrokenTree, NodeWithoutMessages) {
  peer_.node(7).first = kNoMsg;
  EXPECT_EQ(broken(), "priority 7: a node has a message");
}

TEST_F(BrokenTree, LastMessageNotTheListsEnd) {
  peer_.node(5).last = peer_.node(5).first;
  EXPECT_EQ(broken(), "priority 5: the last message ends the list");
}

TEST_F(BrokenTree, ListInACircle) {
  peer_.next(peer_.node(5).last) = peer_.node(5).first;
  EXPECT_EQ(broken(), "priority 5: the list of messages has an end");
}

TEST_F(BrokenTree, WrongCount) {
  ++peer_.size();
  EXPECT_EQ(broken(), "size 12 is the number of messages in lists 11");
}

TEST_F(BrokenTree, FreeListsInACircle) {
  peer_.next(peer_.free_msgs()) = peer_.free_msgs();
  EXPECT_EQ(broken(), "the list of free messages has an end");
}

TEST_F(BrokenTree, LostNode) {
  peer_.free_nodes() = kNoMsgNode;
  EXPECT_EQ(broken(), "every node and message is in the tree or free");
}

}  // namespace
}  // namespace ipcsim
