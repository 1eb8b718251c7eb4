#include "sim/kernel/address_space.hpp"

#include <algorithm>
#include <cstring>

#include <range/v3/algorithm/find_if.hpp>

namespace ipcsim {
namespace {

NamedPage* find(AddressSpace& mm, std::string_view name, u32 index) {
  const auto page = ranges::find_if(
      mm.pages, [&](const NamedPage& p) { return p.index == index && p.name == name; });
  return page == mm.pages.end() ? nullptr : &*page;
}

/// The page to store in.
PageId page_for_store(AddressSpace& mm, std::string_view name, u32 index, PagePool& pages) {
  NamedPage* entry = find(mm, name, index);
  if (entry == nullptr) {
    const PageId page = pages.alloc();
    if (std::byte* bytes = pages.write(page)) {
      std::memset(bytes, 0, pages.page_size());
    }
    mm.pages.push_back({.name = std::string(name), .index = index, .page = page});
    return page;
  }
  if (!entry->exclusive && pages.refcount(entry->page) > 1) {
    const PageId copy = pages.alloc();
    if (std::byte* bytes = pages.write(copy)) {
      std::memcpy(bytes, pages.read(entry->page), pages.page_size());
    }
    pages.put(entry->page);
    entry->page = copy;
  }
  entry->exclusive = true;
  return entry->page;
}

}  // namespace

void AddressSpace::hash_into(Hasher& hasher) const {
  hasher.add(users);
  for (const NamedPage& page : pages) {
    hasher.add(std::as_bytes(std::span{page.name}));
    hasher.add(page.index);
    hasher.add(page.page);
    hasher.add(page.exclusive);
  }
}

PageId find_page(const AddressSpace& mm, std::string_view name, u32 index) {
  const NamedPage* page = find(const_cast<AddressSpace&>(mm), name, index);
  return page == nullptr ? kNoPage : page->page;
}

void store(AddressSpace& mm, std::string_view name, u64 offset, const Payload& bytes,
           PagePool& pages) {
  const u64 page_size = pages.page_size();
  for (u64 done = 0; done < bytes.len();) {
    const u64 at = (offset + done) % page_size;
    const u64 part = std::min(bytes.len() - done, page_size - at);
    const u32 index = static_cast<u32>((offset + done) / page_size);
    if (std::byte* to = pages.write(page_for_store(mm, name, index, pages))) {
      bytes.copy(done, {to + at, part});
    }
    done += part;
  }
}

AddressSpace fork_memory(AddressSpace& mm, PagePool& pages) {
  for (NamedPage& page : mm.pages) {
    page.exclusive = false;
    pages.get(page.page);
  }
  AddressSpace copy = mm;
  copy.users = 1;
  return copy;
}

void drop_memory(AddressSpace& mm, PagePool& pages) {
  for (const NamedPage& page : mm.pages) {
    pages.put(page.page);
  }
  mm.pages.clear();
}

}  // namespace ipcsim
