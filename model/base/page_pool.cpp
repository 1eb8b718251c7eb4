#include "model/base/page_pool.hpp"

#include <algorithm>

namespace ipcsim {

std::vector<PageBytes> PageBytes::neighbours(u32 count, u32 size) {
  const std::size_t bytes = std::size_t{count} * size;
  auto* memory = new Memory{.bytes = static_cast<std::byte*>(::operator new(bytes, kCacheLine)),
                            .pages = count};
  std::memset(memory->bytes, 0, bytes);
  std::vector<PageBytes> pages(count);
  for (u32 i = 0; i < count; ++i) {
    pages[i].block_ = new Block{.owners = 1,
                                .size = size,
                                .bytes = memory->bytes + std::size_t{i} * size,
                                .memory = memory};
  }
  return pages;
}

void PageBytes::unshare() {
  PageBytes own = std::move(neighbours(1, block_->size).front());
  std::memcpy(own.block_->bytes, block_->bytes, block_->size);
  std::swap(block_, own.block_);
}

void PageBytes::release(Block* block) {
  if (--block->memory->pages == 0) {
    ::operator delete(block->memory->bytes, kCacheLine);
    delete block->memory;
  }
  delete block;
}

void PagePool::more() {
  if (contents_ == Contents::kLengthsOnly) {
    free_.push_back(PageId{count_++});
    entries_.emplace_back();
    return;
  }
  // As many as there are: a small system, of which there are many copies, has few.
  constexpr u32 kMostNeighbours = 16;
  for (PageBytes& bytes :
       PageBytes::neighbours(std::clamp(count_, 1U, kMostNeighbours), page_size_)) {
    free_.push_back(PageId{count_++});
    entries_.push_back({.bytes = std::move(bytes)});
  }
  std::reverse(free_.begin(), free_.end());  // it was empty; the lowest goes first
}

void PagePool::hash_into(Hasher& hasher) const {
  for (const Entry& e : entries_) {
    hasher.add(e.refcount);
    if (e.refcount > 0) {
      hasher.add(e.bytes.read());
    }
  }
}

void PagePool::hash_into(Hasher& hasher, const std::vector<bool>& left_out) const {
  for (u32 i = 0; i < entries_.size(); ++i) {
    const Entry& e = entries_[i];
    if (e.refcount > 0 && !(i < left_out.size() && left_out[i])) {
      hasher.add(i);
      hasher.add(e.refcount);
      hasher.add(e.bytes.read());
    }
  }
}

}  // namespace ipcsim
