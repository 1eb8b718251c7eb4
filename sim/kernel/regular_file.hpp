// Contents of regular files: pages of the pool, shared by count with the slots of pipes.
#pragma once

#include <span>
#include <string>

#include "model/base/user_memory.hpp"
#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// Largest file here; the kernel's own limit is far beyond. What would pass it is not modelled.
inline constexpr u64 kMostFileBytes = u64{16} << 20U;

/// Stands in RegularData::pages for a page that fallocate() reserved and nobody has written: to all
/// but the count of blocks it is a hole. Linux mm/shmem.c: SGP_FALLOC, a folio that is not
/// uptodate.
inline constexpr PageId kReservedPage{0xfffffffdU};

/// The page that holds byte `index * page_size`, or kNoPage: a hole. The reference stays the
/// file's.
[[nodiscard]] PageId file_page(const KernelState& k, InodeId file, u64 index);
/// The same; a hole becomes a zeroed page first. REQUIRES: the page begins below kMostFileBytes.
[[nodiscard]] PageId need_file_page(KernelState& k, InodeId file, u64 index);
/// A hole becomes a reserved page. REQUIRES: as above.
void reserve_file_page(KernelState& k, InodeId file, u64 index);

/// Copies out of the file from `pos` on, up to its end. Holes read as zeros. Bytes are appended to
/// `*out` unless that is null.
/// Errors: EFAULT when not one byte could be copied. Linux mm/filemap.c: filemap_read().
[[nodiscard]] Result<u64> read_file(const KernelState& k, InodeId file, u64 pos,
                                    std::span<const UserSegment> segments, std::string* out);
/// Copies into the file from `pos` on, and makes it longer where needed. A slot that shares a page
/// sees the new bytes.
/// Errors: EFAULT when not one byte could be copied. REQUIRES: pos + total_len(segments) <=
/// kMostFileBytes. Linux mm/filemap.c: generic_perform_write().
[[nodiscard]] Result<u64> write_file(KernelState& k, InodeId file, u64 pos,
                                     std::span<const UserSegment> segments);
/// Sets the length. Pages behind the end go, and the rest of the last one is zeroed, also for slots
/// that share it. REQUIRES: size <= kMostFileBytes.
/// Linux mm/truncate.c: truncate_setsize(), truncate_inode_pages_range().
void truncate_file(KernelState& k, InodeId file, u64 size);

/// Bytes from the start that can be touched, all segments taken together.
[[nodiscard]] u64 mapped_len(std::span<const UserSegment> segments);

}  // namespace ipcsim
