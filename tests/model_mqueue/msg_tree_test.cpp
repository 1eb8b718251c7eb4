// The tree has the shape and the colours of the kernel's (lib/rbtree.c), dumped from Linux 6.18.44.
#include "model/mqueue/msg_tree.hpp"

#include <initializer_list>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/model_mqueue/state_text.hpp"

namespace ipcsim {
namespace {

/// A tree with one message of one byte at each priority, in this order.
void insert_all(MsgTree& tree, std::initializer_list<u32> priorities) {
  for (const u32 priority : priorities) {
    EXPECT_TRUE(tree.insert(message(priority, 1)));
    EXPECT_EQ(tree.broken_invariant(), std::nullopt);
  }
}

/// The tree after the loss of its maximum, which is `greatest`.
std::string pop_text(MsgTree& tree, u32 greatest) {
  const MsgTreePop popped = tree.pop();
  EXPECT_EQ(popped.message.prio, greatest);
  EXPECT_TRUE(popped.erased_node);
  EXPECT_EQ(tree.broken_invariant(), std::nullopt);
  return tree_text(tree);
}

// Each new maximum goes right: the right spine turns, and every way to lose a maximum comes up.
TEST(MsgTreeShape, AscendingPrioritiesThenDrain) {
  MsgTree tree;
  insert_all(tree, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  EXPECT_EQ(tree_text(tree),
            "(4B:1 (2B:1 (1B:1 . .) (3B:1 . .)) (6B:1 (5B:1 . .) (8R:1 (7B:1 . .) (9B:1 . (10R:1 . "
            ".)))))");
  EXPECT_EQ(pop_text(tree, 10),
            "(4B:1 (2B:1 (1B:1 . .) (3B:1 . .)) (6B:1 (5B:1 . .) (8R:1 (7B:1 . .) (9B:1 . .))))");
  EXPECT_EQ(pop_text(tree, 9),
            "(4B:1 (2B:1 (1B:1 . .) (3B:1 . .)) (6B:1 (5B:1 . .) (8B:1 (7R:1 . .) .)))");
  EXPECT_EQ(pop_text(tree, 8), "(4B:1 (2B:1 (1B:1 . .) (3B:1 . .)) (6B:1 (5B:1 . .) (7B:1 . .)))");
  EXPECT_EQ(pop_text(tree, 7), "(4B:1 (2R:1 (1B:1 . .) (3B:1 . .)) (6B:1 (5R:1 . .) .))");
  EXPECT_EQ(pop_text(tree, 6), "(4B:1 (2R:1 (1B:1 . .) (3B:1 . .)) (5B:1 . .))");
  EXPECT_EQ(pop_text(tree, 5), "(2B:1 (1B:1 . .) (4B:1 (3R:1 . .) .))");
  EXPECT_EQ(pop_text(tree, 4), "(2B:1 (1B:1 . .) (3B:1 . .))");
  EXPECT_EQ(pop_text(tree, 3), "(2B:1 (1R:1 . .) .)");
  EXPECT_EQ(pop_text(tree, 2), "(1B:1 . .)");
  EXPECT_EQ(pop_text(tree, 1), ".");
}

// Each new minimum goes left: rotations to the right, and drains that recolour up to the root.
TEST(MsgTreeShape, DescendingPrioritiesThenDrain) {
  MsgTree tree;
  insert_all(tree, {10, 9, 8, 7, 6, 5, 4, 3, 2, 1});
  EXPECT_EQ(tree_text(tree),
            "(7B:1 (5B:1 (3R:1 (2B:1 (1R:1 . .) .) (4B:1 . .)) (6B:1 . .)) (9B:1 (8B:1 . .) (10B:1 "
            ". .)))");
  EXPECT_EQ(pop_text(tree, 10),
            "(5B:1 (3B:1 (2B:1 (1R:1 . .) .) (4B:1 . .)) (7B:1 (6B:1 . .) (9B:1 (8R:1 . .) .)))");
  EXPECT_EQ(pop_text(tree, 9),
            "(5B:1 (3B:1 (2B:1 (1R:1 . .) .) (4B:1 . .)) (7B:1 (6B:1 . .) (8B:1 . .)))");
  EXPECT_EQ(pop_text(tree, 8), "(5B:1 (3R:1 (2B:1 (1R:1 . .) .) (4B:1 . .)) (7B:1 (6R:1 . .) .))");
  EXPECT_EQ(pop_text(tree, 7), "(5B:1 (3R:1 (2B:1 (1R:1 . .) .) (4B:1 . .)) (6B:1 . .))");
  EXPECT_EQ(pop_text(tree, 6), "(3B:1 (2B:1 (1R:1 . .) .) (5B:1 (4R:1 . .) .))");
  EXPECT_EQ(pop_text(tree, 5), "(3B:1 (2B:1 (1R:1 . .) .) (4B:1 . .))");
  EXPECT_EQ(pop_text(tree, 4), "(2B:1 (1B:1 . .) (3B:1 . .))");
  EXPECT_EQ(pop_text(tree, 3), "(2B:1 (1R:1 . .) .)");
  EXPECT_EQ(pop_text(tree, 2), "(1B:1 . .)");
  EXPECT_EQ(pop_text(tree, 1), ".");
}

// Inner grandchildren on both sides, and inserts after erasing.
TEST(MsgTreeShape, MixedOrderThenInsertAgain) {
  MsgTree tree;
  insert_all(tree, {5, 2, 8, 1, 3, 7, 9, 4, 6});
  EXPECT_EQ(tree_text(tree),
            "(5B:1 (2R:1 (1B:1 . .) (3B:1 . (4R:1 . .))) (8R:1 (7B:1 (6R:1 . .) .) (9B:1 . .)))");
  EXPECT_EQ(pop_text(tree, 9),
            "(5B:1 (2R:1 (1B:1 . .) (3B:1 . (4R:1 . .))) (7R:1 (6B:1 . .) (8B:1 . .)))");
  EXPECT_EQ(pop_text(tree, 8), "(5B:1 (2R:1 (1B:1 . .) (3B:1 . (4R:1 . .))) (7B:1 (6R:1 . .) .))");
  EXPECT_EQ(pop_text(tree, 7), "(5B:1 (2R:1 (1B:1 . .) (3B:1 . (4R:1 . .))) (6B:1 . .))");
  EXPECT_EQ(pop_text(tree, 6), "(2B:1 (1B:1 . .) (4R:1 (3B:1 . .) (5B:1 . .)))");
  insert_all(tree, {9});
  EXPECT_EQ(tree_text(tree), "(2B:1 (1B:1 . .) (4R:1 (3B:1 . .) (5B:1 . (9R:1 . .))))");
  insert_all(tree, {7});
  EXPECT_EQ(tree_text(tree), "(2B:1 (1B:1 . .) (4R:1 (3B:1 . .) (7B:1 (5R:1 . .) (9R:1 . .))))");
}

// One node per priority: a second message of a priority changes no shape.
TEST(MsgTree, EqualPrioritiesShareANode) {
  MsgTree tree;
  EXPECT_TRUE(tree.insert(message(3, 1)));
  EXPECT_FALSE(tree.insert(message(3, 2)));
  EXPECT_FALSE(tree.insert(message(3, 0)));
  EXPECT_EQ(tree_text(tree), "(3B:1,2,0 . .)");
  EXPECT_EQ(tree.size(), 3U);
}

// Within a priority the oldest message leaves first, and the node stays until its last one has
// left.
TEST(MsgTree, PopTakesTheOldestOfTheGreatestPriority) {
  MsgTree tree;
  for (const u64 len : {1U, 2U}) {
    tree.insert(message(3, len));
    tree.insert(message(9, len));
  }
  for (const auto& [text, erased] :
       {std::pair{"9/1", false}, {"9/2", true}, {"3/1", false}, {"3/2", true}}) {
    const MsgTreePop popped = tree.pop();
    EXPECT_EQ(fmt::format("{}/{}", popped.message.prio, popped.message.text.len()), text);
    EXPECT_EQ(popped.erased_node, erased);
  }
  EXPECT_TRUE(tree.empty());
  EXPECT_EQ(tree.rightmost(), kNoMsgNode);
}

// Both ends of the range of priorities have their place; 32768 nodes are the most there can be.
TEST(MsgTree, HoldsEveryPriorityAtOnce) {
  MsgTree tree;
  for (u32 i = 0; i < kMqPrioMax; ++i) {
    EXPECT_TRUE(tree.insert(message(i * 12345 % kMqPrioMax, 0)));
  }
  EXPECT_EQ(tree.broken_invariant(), std::nullopt);
  for (u32 i = kMqPrioMax; i-- > 0;) {
    ASSERT_EQ(tree.pop().message.prio, i);
  }
  EXPECT_TRUE(tree.empty());
  EXPECT_EQ(tree.broken_invariant(), std::nullopt);
}

// What is compared is the tree, not the places that its nodes and messages have in memory.
TEST(MsgTree, EqualityAndHashIgnoreHowTheTreeCameAbout) {
  MsgTree straight;
  insert_all(straight, {1, 2});
  MsgTree detour;
  insert_all(detour, {7, 8, 9});
  for (int i = 0; i < 3; ++i) {
    (void)detour.pop();
  }
  insert_all(detour, {1, 2});
  EXPECT_EQ(straight, detour);
  EXPECT_EQ(hash_of(straight), hash_of(detour));
}

// The same priorities in another order can have another shape, which the kernel would show.
TEST(MsgTree, EqualityAndHashSeeTheShape) {
  MsgTree up;
  insert_all(up, {1, 2});
  MsgTree down;
  insert_all(down, {2, 1});
  EXPECT_NE(tree_text(up), tree_text(down));
  EXPECT_FALSE(up == down);
  EXPECT_NE(hash_of(up), hash_of(down));
}

// Texts count too, also where their lengths are equal.
TEST(MsgTree, EqualityAndHashSeeTheTexts) {
  MsgTree a;
  a.insert({.prio = 1, .text = Payload::of_bytes("left")});
  MsgTree b;
  b.insert({.prio = 1, .text = Payload::of_bytes("lift")});
  EXPECT_FALSE(a == b);
  EXPECT_NE(hash_of(a), hash_of(b));
}

// A copy is a value of its own.
TEST(MsgTree, CopySharesNothing) {
  MsgTree tree;
  insert_all(tree, {5, 2, 8});
  const MsgTree copy = tree;
  (void)tree.pop();
  tree.insert(message(1, 4));
  EXPECT_EQ(tree_text(copy), "(5B:1 (2R:1 . .) (8R:1 . .))");
  EXPECT_EQ(copy.broken_invariant(), std::nullopt);
}

}  // namespace
}  // namespace ipcsim
