#include "tools/host/huge_pages.hpp"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

#include "model/base/table_memory.hpp"

namespace ipcsim {
namespace {

constexpr std::uintptr_t kPage = 4096;

/// Advice is for whole pages. It may be refused, and then it was only advice.
void advise(void* start, std::size_t bytes) {
  const auto begin = (reinterpret_cast<std::uintptr_t>(start) + kPage - 1) & ~(kPage - 1);
  const auto end = (reinterpret_cast<std::uintptr_t>(start) + bytes) & ~(kPage - 1);
  static_cast<void>(madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
}

}  // namespace

void use_huge_pages() { large_table_made = &advise; }

}  // namespace ipcsim
