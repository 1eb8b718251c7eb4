#include "sim/kernel/splice_file.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/iovec.hpp"
#include "sim/kernel/regular_file.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/sys_file_io.hpp"

namespace ipcsim {
namespace {

Device device_of(const KernelState& k, const File& file) {
  return std::get<DeviceData>(k.inodes[file.node].data).device;
}

/// What stands for a hole of the file: the page of zeros, or a page of zeros of its own.
void put_hole(KernelState& k, PipeBuffer& buf) {
  const HoleOps ops = k.profile->tmpfs_hole_ops;
  buf.page = kZeroPage;
  buf.ops = ops == HoleOps::kZero ? PipeBufOps::kZero : PipeBufOps::kPageCache;
  if (ops != HoleOps::kDefault) {
    return;
  }
  buf.page = k.pages.alloc();
  buf.offset = 0;
  buf.ops = PipeBufOps::kDefault;
  if (std::byte* bytes = k.pages.write(buf.page)) {
    std::memset(bytes, 0, k.pages.page_size());
  }
}

/// One slot a page, or a piece of one, that the file has; holes are slots without a page.
Bytes share_pages(KernelState& k, InodeId node, u64& pos, u64 len, PipeInode& out) {
  const u64 page_size = k.pages.page_size();
  const u64 size = k.inodes[node].regular().size;
  u64 done = 0;
  while (done < len && pos < size && !pipe_full(out)) {
    const u64 offset = pos % page_size;
    const u64 part = std::min({len - done, size - pos, page_size - offset});
    const PageId page = file_page(k, node, pos / page_size);
    PipeBuffer buf{.page = page,
                   .offset = static_cast<u32>(offset),
                   .len = static_cast<u32>(part),
                   .ops = PipeBufOps::kPageCache};
    if (page == kNoPage) {
      put_hole(k, buf);
    }
    if (k.profile->splice_keeps_stale_flags) {
      buf.flags = out.slot(out.head).flags;  // Dirty Pipe
    }
    if (buf.ops != PipeBufOps::kDefault) {
      pipe_buf_get(buf, k.pages);
    }
    pipe_push(out, buf);
    pos += part;
    done += part;
  }
  return Bytes{done};
}

/// `len` bytes in fresh pages: `bytes`, and `filler` behind them.
void push_copy(KernelState& k, PipeInode& out, u64 len, std::string_view bytes, u8 filler = 0) {
  const u64 page_size = k.pages.page_size();
  for (u64 done = 0; done < len;) {
    const u64 part = std::min(len - done, page_size);
    const PageId page = k.pages.alloc();
    if (std::byte* to = k.pages.write(page)) {
      std::memset(to, filler, page_size);
      const std::string_view some = bytes.substr(std::min<u64>(done, bytes.size()), part);
      std::ranges::copy(std::as_bytes(std::span{some}), to);
    }
    pipe_push(out, {.page = page, .len = static_cast<u32>(part), .ops = PipeBufOps::kDefault});
    done += part;
  }
}

Result<Bytes> copy_regular(KernelState& k, const File& file, u64& pos, u64 len, PipeInode& out) {
  const UserSegment room{.data = {}, .len = len};
  std::string bytes;
  const bool kept = k.pages.contents() == Contents::kKept;
  const Result<u64> got = read_file(k, file.node, pos, {&room, 1}, kept ? &bytes : nullptr);
  if (!got) {
    return fail(got.error());
  }
  push_copy(k, out, *got, bytes);
  pos += *got;
  return Bytes{*got};
}

/// Whether a piece of the file's own page would be copied onto itself, shifted: from byte `from` of
/// `page` to byte `to` of the page that holds `pos`. What comes of that depends on how the
/// processor's memcpy() goes about it.
bool copies_onto_itself(const KernelState& k, InodeId node, u64 pos, PageId page, u64 from,
                        u64 len) {
  const u64 page_size = k.pages.page_size();
  const u64 to = pos % page_size;
  const u64 shift = to > from ? to - from : from - to;
  return file_page(k, node, pos / page_size) == page && shift != 0 && shift < len;
}

std::string_view bytes_of(const KernelState& k, PageId page, u64 from, u64 len) {
  const std::byte* bytes = page == kZeroPage ? zero_page_bytes() : k.pages.read(page);
  return {reinterpret_cast<const char*>(bytes) + from, len};
}

}  // namespace

Result<Bytes> splice_read(KernelState& k, TaskId task, FileId id, u64& pos, u64 len,
                          PipeInode& out) {
  const File& file = k.files[id];
  len = std::min(splice_room_bytes(out, len, k.pages.page_size()), kMaxRwCount);
  if (len == 0 && (k.profile->splice_read_of_nothing || file.kind == FileKind::kRegular)) {
    return Bytes{0};
  }
  switch (file.kind) {
    case FileKind::kRegular: {
      const bool direct = (file.f_flags & kODirect) != 0;
      const Result<Bytes> got =
          direct ? copy_regular(k, file, pos, len, out) : share_pages(k, file.node, pos, len, out);
      file_accessed(k, file);
      return got;
    }
    case FileKind::kDevice:
      if (device_of(k, file) == Device::kNull) {
        return k.profile->splice_without_ops == SpliceFallback::kCopies ? Result<Bytes>{Bytes{0}}
                                                                        : fail(Errno::kEINVAL);
      }
      if (k.profile->splice_dev_zero == SpliceFallback::kRefused) {
        return fail(Errno::kEINVAL);
      }
      if (signal_pending(k, task)) {  // they look after each page
        len = std::min<u64>(len, k.pages.page_size());
      }
      push_copy(k, out, len, {});
      return Bytes{len};
    case FileKind::kOther:
      push_copy(k, out, len, {}, pos < kElsewhere ? 0 : 1);
      pos += len;
      return Bytes{len};
    case FileKind::kPipe:
    case FileKind::kMqueue:
    case FileKind::kDirectory:
    case FileKind::kSocket:
    case FileKind::kEpoll:
    case FileKind::kNetlink:
    case FileKind::kMqLimit:
      return fail(Errno::kEINVAL);
  }
  return fail(Errno::kEINVAL);
}

bool has_splice_write(const KernelState& k, const File& file) {
  if (file.kind != FileKind::kDevice) {
    return file.kind == FileKind::kRegular || file.kind == FileKind::kOther;
  }
  switch (device_of(k, file)) {
    case Device::kNull:
      return true;
    case Device::kZero:
      return k.profile->splice_dev_zero == SpliceFallback::kCopies;
    case Device::kFull:
      return k.profile->splice_without_ops == SpliceFallback::kCopies;
  }
  return false;
}

SpliceFeed splice_feed(const File& file) {
  return file.kind == FileKind::kDevice ? SpliceFeed::kEachSlot : SpliceFeed::kAsWrite;
}

Result<Bytes> FileTarget::take(std::span<const SpliceChunk> chunks) {
  const FileKind kind = k_.files[file_].kind;
  if (kind == FileKind::kDevice && device_of(k_, k_.files[file_]) == Device::kFull) {
    return fail(Errno::kENOSPC);
  }
  u64 done = 0;
  for (const SpliceChunk& chunk : chunks) {
    const Result<Bytes> written =
        kind == FileKind::kRegular ? write_chunk(chunk) : Result<Bytes>{Bytes{chunk.len}};
    if (!written) {
      return done > 0 && !not_modelled_ ? Result<Bytes>{Bytes{done}} : written;
    }
    pos_ += kind == FileKind::kOther ? written->v : 0;
    done += written->v;
  }
  return Bytes{done};
}

Result<Bytes> FileTarget::write_chunk(const SpliceChunk& chunk) {
  if (k_.task(task_).killed) {
    return fail(Errno::kEINTR);  // Linux mm/filemap.c: generic_perform_write()
  }
  const u64 page_size = k_.pages.page_size();
  for (u64 done = 0; done < chunk.len;) {
    const u64 from = chunk.offset + done;
    const u64 part = std::min(chunk.len - done, page_size - pos_ % page_size);
    if (copies_onto_itself(k_, k_.files[file_].node, pos_, chunk.page, from, part)) {
      not_modelled_ = "a part of a file's page spliced onto itself, shifted";
      return fail(Errno::kEINVAL);
    }
    // Looked at only now: the piece before may have changed this one, if the page is the file's.
    const bool kept = k_.pages.contents() == Contents::kKept;
    const UserSegment segment{
        .data = kept ? Payload::of_bytes(std::string(bytes_of(k_, chunk.page, from, part)))
                     : Payload::of_unknown(part),
        .len = part};
    const Section written =
        file_transfer(k_, task_, file_, {&segment, 1}, {.write = true, .at = pos_});
    if (written.end == Section::End::kNotModelled) {
      not_modelled_ = *written.reason;
      return fail(Errno::kEINVAL);
    }
    if (written.result.error != Errno::kOk) {
      return done > 0 ? Result<Bytes>{Bytes{done}} : fail(written.result.error);
    }
    pos_ += part;
    done += part;
  }
  return Bytes{chunk.len};
}

}  // namespace ipcsim
