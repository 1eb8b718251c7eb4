#include "model/mqueue/msg_tree.hpp"

#include <utility>

#include "model/base/check.hpp"

namespace ipcsim {
namespace {

constexpr RbSide other(RbSide side) {
  return side == RbSide::kLeft ? RbSide::kRight : RbSide::kLeft;
}

}  // namespace

MsgNodeId MsgTree::next_preorder(MsgNodeId id) const {
  const MsgTreeNode& from = node(id);
  if (from.left() != kNoMsgNode) {
    return from.left();
  }
  if (from.right() != kNoMsgNode) {
    return from.right();
  }
  // Up to the first ancestor whose right part is still to come.
  for (MsgNodeId up = from.parent; up != kNoMsgNode; id = up, up = node(up).parent) {
    const MsgNodeId right = node(up).right();
    if (right != kNoMsgNode && right != id) {
      return right;
    }
  }
  return kNoMsgNode;
}

// Kept apart from the way that a warm tree takes.
[[gnu::noinline, gnu::cold]] void MsgTree::more_msgs() {
  free_msgs_ = MsgId{static_cast<u32>(msgs_.size())};
  msgs_.emplace_back();
}

[[gnu::noinline, gnu::cold]] void MsgTree::more_nodes() {
  free_nodes_ = MsgNodeId{static_cast<u16>(nodes_.size())};
  nodes_.emplace_back();
}

inline MsgId MsgTree::new_msg(Payload&& text) {
  if (free_msgs_ == kNoMsg) [[unlikely]] {
    more_msgs();
  }
  const MsgId id = free_msgs_;
  Msg& msg = msgs_[id.v];
  free_msgs_ = msg.next;
  msg.text = std::move(text);
  msg.next = kNoMsg;
  return id;
}

inline MsgNodeId MsgTree::new_node(u32 priority, MsgId msg, MsgNodeId parent) {
  if (free_nodes_ == kNoMsgNode) [[unlikely]] {
    more_nodes();
  }
  const MsgNodeId id = free_nodes_;
  MsgTreeNode& node = at(id);
  free_nodes_ = node.parent;
  node.child[0] = kNoMsgNode;
  node.child[1] = kNoMsgNode;
  node.parent = parent;
  node.priority = priority & (kMqPrioMax - 1);
  node.color = RbColor::kRed;
  node.first = msg;
  node.last = msg;
  return id;
}

inline void MsgTree::append(MsgNodeId id, MsgId msg) {
  msgs_[at(id).last.v].next = msg;
  at(id).last = msg;
}

// The node of this priority, or else the one that gets a new node as child, and on which side.
inline MsgNodeId MsgTree::find_place(u32 priority, RbSide& side) const {
  side = RbSide::kRight;
  if (priority >= node(rightmost_).priority) {
    return rightmost_;  // a new maximum always hangs to the right of the old one
  }
  for (MsgNodeId id = root_;;) {
    const MsgTreeNode& here = node(id);
    if (here.priority == priority) {
      return id;
    }
    // Arithmetic instead of a branch: which side a priority goes to cannot be predicted.
    const u32 right = here.priority < priority;
    const u32 both = u32{here.left().v} ^ here.right().v;
    const MsgNodeId next{static_cast<u16>(here.left().v ^ (both & (0U - right)))};
    if (next == kNoMsgNode) {
      side = static_cast<RbSide>(right);
      return id;
    }
    id = next;
  }
}

bool MsgTree::insert(MqMessage&& message) {
  const u32 priority = message.prio;
  IPCSIM_CHECK(priority < kMqPrioMax);
  const MsgId msg = new_msg(std::move(message.text));
  ++size_;
  if (root_ == kNoMsgNode) {
    root_ = rightmost_ = new_node(priority, msg, kNoMsgNode);
    at(root_).color = RbColor::kBlack;
    return true;
  }
  RbSide side;
  const MsgNodeId place = find_place(priority, side);
  if (at(place).priority == priority) {
    append(place, msg);
    return false;
  }
  const MsgNodeId leaf = new_node(priority, msg, place);
  child(place, side) = leaf;
  if (place == rightmost_ && side == RbSide::kRight) {
    rightmost_ = leaf;
  }
  if (is_red(place)) {
    insert_fixup(leaf);
  }
  return true;
}

void MsgTree::replace_child(MsgNodeId parent, MsgNodeId from, MsgNodeId to) {
  if (parent == kNoMsgNode) {
    root_ = to;
  } else {
    at(parent).child[at(parent).right() == from ? 1 : 0] = to;
  }
}

// `down` sinks to `side`; its child on the other side takes its place and hands over its inner
// part.
void MsgTree::rotate(MsgNodeId down, RbSide side) {
  const MsgNodeId up = child(down, other(side));
  const MsgNodeId inner = child(up, side);
  child(down, other(side)) = inner;
  if (inner != kNoMsgNode) {
    at(inner).parent = down;
  }
  const MsgNodeId parent = at(down).parent;
  replace_child(parent, down, up);
  at(up).parent = parent;
  child(up, side) = down;
  at(down).parent = up;
}

// `z` is red and hangs where it belongs; a red parent is all that can be wrong.
void MsgTree::insert_fixup(MsgNodeId z) {
  for (;;) {
    const MsgNodeId parent = at(z).parent;
    if (parent == kNoMsgNode) {
      at(z).color = RbColor::kBlack;
      return;
    }
    if (at(parent).color == RbColor::kBlack) {
      return;
    }
    const MsgNodeId grand = at(parent).parent;  // exists: the root is black
    const RbSide outside = at(grand).right() == parent ? RbSide::kRight : RbSide::kLeft;
    const MsgNodeId uncle = child(grand, other(outside));
    if (is_red(uncle)) {
      at(parent).color = RbColor::kBlack;
      at(uncle).color = RbColor::kBlack;
      at(grand).color = RbColor::kRed;
      z = grand;
      continue;
    }
    MsgNodeId top = parent;
    if (child(parent, outside) != z) {  // an inner grandchild
      rotate(parent, outside);
      top = z;
    }
    rotate(grand, other(outside));
    at(top).color = RbColor::kBlack;
    at(grand).color = RbColor::kRed;
    return;
  }
}

MsgTreePop MsgTree::pop() {
  IPCSIM_CHECK(!empty());
  MsgTreeNode& greatest = at(rightmost_);
  const MsgId id = greatest.first;
  Msg& msg = msgs_[id.v];
  MsgTreePop popped{.message = {greatest.priority, std::move(msg.text)},
                    .erased_node = id == greatest.last};
  if (popped.erased_node) {
    erase_rightmost();
  } else {
    greatest.first = msg.next;
  }
  msg.next = free_msgs_;
  free_msgs_ = id;
  --size_;
  return popped;
}

void MsgTree::erase_rightmost() {
  const MsgNodeId gone = rightmost_;
  const MsgTreeNode& node = at(gone);
  const MsgNodeId parent = node.parent;
  const MsgNodeId left = node.left();
  if (parent == kNoMsgNode) {
    root_ = left;
  } else {
    at(parent).child[1] = left;
  }
  if (left != kNoMsgNode) {
    // Without a right part, a left part can only be one red leaf.
    at(left).parent = parent;
    at(left).color = node.color;
    rightmost_ = left;
  } else {
    rightmost_ = parent;
    if (node.color == RbColor::kBlack && parent != kNoMsgNode) {
      erase_fixup(parent);
    }
  }
  at(gone).parent = free_nodes_;
  free_nodes_ = gone;
}

// The right part of `parent` is one black node short. Only the maximum is ever erased, so the short
// part is a right one at every step up.
void MsgTree::erase_fixup(MsgNodeId parent) {
  for (;;) {
    MsgNodeId sibling = at(parent).left();  // exists: its part is at least one black node high
    if (is_red(sibling)) {
      rotate(parent, RbSide::kRight);
      at(sibling).color = RbColor::kBlack;
      at(parent).color = RbColor::kRed;
      sibling = at(parent).left();
    }
    const MsgNodeId outer = at(sibling).left();
    const MsgNodeId inner = at(sibling).right();
    if (!is_red(outer) && !is_red(inner)) {
      at(sibling).color = RbColor::kRed;
      if (is_red(parent)) {
        at(parent).color = RbColor::kBlack;
        return;
      }
      parent = at(parent).parent;
      if (parent == kNoMsgNode) {
        return;
      }
      continue;
    }
    MsgNodeId nephew = outer;  // goes up to the left of the new top, black
    if (!is_red(outer)) {
      rotate(sibling, RbSide::kLeft);
      nephew = std::exchange(sibling, inner);
    }
    rotate(parent, RbSide::kRight);
    at(sibling).color = at(parent).color;
    at(parent).color = RbColor::kBlack;
    at(nephew).color = RbColor::kBlack;
    return;
  }
}

}  // namespace ipcsim
