// Comparing, hashing and checking a whole MsgTree.
#include <fmt/format.h>

#include "model/mqueue/msg_tree.hpp"

namespace ipcsim {
namespace {

bool same_messages(const MsgTree& a, MsgId i, const MsgTree& b, MsgId j) {
  for (; i != kNoMsg && j != kNoMsg; i = a.next(i), j = b.next(j)) {
    if (!(a.text(i) == b.text(j))) {
      return false;
    }
  }
  return i == j;
}

// With the children a node has, the sequence of nodes in preorder determines the tree.
bool same_node(const MsgTree& a, const MsgTreeNode& x, const MsgTree& b, const MsgTreeNode& y) {
  return x.priority == y.priority && x.color == y.color &&
         (x.left() == kNoMsgNode) == (y.left() == kNoMsgNode) &&
         (x.right() == kNoMsgNode) == (y.right() == kNoMsgNode) &&
         same_messages(a, x.first, b, y.first);
}

}  // namespace

bool operator==(const MsgTree& a, const MsgTree& b) {
  if (a.size() != b.size()) {
    return false;
  }
  MsgNodeId i = a.root();
  MsgNodeId j = b.root();
  for (; i != kNoMsgNode && j != kNoMsgNode; i = a.next_preorder(i), j = b.next_preorder(j)) {
    if (!same_node(a, a.node(i), b, b.node(j))) {
      return false;
    }
  }
  return i == j;
}

void MsgTree::hash_into(Hasher& hasher) const {
  hasher.add(size_);
  for (MsgNodeId id = root_; id != kNoMsgNode; id = next_preorder(id)) {
    const MsgTreeNode& here = node(id);
    hasher.add(here.priority);
    hasher.add(here.color);
    hasher.add(here.left() != kNoMsgNode);
    hasher.add(here.right() != kNoMsgNode);
    for (MsgId msg = here.first; msg != kNoMsg; msg = next(msg)) {
      ipcsim::hash_into(hasher, text(msg));
    }
    hasher.add(kNoMsg);
  }
}

/// Walks a tree that may be broken in any way: no link is followed before it was looked at. A node
/// is met once, because it is the only one of its parent's children that is this node, and the root
/// has no parent.
class MsgTreeChecker {
 public:
  explicit MsgTreeChecker(const MsgTree& tree) : tree_(tree) {}

  std::optional<std::string> run() {
    if (tree_.root_ != kNoMsgNode) {
      if (!valid(tree_.root_)) {
        return "the root is a node";
      }
      if (tree_.node(tree_.root_).parent != kNoMsgNode) {
        return "the root has no parent";
      }
      if (tree_.node(tree_.root_).color != RbColor::kBlack) {
        return "the root is black";
      }
      if (auto broken = walk()) {
        return broken;
      }
    }
    if (tree_.rightmost_ != greatest_) {
      return "rightmost is the node of the greatest priority";
    }
    if (tree_.size_ != messages_) {
      return fmt::format("size {} is the number of messages in lists {}", tree_.size_, messages_);
    }
    return free_lists();
  }

 private:
  enum class From : u8 { kParent, kLeft, kRight };

  bool valid(MsgNodeId id) const { return id.v < tree_.nodes_.size(); }
  bool valid(MsgId id) const { return id.v < tree_.msgs_.size(); }

  // Down the left part, the node, down the right part, up: by the parent links, which enter()
  // proved.
  std::optional<std::string> walk() {
    MsgNodeId at = tree_.root_;
    u32 blacks = 0;
    for (From from = From::kParent;;) {
      const MsgTreeNode& node = tree_.node(at);
      MsgNodeId next = kNoMsgNode;
      if (from == From::kParent) {
        blacks += node.color == RbColor::kBlack ? 1 : 0;
        if (auto broken = enter(at, blacks)) {
          return broken;
        }
        next = node.left();
      } else if (from == From::kLeft) {
        if (auto broken = between(at)) {
          return broken;
        }
        next = node.right();
      } else {
        blacks -= node.color == RbColor::kBlack ? 1 : 0;
        if (node.parent == kNoMsgNode) {
          return std::nullopt;
        }
        from = tree_.node(node.parent).right() == at ? From::kRight : From::kLeft;
        at = node.parent;
        continue;
      }
      if (next != kNoMsgNode) {
        at = next;
        from = From::kParent;
      } else {
        from = from == From::kParent ? From::kLeft : From::kRight;
      }
    }
  }

  // Before the parts of a node: its links, its colour, the height of the places where a part is
  // missing.
  std::optional<std::string> enter(MsgNodeId id, u32 blacks) {
    const MsgTreeNode& node = tree_.node(id);
    ++visited_;
    if (node.left() == node.right() && node.left() != kNoMsgNode) {
      return fmt::format("priority {}: the children are two nodes", node.priority);
    }
    for (const MsgNodeId child : node.child) {
      if (child == kNoMsgNode) {
        if (!height_) {
          height_ = blacks;
        } else if (*height_ != blacks) {
          return fmt::format("priority {}: {} black nodes down to a missing child, everywhere {}",
                             node.priority, blacks, *height_);
        }
        continue;
      }
      if (!valid(child) || tree_.node(child).parent != id) {
        return fmt::format("priority {}: a child has its parent as parent", node.priority);
      }
      if (node.color == RbColor::kRed && tree_.node(child).color == RbColor::kRed) {
        return fmt::format("priority {}: a red node has black children", node.priority);
      }
    }
    return list(node);
  }

  std::optional<std::string> between(MsgNodeId id) {
    const MsgTreeNode& node = tree_.node(id);
    if (greatest_ != kNoMsgNode && tree_.node(greatest_).priority >= node.priority) {
      return fmt::format("priority {} is greater than {} before it", node.priority,
                         tree_.node(greatest_).priority);
    }
    greatest_ = id;
    return std::nullopt;
  }

  std::optional<std::string> list(const MsgTreeNode& node) {
    MsgId last = kNoMsg;
    for (MsgId id = node.first; id != kNoMsg; id = tree_.next(id)) {
      if (!valid(id) || ++messages_ > tree_.msgs_.size()) {
        return fmt::format("priority {}: the list of messages has an end", node.priority);
      }
      last = id;
    }
    if (last == kNoMsg) {
      return fmt::format("priority {}: a node has a message", node.priority);
    }
    if (last != node.last) {
      return fmt::format("priority {}: the last message ends the list", node.priority);
    }
    return std::nullopt;
  }

  // Every cell of an arena is in the tree or free.
  std::optional<std::string> free_lists() {
    for (MsgNodeId id = tree_.free_nodes_; id != kNoMsgNode; id = tree_.node(id).parent) {
      if (!valid(id) || ++visited_ > tree_.nodes_.size()) {
        return "the list of free nodes has an end";
      }
    }
    for (MsgId id = tree_.free_msgs_; id != kNoMsg; id = tree_.next(id)) {
      if (!valid(id) || ++messages_ > tree_.msgs_.size()) {
        return "the list of free messages has an end";
      }
    }
    if (visited_ != tree_.nodes_.size() || messages_ != tree_.msgs_.size()) {
      return "every node and message is in the tree or free";
    }
    return std::nullopt;
  }

  const MsgTree& tree_;
  std::optional<u32> height_;        // black nodes from the root to any missing child
  MsgNodeId greatest_ = kNoMsgNode;  // the last one in order, so far
  std::size_t visited_ = 0;          // nodes
  std::size_t messages_ = 0;
};

std::optional<std::string> MsgTree::broken_invariant() const { return MsgTreeChecker{*this}.run(); }

}  // namespace ipcsim
