#include "tests/model_mqueue/textbook_tree.hpp"

#include <fmt/format.h>

namespace ipcsim {

std::string TextbookTree::text(const Node* node) const {
  return node == &nil_ ? "."
                       : fmt::format("({}{} {} {})", node->key, node->red ? 'R' : 'B',
                                     text(node->left), text(node->right));
}

void TextbookTree::rotate_left(Node* x) {
  Node* y = x->right;
  x->right = y->left;
  if (y->left != &nil_) {
    y->left->parent = x;
  }
  y->parent = x->parent;
  if (x->parent == &nil_) {
    root_ = y;
  } else if (x == x->parent->left) {
    x->parent->left = y;
  } else {
    x->parent->right = y;
  }
  y->left = x;
  x->parent = y;
}

void TextbookTree::rotate_right(Node* x) {
  Node* y = x->left;
  x->left = y->right;
  if (y->right != &nil_) {
    y->right->parent = x;
  }
  y->parent = x->parent;
  if (x->parent == &nil_) {
    root_ = y;
  } else if (x == x->parent->right) {
    x->parent->right = y;
  } else {
    x->parent->left = y;
  }
  y->right = x;
  x->parent = y;
}

void TextbookTree::insert(u32 key) {
  nodes_.push_back({key, true, &nil_, &nil_, &nil_});
  Node* z = &nodes_.back();
  for (Node* x = root_; x != &nil_; x = key < x->key ? x->left : x->right) {
    z->parent = x;
  }
  if (z->parent == &nil_) {
    root_ = z;
  } else if (key < z->parent->key) {
    z->parent->left = z;
  } else {
    z->parent->right = z;
  }
  insert_fixup(z);
}

void TextbookTree::insert_fixup(Node* z) {
  while (z->parent->red) {
    const bool left = z->parent == z->parent->parent->left;
    Node* uncle = left ? z->parent->parent->right : z->parent->parent->left;
    if (uncle->red) {
      z->parent->red = false;
      uncle->red = false;
      z->parent->parent->red = true;
      z = z->parent->parent;
      continue;
    }
    if (z == (left ? z->parent->right : z->parent->left)) {
      z = z->parent;
      left ? rotate_left(z) : rotate_right(z);
    }
    z->parent->red = false;
    z->parent->parent->red = true;
    left ? rotate_right(z->parent->parent) : rotate_left(z->parent->parent);
  }
  root_->red = false;
}

void TextbookTree::transplant(Node* from, Node* to) {
  if (from->parent == &nil_) {
    root_ = to;
  } else if (from == from->parent->left) {
    from->parent->left = to;
  } else {
    from->parent->right = to;
  }
  to->parent = from->parent;
}

void TextbookTree::erase(u32 key) {
  Node* z = root_;
  while (z->key != key) {
    z = key < z->key ? z->left : z->right;
  }
  Node* y = z;         // leaves its place
  Node* x = z->right;  // comes there
  if (z->left != &nil_ && z->right != &nil_) {
    for (y = z->right; y->left != &nil_;) {
      y = y->left;
    }
    x = y->right;
  } else if (z->right == &nil_) {
    x = z->left;
  }
  const bool lost_black = !y->red;
  if (y == z) {
    transplant(z, x);
  } else {
    if (y->parent == z) {
      x->parent = y;
    } else {
      transplant(y, x);
      y->right = z->right;
      y->right->parent = y;
    }
    transplant(z, y);
    y->left = z->left;
    y->left->parent = y;
    y->red = z->red;
  }
  if (lost_black) {
    erase_fixup(x);
  }
  nodes_.remove_if([z](const Node& node) { return &node == z; });
}

void TextbookTree::erase_fixup(Node* x) {
  while (x != root_ && !x->red) {
    const bool left = x == x->parent->left;
    const auto towards = [&](Node* node) { left ? rotate_left(node) : rotate_right(node); };
    const auto away = [&](Node* node) { left ? rotate_right(node) : rotate_left(node); };
    const auto sibling = [&] { return left ? x->parent->right : x->parent->left; };
    Node* w = sibling();
    if (w->red) {
      w->red = false;
      x->parent->red = true;
      towards(x->parent);
      w = sibling();
    }
    if (!w->left->red && !w->right->red) {
      w->red = true;
      x = x->parent;
      continue;
    }
    if (!(left ? w->right : w->left)->red) {
      (left ? w->left : w->right)->red = false;
      w->red = true;
      away(w);
      w = sibling();
    }
    w->red = x->parent->red;
    x->parent->red = false;
    (left ? w->right : w->left)->red = false;
    towards(x->parent);
    x = root_;
  }
  x->red = false;
}

}  // namespace ipcsim
