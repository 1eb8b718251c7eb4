#include "model/base/page_pool.hpp"

namespace ipcsim {

void PagePool::more() {
  free_.push_back(PageId{count_++});
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
