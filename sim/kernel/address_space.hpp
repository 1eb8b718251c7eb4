// The memory of a process, as far as vmsplice() hands it to pipes: pages under names.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/hash.hpp"
#include "model/base/page_pool.hpp"
#include "model/base/payload.hpp"

namespace ipcsim {

/// One page of a process (`struct page` with its entry in the page table).
struct NamedPage {
  std::string name;
  u32 index = 0;  ///< first, second ... page of the memory of that name
  PageId page = kNoPage;
  /// Nobody else's: it may be stored to in place, whatever refers to it. fork() takes that away.
  /// Linux: PageAnonExclusive().
  bool exclusive = true;
  bool operator==(const NamedPage&) const = default;
};

/// `struct mm_struct`. Only pages that were stored to are there.
struct AddressSpace {
  u32 users = 1;  ///< tasks
  std::vector<NamedPage> pages;

  bool operator==(const AddressSpace&) const = default;
  void hash_into(Hasher& hasher) const;
};

/// The page, or kNoPage when nothing was stored in it yet.
[[nodiscard]] PageId find_page(const AddressSpace& mm, std::string_view name, u32 index);
/// Stores bytes in the memory `name` from `offset` on. A page that fork() shared is copied first,
/// unless nothing refers to it any more: what pipes have of it stays as it was.
/// Linux mm/memory.c: do_anonymous_page(), do_wp_page().
void store(AddressSpace& mm, std::string_view name, u64 offset, const Payload& bytes,
           PagePool& pages);
/// The memory of a child: the same pages until one side stores. Linux mm/memory.c:
/// copy_present_ptes().
[[nodiscard]] AddressSpace fork_memory(AddressSpace& mm, PagePool& pages);
/// Drops all pages. Linux mm/mmap.c: exit_mmap().
void drop_memory(AddressSpace& mm, PagePool& pages);

}  // namespace ipcsim
