// The messages of a queue: a red-black tree of priorities, each with its messages in order of
// arrival.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "model/base/hash.hpp"
#include "model/base/payload.hpp"
#include "model/base/types.hpp"
#include "model/mqueue/mq_message.hpp"

namespace ipcsim {

/// Names a node of one `MsgTree`. Numbers are reused; they say nothing about place or age.
/// 16 bits are enough: there is at most one node for each of kMqPrioMax priorities.
using MsgNodeId = Strong<struct MsgNodeTag, u16>;
inline constexpr MsgNodeId kNoMsgNode{0xffff};
/// Names a message of one `MsgTree`, likewise.
using MsgId = Strong<struct MsgTag, u32>;
inline constexpr MsgId kNoMsg{0xffffffffU};

/// Colour of a node, numbered as bit 0 of the kernel's `__rb_parent_color` (RB_RED, RB_BLACK).
enum class RbColor : u16 { kRed = 0, kBlack = 1 };

/// Which child of its parent a node is; also the index into `MsgTreeNode::child`.
enum class RbSide : u16 { kLeft = 0, kRight = 1 };

/// One priority with its messages (`struct posix_msg_tree_node`).
struct MsgTreeNode {
  std::array<MsgNodeId, 2> child{kNoMsgNode, kNoMsgNode};  ///< rb_left, rb_right
  MsgNodeId parent = kNoMsgNode;
  u16 priority : 15 = 0;  ///< 0 .. kMqPrioMax - 1
  RbColor color : 1 = RbColor::kRed;
  MsgId first = kNoMsg;  ///< oldest message: the next to leave
  MsgId last = kNoMsg;   ///< newest message

  [[nodiscard]] MsgNodeId left() const { return child[0]; }
  [[nodiscard]] MsgNodeId right() const { return child[1]; }
};
static_assert(sizeof(MsgTreeNode) == 16);

/// What MsgTree::pop() takes out.
struct MsgTreePop {
  MqMessage message;
  bool erased_node = false;  ///< it was the last message of its priority
};

/// The tree of a queue (`msg_tree` with `msg_tree_rightmost`): one node for each priority that has
/// a message. Shape and colours are those of the kernel's tree after the same operations. A value:
/// copies share nothing, and two trees are equal when shape, colours and messages are, however
/// their arenas were filled. Costs O(log priorities) for insert() and O(1) amortised for pop();
/// neither allocates once the arenas have grown to the number of messages present at a time.
class MsgTree {
 public:
  [[nodiscard]] bool empty() const { return root_ == kNoMsgNode; }
  /// Messages in the tree.
  [[nodiscard]] u32 size() const { return size_; }
  /// The top node, or kNoMsgNode.
  [[nodiscard]] MsgNodeId root() const { return root_; }
  /// The node of the greatest priority, or kNoMsgNode.
  [[nodiscard]] MsgNodeId rightmost() const { return rightmost_; }
  /// REQUIRES: `id` is in the tree, here and below.
  [[nodiscard]] const MsgTreeNode& node(MsgNodeId id) const { return nodes_[id.v]; }
  /// The node after `id` in preorder (a node, its left part, its right part), or kNoMsgNode.
  [[nodiscard]] MsgNodeId next_preorder(MsgNodeId id) const;
  [[nodiscard]] const Payload& text(MsgId id) const { return msgs_[id.v].text; }
  /// The message that came after `id` at the same priority, or kNoMsg.
  [[nodiscard]] MsgId next(MsgId id) const { return msgs_[id.v].next; }

  /// Appends `message` to its priority's list, making the node if there is none. True when a node
  /// was made. REQUIRES: message.prio < kMqPrioMax.
  /// Linux ipc/mqueue.c: msg_insert(), lib/rbtree.c: rb_insert_color().
  bool insert(MqMessage&& message);

  /// Takes the oldest message of the greatest priority. A node without messages is erased, and its
  /// predecessor becomes the rightmost. REQUIRES: !empty().
  /// Linux ipc/mqueue.c: msg_get(), msg_tree_erase(), lib/rbtree.c: rb_erase().
  [[nodiscard]] MsgTreePop pop();

  friend bool operator==(const MsgTree& a, const MsgTree& b);
  /// Adds what `==` compares.
  void hash_into(Hasher& hasher) const;
  /// The first broken rule in words, or nothing: parent links, order, red-red, black height,
  /// rightmost, lists, counts.
  [[nodiscard]] std::optional<std::string> broken_invariant() const;

 private:
  friend class MsgTreeChecker;
  friend struct MsgTreeTestPeer;  // breaks trees, to test the checker

  struct Msg {
    Payload text;
    MsgId next = kNoMsg;  // of the list, or of the free messages
  };

  [[nodiscard]] MsgTreeNode& at(MsgNodeId id) { return nodes_[id.v]; }
  [[nodiscard]] MsgNodeId& child(MsgNodeId id, RbSide side) {
    return nodes_[id.v].child[static_cast<u16>(side)];
  }
  [[nodiscard]] bool is_red(MsgNodeId id) const {
    return id != kNoMsgNode && nodes_[id.v].color == RbColor::kRed;
  }
  void more_msgs();
  void more_nodes();
  [[nodiscard]] MsgId new_msg(Payload&& text);
  [[nodiscard]] MsgNodeId new_node(u32 priority, MsgId msg, MsgNodeId parent);
  [[nodiscard]] MsgNodeId find_place(u32 priority, RbSide& side) const;
  void append(MsgNodeId id, MsgId msg);
  void replace_child(MsgNodeId parent, MsgNodeId from, MsgNodeId to);
  void rotate(MsgNodeId down, RbSide side);
  void insert_fixup(MsgNodeId z);
  void erase_rightmost();
  void erase_fixup(MsgNodeId parent);

  std::vector<MsgTreeNode> nodes_;
  std::vector<Msg> msgs_;
  MsgNodeId root_ = kNoMsgNode;
  MsgNodeId rightmost_ = kNoMsgNode;
  MsgNodeId free_nodes_ = kNoMsgNode;  // linked through `parent`
  MsgId free_msgs_ = kNoMsg;           // linked through `next`
  u32 size_ = 0;                       // messages in the tree
};

}  // namespace ipcsim
