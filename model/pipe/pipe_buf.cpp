// The operation tables of a slot, beside release. Linux fs/pipe.c, fs/splice.c.
#include "model/pipe/pipe_inode.hpp"

namespace ipcsim {
namespace {

constexpr std::size_t kLargestPage = 65536;
constexpr std::array<std::byte, kLargestPage> kZeroes{};

}  // namespace

void pipe_push(PipeInode& pipe, const PipeBuffer& buf) {
  IPCSIM_CHECK(!pipe_full(pipe));
  pipe.slot(pipe.head) = buf;
  ++pipe.head;
}

const std::byte* zero_page_bytes() { return kZeroes.data(); }

void pipe_buf_get(const PipeBuffer& buf, PagePool& pages) {
  if (buf.page != kZeroPage) {
    pages.get(buf.page);
  }
}

bool pipe_buf_try_steal(PipeBuffer& buf, const PagePool& pages, bool in_page_cache) {
  switch (buf.ops) {
    case PipeBufOps::kAnon:
    case PipeBufOps::kDefault:
      return pages.refcount(buf.page) == 1;
    case PipeBufOps::kUserPage:
      if ((buf.flags & kPipeBufFlagGift) == 0) {
        return false;
      }
      buf.flags |= kPipeBufFlagLru;
      return pages.refcount(buf.page) == 1;
    case PipeBufOps::kPageCache:
      // Leaves the file when only the file and this slot refer to it.
      if (!in_page_cache || buf.page == kZeroPage || pages.refcount(buf.page) != 2) {
        return false;
      }
      buf.flags |= kPipeBufFlagLru;
      return true;
    case PipeBufOps::kNosteal:
    case PipeBufOps::kZero:
    case PipeBufOps::kWatchQueue:
    case PipeBufOps::kNone:
      return false;
  }
  return false;
}

}  // namespace ipcsim
