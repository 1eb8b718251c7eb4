#include "model/base/page_pool.hpp"

namespace ipcsim {

PageId PagePool::alloc() {
  PageId page = free_;
  if (page == kNoPage) {
    page = PageId{static_cast<u32>(entries_.size())};
    entries_.push_back(
        {.bytes = contents_ == Contents::kKept ? PageBytes(page_size_) : PageBytes()});
  } else {
    free_ = std::exchange(entries_[page.v].next_free, kNoPage);
  }
  entries_[page.v].refcount = 1;
  entries_[page.v].serial = allocated_++;
  ++live_;
  return page;
}

void PagePool::put(PageId page) {
  Entry& e = entry(page);
  if (--e.refcount == 0) {
    e.next_free = std::exchange(free_, page);
    --live_;
  }
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
