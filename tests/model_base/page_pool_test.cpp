// Pages: counted references, contents shared between copies of a state.
#include "model/base/page_pool.hpp"

#include <gtest/gtest.h>

namespace ipcsim {
namespace {

constexpr u32 kSize = 4096;

u64 hash_of(const PagePool& pool) {
  Hasher hasher;
  pool.hash_into(hasher);
  return hasher.value();
}

// page->_refcount decides whether a released page may be kept.
TEST(PagePool, CountsReferences) {
  PagePool pool(kSize, Contents::kKept);
  const PageId page = pool.alloc();
  EXPECT_EQ(pool.refcount(page), 1U);
  pool.get(page);
  EXPECT_EQ(pool.refcount(page), 2U);
  pool.put(page);
  EXPECT_EQ(pool.refcount(page), 1U);
  EXPECT_TRUE(pool.contains(page));
}

// A leak shows as a live page.
TEST(PagePool, CountsLivePages) {
  PagePool pool(kSize, Contents::kKept);
  const PageId a = pool.alloc();
  const PageId b = pool.alloc();
  EXPECT_EQ(pool.live(), 2U);
  pool.put(a);
  EXPECT_EQ(pool.live(), 1U);
  EXPECT_FALSE(pool.contains(a));
  pool.put(b);
  EXPECT_EQ(pool.live(), 0U);
}

// A long run does not grow: the page freed last is handed out first.
TEST(PagePool, ReusesFreedPages) {
  PagePool pool(kSize, Contents::kKept);
  const PageId a = pool.alloc();
  const PageId b = pool.alloc();
  pool.put(a);
  pool.put(b);
  EXPECT_EQ(pool.alloc(), b);
  EXPECT_EQ(pool.alloc(), a);
  EXPECT_EQ(pool.alloc(), PageId{2});
}

// A number that no page has is asked about, too: by the check of the invariants.
TEST(PagePool, ContainsOnlyWhatItGaveOut) {
  const PagePool pool(kSize, Contents::kKept);
  EXPECT_FALSE(pool.contains(PageId{0}));
  EXPECT_FALSE(pool.contains(kNoPage));
}

// Using a freed page is an error of this program and stops it.
TEST(PagePoolDeathTest, StopsWhenAFreedPageIsUsed) {
  PagePool pool(kSize, Contents::kKept);
  const PageId page = pool.alloc();
  pool.put(page);
  EXPECT_DEATH(pool.put(page), "check failed: contains");
}

// State is a value: a write in one copy of a system is not seen in the other.
TEST(PagePool, CopiesOnWrite) {
  PagePool pool(kSize, Contents::kKept);
  const PageId page = pool.alloc();
  pool.write(page)[7] = std::byte{1};
  PagePool copy = pool;
  EXPECT_EQ(copy.read(page), pool.read(page));  // shared until written
  copy.write(page)[7] = std::byte{2};
  EXPECT_EQ(pool.read(page)[7], std::byte{1});
  EXPECT_EQ(copy.read(page)[7], std::byte{2});
}

// The last copy that has a page writes to it in place.
TEST(PagePool, WritesInPlaceWhenItHasThePageAlone) {
  PagePool pool(kSize, Contents::kKept);
  const PageId page = pool.alloc();
  {
    const PagePool copy = pool;
  }
  const std::byte* before = pool.read(page);
  EXPECT_EQ(pool.write(page), before);
}

// Counts of a copy are its own.
TEST(PagePool, CopiesCountSeparately) {
  PagePool pool(kSize, Contents::kKept);
  const PageId page = pool.alloc();
  PagePool copy = pool;
  copy.put(page);
  EXPECT_EQ(pool.refcount(page), 1U);
  EXPECT_EQ(copy.live(), 0U);
}

// Pages are compared by what is in them, not by where it is.
TEST(PagePool, EqualsByContents) {
  PagePool a(kSize, Contents::kKept);
  PagePool b(kSize, Contents::kKept);
  const PageId page = a.alloc();
  EXPECT_EQ(b.alloc(), page);
  EXPECT_EQ(a, b);
  EXPECT_EQ(hash_of(a), hash_of(b));
  a.write(page)[4095] = std::byte{9};
  EXPECT_NE(a, b);
  EXPECT_NE(hash_of(a), hash_of(b));
  b.write(page)[4095] = std::byte{9};
  EXPECT_EQ(a, b);
  EXPECT_EQ(hash_of(a), hash_of(b));
}

// Sweeps and exploration run without contents: only counts are left.
TEST(PagePool, KeepsNoBytesWhenAskedNotTo) {
  PagePool pool(kSize, Contents::kLengthsOnly);
  const PageId page = pool.alloc();
  EXPECT_EQ(pool.read(page), nullptr);
  EXPECT_EQ(pool.write(page), nullptr);
  EXPECT_EQ(pool.refcount(page), 1U);
}

// A page keeps what the last user left in it: nobody clears pages between uses.
TEST(PagePool, DoesNotClearReusedPages) {
  PagePool pool(kSize, Contents::kKept);
  const PageId page = pool.alloc();
  pool.write(page)[0] = std::byte{'x'};
  pool.put(page);
  EXPECT_EQ(pool.alloc(), page);
  EXPECT_EQ(pool.read(page)[0], std::byte{'x'});
}

}  // namespace
}  // namespace ipcsim
