// The pages of a simulated system: counted references, contents shared between copies of a state.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "model/base/check.hpp"
#include "model/base/hash.hpp"
#include "model/base/table_memory.hpp"
#include "model/base/types.hpp"

namespace ipcsim {

/// Names a page of a `PagePool`. Numbers are reused after a page is freed.
using PageId = Strong<struct PageIdTag, u32>;
inline constexpr PageId kNoPage{0xffffffffU};

/// Whether page contents are kept, or only lengths.
enum class Contents : u8 { kKept, kLengthsOnly };

/// The bytes of one page. Copies share the bytes until one of them writes.
class PageBytes {
 public:
  PageBytes() = default;
  /// So many pages, all zeros, that lie one behind the other: a pipe is full of such, and a long
  /// copy costs less than many short ones.
  [[nodiscard]] static std::vector<PageBytes> neighbours(u32 count, u32 size);
  PageBytes(const PageBytes& other) : block_(other.block_) {
    if (block_ != nullptr) {
      ++block_->owners;
    }
  }
  PageBytes(PageBytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  PageBytes& operator=(PageBytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~PageBytes() {
    if (block_ != nullptr && --block_->owners == 0) {
      release(block_);
    }
  }

  [[nodiscard]] bool present() const { return block_ != nullptr; }
  [[nodiscard]] std::span<const std::byte> read() const {
    return block_ == nullptr ? std::span<const std::byte>{}
                             : std::span<const std::byte>{block_->bytes, block_->size};
  }
  /// The bytes to write to; makes them this copy's own first.
  [[nodiscard]] std::byte* write() {
    if (block_ == nullptr) {
      return nullptr;
    }
    if (block_->owners > 1) [[unlikely]] {
      unshare();
    }
    return block_->bytes;
  }
  friend bool operator==(const PageBytes& a, const PageBytes& b) {
    return a.block_ == b.block_ ||
           (a.block_ != nullptr && b.block_ != nullptr && a.block_->size == b.block_->size &&
            std::memcmp(a.block_->bytes, b.block_->bytes, a.block_->size) == 0);
  }

 private:
  static constexpr std::align_val_t kCacheLine{64};  // as pages are: copying is faster
  // The counts are not atomic: a state and its copies stay on one thread.
  struct Memory {
    std::byte* bytes;
    u32 pages;  // that somebody has
  };
  struct Block {
    u32 owners;
    u32 size;
    std::byte* bytes;
    Memory* memory;  // where they lie
  };
  void unshare();
  static void release(Block* block);

  Block* block_ = nullptr;
};

/// Hands out pages and counts the references to each (the kernel's `page->_refcount`).
class PagePool {
 public:
  /// `page_size` in bytes, a power of two.
  PagePool(u32 page_size, Contents contents) : page_size_(page_size), contents_(contents) {}

  [[nodiscard]] u32 page_size() const { return page_size_; }
  [[nodiscard]] Contents contents() const { return contents_; }
  /// Pages with at least one reference.
  [[nodiscard]] u32 live() const { return count_ - static_cast<u32>(free_.size()); }
  /// True when `page` has a reference.
  [[nodiscard]] bool contains(PageId page) const {
    return page.v < count_ && entries_[page.v].refcount > 0;
  }

  /// A page with one reference. Its contents are whatever they were before.
  [[nodiscard]] PageId alloc() {
    if (free_.empty()) [[unlikely]] {
      more();
    }
    const PageId page = free_.back();
    free_.pop_back();
    Entry& e = entries_[page.v];
    e.refcount = 1;
    e.serial = allocated_++;
    return page;
  }
  /// One more reference.
  void get(PageId page) { ++entry(page).refcount; }
  /// One reference less; the last one frees the page.
  void put(PageId page) {
    Entry& e = entry(page);
    if (--e.refcount == 0) {
      free_.push_back(page);
    }
  }
  [[nodiscard]] u32 refcount(PageId page) const { return entry(page).refcount; }
  /// True when the page has one reference only. REQUIRES: it has one.
  [[nodiscard, gnu::always_inline]] inline bool sole(PageId page) const {
    IPCSIM_CHECK(page.v < count_);
    return entries_[page.v].refcount == 1;
  }
  /// A number that no other page of this pool has or had. No part of what `==` compares.
  [[nodiscard]] u32 serial(PageId page) const { return entry(page).serial; }

  /// The page's bytes, or null when contents are not kept.
  [[nodiscard]] const std::byte* read(PageId page) const {
    return contents_ == Contents::kKept ? entry(page).bytes.read().data() : nullptr;
  }
  [[nodiscard]] std::byte* write(PageId page) {
    return contents_ == Contents::kKept ? entry(page).bytes.write() : nullptr;
  }

  /// Which of the free pages goes next does not count.
  friend bool operator==(const PagePool& a, const PagePool& b) {
    return a.page_size_ == b.page_size_ && a.contents_ == b.contents_ && a.entries_ == b.entries_;
  }
  /// Adds reference counts and contents of all live pages.
  void hash_into(Hasher& hasher) const;
  /// The same for the pages that `left_out` does not name (by number; it may be shorter).
  void hash_into(Hasher& hasher, const std::vector<bool>& left_out) const;

 private:
  struct Entry {
    u32 refcount = 0;
    u32 serial = 0;
    PageBytes bytes;
    friend bool operator==(const Entry& a, const Entry& b) {
      return a.refcount == b.refcount && a.bytes == b.bytes;
    }
  };
  [[nodiscard, gnu::always_inline]] inline Entry& entry(PageId page) {
    IPCSIM_CHECK(contains(page));
    return entries_[page.v];
  }
  [[nodiscard, gnu::always_inline]] inline const Entry& entry(PageId page) const {
    IPCSIM_CHECK(contains(page));
    return entries_[page.v];
  }

  /// Makes more pages, which are free.
  void more();

  u32 page_size_;
  Contents contents_;
  u32 allocated_ = 0;         // pages handed out so far
  u32 count_ = 0;             // entries_.size(), which would take a division
  std::vector<PageId> free_;  // the one that was freed last is used first
  std::vector<Entry, TableAllocator<Entry>> entries_;
};

}  // namespace ipcsim
