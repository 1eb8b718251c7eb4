// The memory of tables that grow with a simulated system.
#pragma once

#include <cstddef>
#include <new>

namespace ipcsim {

/// Called with a large table's memory before it is used. A program that knows its host asks there
/// for large pages: a step of a system of many objects finds each of them in another page, and
/// finding the page costs as much as finding the object. Null, as here: nobody asks.
inline void (*large_table_made)(void* start, std::size_t bytes) = nullptr;

/// Tables of fewer bytes have no large page of their own.
inline constexpr std::size_t kLargeTableBytes = std::size_t{4} << 20U;

/// A std::allocator that tells of large tables.
template <class T>
struct TableAllocator {
  using value_type = T;

  TableAllocator() = default;
  template <class U>
  // NOLINTNEXTLINE(google-explicit-constructor): as std::allocator.
  constexpr TableAllocator(const TableAllocator<U>& /*other*/) {}

  [[nodiscard]] T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    void* start = ::operator new(bytes, std::align_val_t{alignof(T)});
    if (bytes >= kLargeTableBytes && large_table_made != nullptr) {
      large_table_made(start, bytes);
    }
    return static_cast<T*>(start);
  }
  void deallocate(T* start, std::size_t /*count*/) {
    ::operator delete(start, std::align_val_t{alignof(T)});
  }
  friend bool operator==(const TableAllocator& /*a*/, const TableAllocator& /*b*/) { return true; }
};

}  // namespace ipcsim
