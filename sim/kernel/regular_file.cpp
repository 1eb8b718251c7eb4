#include "sim/kernel/regular_file.hpp"

#include <algorithm>
#include <cstring>

namespace ipcsim {
namespace {

void zero(KernelState& k, PageId page, u64 from, u64 to) {
  if (std::byte* bytes = k.pages.write(page)) {
    std::memset(bytes + from, 0, to - from);
  }
}

/// A page with bytes: neither a hole nor reserved.
bool has_bytes(PageId page) { return page != kNoPage && page != kReservedPage; }

PageId& file_cell(KernelState& k, InodeId file, u64 index) {
  RegularData& data = k.inodes[file].regular();
  if (index >= data.pages.size()) {
    data.pages.resize(index + 1, kNoPage);
  }
  return data.pages[index];
}

}  // namespace

PageId file_page(const KernelState& k, InodeId file, u64 index) {
  const RegularData& data = k.inodes[file].regular();
  return index < data.pages.size() && has_bytes(data.pages[index]) ? data.pages[index] : kNoPage;
}

PageId need_file_page(KernelState& k, InodeId file, u64 index) {
  PageId& page = file_cell(k, file, index);
  if (!has_bytes(page)) {
    page = k.pages.alloc();
    zero(k, page, 0, k.pages.page_size());
  }
  return page;
}

void reserve_file_page(KernelState& k, InodeId file, u64 index) {
  PageId& page = file_cell(k, file, index);
  page = page == kNoPage ? kReservedPage : page;
}

u64 mapped_len(std::span<const UserSegment> segments) {
  u64 len = 0;
  for (const UserSegment& segment : segments) {
    len += std::min(segment.len, segment.mapped);
    if (segment.mapped < segment.len) {
      break;
    }
  }
  return len;
}

Result<u64> read_file(const KernelState& k, InodeId file, u64 pos,
                      std::span<const UserSegment> segments, std::string* out) {
  const u64 size = k.inodes[file].regular().size;
  const u64 wanted = pos < size ? std::min(total_len(segments), size - pos) : 0;
  const u64 len = std::min(wanted, mapped_len(segments));
  if (len == 0) {
    return wanted == 0 ? Result<u64>{0} : fail(Errno::kEFAULT);
  }
  const u64 page_size = k.pages.page_size();
  for (u64 done = 0; out != nullptr && done < len;) {
    const u64 offset = (pos + done) % page_size;
    const u64 part = std::min(len - done, page_size - offset);
    const PageId page = file_page(k, file, (pos + done) / page_size);
    if (page == kNoPage) {
      out->append(part, '\0');
    } else {
      out->append(reinterpret_cast<const char*>(k.pages.read(page)) + offset, part);
    }
    done += part;
  }
  return len;
}

Result<u64> write_file(KernelState& k, InodeId file, u64 pos,
                       std::span<const UserSegment> segments) {
  const u64 wanted = total_len(segments);
  const u64 len = std::min(wanted, mapped_len(segments));
  const u64 page_size = k.pages.page_size();
  if (len < wanted && !k.profile->file_write_prefaults) {
    // The page that the fault lies in was begun, and ended after no bytes.
    static_cast<void>(need_file_page(k, file, (pos + len) / page_size));
    u64& size = k.inodes[file].regular().size;
    size = std::max(size, pos + len);
  }
  if (len == 0) {
    return fail(Errno::kEFAULT);
  }
  UserSource source(segments, 0);
  for (u64 done = 0; done < len;) {
    const u64 offset = (pos + done) % page_size;
    const u64 part = std::min(len - done, page_size - offset);
    const PageId page = need_file_page(k, file, (pos + done) / page_size);
    std::byte* bytes = k.pages.write(page);
    done += source.copy(bytes == nullptr ? nullptr : bytes + offset, part);
  }
  RegularData& data = k.inodes[file].regular();
  data.size = std::max(data.size, pos + len);
  return len;
}

void truncate_file(KernelState& k, InodeId file, u64 size) {
  RegularData& data = k.inodes[file].regular();
  const u64 page_size = k.pages.page_size();
  const u64 pages = (size + page_size - 1) / page_size;
  for (u64 i = pages; i < data.pages.size(); ++i) {
    if (has_bytes(data.pages[i])) {
      k.pages.put(data.pages[i]);
    }
  }
  data.pages.resize(std::min<u64>(data.pages.size(), pages), kNoPage);
  const u64 tail = size % page_size;
  if (size < data.size && tail != 0 && file_page(k, file, size / page_size) != kNoPage) {
    zero(k, data.pages[size / page_size], tail, page_size);
  }
  data.size = size;
}

}  // namespace ipcsim
