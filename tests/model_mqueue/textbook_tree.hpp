// A red-black tree as a textbook has it (Cormen, Leiserson, Rivest, Stein: both sides, any key),
// slow and obvious: the gold standard for MsgTree's shapes.
#pragma once

#include <list>
#include <string>

#include "model/base/types.hpp"

namespace ipcsim {

class TextbookTree {
 public:
  void insert(u32 key);
  void erase(u32 key);
  /// "(4B (2R . .) .)"
  [[nodiscard]] std::string text() const { return text(root_); }

 private:
  struct Node {
    u32 key = 0;
    bool red = false;
    Node* parent = nullptr;
    Node* left = nullptr;
    Node* right = nullptr;
  };

  [[nodiscard]] std::string text(const Node* node) const;
  void rotate_left(Node* x);
  void rotate_right(Node* x);
  void transplant(Node* from, Node* to);
  void insert_fixup(Node* z);
  void erase_fixup(Node* x);

  std::list<Node> nodes_;  // addresses stay
  Node nil_;               // every missing child and the root's parent
  Node* root_ = &nil_;
};

}  // namespace ipcsim
