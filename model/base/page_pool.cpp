#include "model/base/page_pool.hpp"

namespace ipcsim {

PageBytes::PageBytes(u32 size)
    : block_(new(::operator new(sizeof(Block) + size)) Block{.owners = 1, .size = size}) {
  std::memset(block_->bytes(), 0, size);
}

void PageBytes::unshare() {
  PageBytes own;
  own.block_ =
      new (::operator new(sizeof(Block) + block_->size)) Block{.owners = 1, .size = block_->size};
  std::memcpy(own.block_->bytes(), block_->bytes(), block_->size);
  std::swap(block_, own.block_);
}

/// Makes a page that was never handed out, free.
[[gnu::noinline]] void PagePool::more() {
  free_ = PageId{count_++};
  entries_.push_back({.bytes = contents_ == Contents::kKept ? PageBytes(page_size_) : PageBytes()});
}

void PagePool::hash_into(Hasher& hasher) const {
  for (const Entry& e : entries_) {
    hasher.add(e.refcount);
    if (e.refcount > 0) {
      hasher.add(e.bytes.read());
    }
  }
}

}  // namespace ipcsim
