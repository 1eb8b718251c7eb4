// Calls that regular files take and pipes refuse. Linux fs/read_write.c, fs/open.c, fs/sync.c,
// mm/fadvise.c, mm/readahead.c, mm/mmap.c.
#include <algorithm>
#include <limits>

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/mqueue_fs.hpp"
#include "sim/kernel/regular_file.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

constexpr std::string_view kOtherFile = "this call on a file that is no pipe or file of the run";

bool has_node(const File& file) { return file.node != kNoInode; }

/// The next place with data, or with none, from `pos` on. Errors: ENXIO behind the end.
Result<u64> seek_extent(const KernelState& k, InodeId node, i64 pos, bool data) {
  const u64 size = k.inodes[node].regular().size;
  if (pos < 0 || static_cast<u64>(pos) >= size) {
    return fail(Errno::kENXIO);
  }
  const u64 page_size = k.pages.page_size();
  u64 at = static_cast<u64>(pos);
  while (at < size && (file_page(k, node, at / page_size) != kNoPage) != data) {
    at = (at / page_size + 1) * page_size;
  }
  if (at >= size) {
    return data ? Result<u64>{fail(Errno::kENXIO)} : Result<u64>{size};
  }
  return at;
}

/// Linux fs/read_write.c: generic_file_llseek(), mm/shmem.c: shmem_file_llseek().
Section seek_regular(KernelState& k, File& file, const LseekCall& call) {
  i64 pos = call.offset;
  if (call.whence.v >= kSeekData) {
    const Result<u64> found = seek_extent(k, file.node, pos, call.whence.v == kSeekData);
    if (!found) {
      return Section::failed(found.error());
    }
    file.f_pos = *found;
    return Section::returned(static_cast<i64>(*found));
  }
  if (call.whence.v == kSeekCur) {
    pos += static_cast<i64>(file.f_pos);
  } else if (call.whence.v == kSeekEnd) {
    pos += static_cast<i64>(k.inodes[file.node].regular().size);
  }
  if (pos < 0) {
    return Section::failed(Errno::kEINVAL);
  }
  file.f_pos = static_cast<u64>(pos);
  return Section::returned(pos);
}

/// SEEK_SET, SEEK_CUR and SEEK_END in a file of `size` bytes. Linux fs/read_write.c:
/// default_llseek().
Section seek_within(File& file, i64 size, const LseekCall& call) {
  i64 pos = call.offset;
  if (call.whence.v == kSeekCur) {
    pos += static_cast<i64>(file.f_pos);
  } else if (call.whence.v == kSeekEnd) {
    pos += size;
  }
  if (pos < 0) {
    return Section::failed(Errno::kEINVAL);
  }
  file.f_pos = static_cast<u64>(pos);
  return Section::returned(pos);
}

/// Positions of a queue count in its st_size. Linux fs/read_write.c: default_llseek().
Section seek_queue(const KernelState& k, File& file, const LseekCall& call) {
  const i64 size = k.inodes[file.node].queue().size;
  i64 pos = call.offset;
  switch (call.whence.v) {
    case kSeekCur:
      pos += static_cast<i64>(file.f_pos);
      break;
    case kSeekEnd:
      pos += size;
      break;
    case kSeekData:
    case kSeekHole:
      if (pos >= size) {
        return Section::failed(Errno::kENXIO);
      }
      pos = call.whence.v == kSeekHole ? size : pos;
      break;
    default:
      break;
  }
  if (pos < 0) {
    return Section::failed(Errno::kEINVAL);
  }
  file.f_pos = static_cast<u64>(pos);
  return Section::returned(pos);
}

/// A queue has any size that it is given. Errors: EINVAL, beyond 2 GiB where mq_open() opened it:
/// that does not set O_LARGEFILE. Linux fs/open.c: do_ftruncate(), fs/libfs.c: simple_setattr().
Section truncate_queue(KernelState& k, TaskId id, const File& file, i64 length) {
  if (length > std::numeric_limits<i32>::max() && (file.f_flags & kOLargefile) == 0) {
    return Section::failed(Errno::kEINVAL);
  }
  if (static_cast<u64>(length) > kMostFileBytes) {
    return Section::not_modelled("a file of more than 16 MiB");
  }
  Inode& node = k.inodes[file.node];
  file_remove_privs(k, k.cred(id), node);
  node.queue().size = length;
  node.mtime = queue_time(k);
  node.ctime = queue_time(k);
  return Section::returned(0);
}

/// What fsync() and fdatasync() do: nothing, or refuse. Errors: EBADF, EINVAL (pipes, devices).
Section sync_file(KernelState& k, TaskId id, Fd fd) {
  const File* file = find_file(k, id, fd);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (!has_node(*file)) {
    return Section::not_modelled(std::string(kOtherFile));
  }
  const bool syncs = file->kind == FileKind::kRegular || file->kind == FileKind::kDirectory;
  return syncs ? Section::returned(0) : Section::failed(Errno::kEINVAL);
}

}  // namespace

// Errors, in the order tested: EBADF, EINVAL (whence), ESPIPE.
Section run(KernelState& k, TaskId id, const LseekCall& call) {
  File* file = find_file(k, id, call.fd);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (file->kind == FileKind::kMqLimit && call.whence.v < kSeekData) {
    return seek_within(*file, 0, call);
  }
  if (!has_node(*file)) {
    return Section::not_modelled(std::string(kOtherFile));
  }
  if (call.whence.v > kSeekHole) {
    return Section::failed(Errno::kEINVAL);
  }
  switch (file->kind) {
    case FileKind::kPipe:
      return Section::failed(Errno::kESPIPE);
    case FileKind::kRegular:
      return seek_regular(k, *file, call);
    case FileKind::kMqueue:
      return seek_queue(k, *file, call);
    case FileKind::kDevice:
      return Section::returned(0);
    default:
      return Section::not_modelled("the position of a folder");
  }
}

// Errors, in the order tested: EINVAL (length < 0), EBADF, EINVAL (no regular file open for
// writing). Linux fs/open.c: do_sys_ftruncate().
Section run(KernelState& k, TaskId id, const FtruncateCall& call) {
  if (call.length < 0) {
    return Section::failed(Errno::kEINVAL);
  }
  const File* file = find_file(k, id, call.fd);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (!has_node(*file)) {
    return Section::not_modelled(std::string(kOtherFile));
  }
  const bool queue = file->kind == FileKind::kMqueue;
  if ((file->kind != FileKind::kRegular && !queue) || !file->f_mode.write) {
    return Section::failed(Errno::kEINVAL);
  }
  if (queue) {
    return truncate_queue(k, id, *file, call.length);
  }
  if (static_cast<u64>(call.length) > kMostFileBytes) {
    return Section::not_modelled("a file of more than 16 MiB");
  }
  file_remove_privs(k, k.cred(id), k.inodes[file->node]);
  truncate_file(k, file->node, static_cast<u64>(call.length));
  file_modified(k, *file);
  return Section::returned(0);
}

Section run(KernelState& k, TaskId id, const FsyncCall& call) { return sync_file(k, id, call.fd); }

Section run(KernelState& k, TaskId id, const FdatasyncCall& call) {
  return sync_file(k, id, call.fd);
}

// Errors, in the order tested: EBADF, EINVAL (offset, len), EOPNOTSUPP (mode), EBADF (not open for
// writing), ESPIPE, EISDIR, ENODEV, EOPNOTSUPP (queues). Linux fs/open.c: vfs_fallocate().
Section run(KernelState& k, TaskId id, const FallocateCall& call) {
  const File* file = find_file(k, id, call.fd);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (!has_node(*file)) {
    return Section::not_modelled(std::string(kOtherFile));
  }
  if (call.offset < 0 || call.len <= 0) {
    return Section::failed(Errno::kEINVAL);
  }
  if (call.mode != 0) {
    return Section::not_modelled("fallocate() with a mode");
  }
  if (!file->f_mode.write) {
    return Section::failed(Errno::kEBADF);
  }
  if (file->kind == FileKind::kMqueue) {
    return Section::failed(Errno::kEOPNOTSUPP);
  }
  if (file->kind != FileKind::kRegular) {
    return Section::failed(file->kind == FileKind::kPipe ? Errno::kESPIPE : Errno::kENODEV);
  }
  const u64 end = static_cast<u64>(call.offset) + static_cast<u64>(call.len);
  if (end > kMostFileBytes) {
    return Section::not_modelled("a file of more than 16 MiB");
  }
  const u64 page_size = k.pages.page_size();
  for (u64 index = static_cast<u64>(call.offset) / page_size; index * page_size < end; ++index) {
    reserve_file_page(k, file->node, index);
  }
  RegularData& data = k.inodes[file->node].regular();
  data.size = std::max(data.size, end);
  file_modified(k, *file);
  return Section::returned(0);
}

// Errors, in the order tested: EBADF, ESPIPE, EINVAL. Linux mm/fadvise.c: ksys_fadvise64_64().
Section run(KernelState& k, TaskId id, const Fadvise64Call& call) {
  constexpr i32 kMostAdvice = 5;  // POSIX_FADV_NOREUSE
  const File* file = find_file(k, id, call.fd);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (!has_node(*file) || file->kind == FileKind::kDevice || file->kind == FileKind::kDirectory) {
    return Section::not_modelled(std::string(kOtherFile));
  }
  if (file->kind == FileKind::kPipe) {
    return Section::failed(Errno::kESPIPE);
  }
  const bool valid = call.len >= 0 && call.advice >= 0 && call.advice <= kMostAdvice;
  return valid ? Section::returned(0) : Section::failed(Errno::kEINVAL);
}

// Errors, in the order tested: EBADF (also when not open for reading), EINVAL (no regular file).
// Linux mm/readahead.c: ksys_readahead().
Section run(KernelState& k, TaskId id, const ReadaheadCall& call) {
  const File* file = find_file(k, id, call.fd);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (!has_node(*file)) {
    return Section::not_modelled(std::string(kOtherFile));
  }
  if (!file->f_mode.read) {
    return Section::failed(Errno::kEBADF);
  }
  if (file->kind == FileKind::kMqueue) {
    return Section::returned(0);
  }
  return file->kind == FileKind::kRegular ? Section::not_modelled("readahead() of a regular file")
                                          : Section::failed(Errno::kEINVAL);
}

// Errors, in the order tested: EBADF, EINVAL (flags, offsets), ESPIPE.
// Linux fs/sync.c: sync_file_range().
Section run(KernelState& k, TaskId id, const SyncFileRangeCall& call) {
  constexpr u32 kValidFlags = 7;
  const File* file = find_file(k, id, call.fd);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (!has_node(*file)) {
    return Section::not_modelled(std::string(kOtherFile));
  }
  i64 end = 0;
  const bool overflows = __builtin_add_overflow(call.offset, call.nbytes, &end);
  if ((call.flags & ~kValidFlags) != 0 || call.offset < 0 || overflows || end < call.offset) {
    return Section::failed(Errno::kEINVAL);
  }
  const bool has_range = file->kind == FileKind::kRegular || file->kind == FileKind::kDirectory ||
                         file->kind == FileKind::kMqueue;
  return has_range ? Section::returned(0) : Section::failed(Errno::kESPIPE);
}

// Errors, in the order tested: EBADF, EINVAL (flags), EISDIR, EINVAL (no regular files), EBADF
// (modes, O_APPEND). Linux fs/read_write.c: vfs_copy_file_range(), generic_file_rw_checks().
Section run(KernelState& k, TaskId id, const CopyFileRangeCall& call) {
  const File* in = find_file(k, id, call.fd_in);
  const File* out = find_file(k, id, call.fd_out);
  if (in == nullptr || out == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (!has_node(*in) || !has_node(*out)) {
    return Section::not_modelled(std::string(kOtherFile));
  }
  if (call.flags != 0) {
    return Section::failed(Errno::kEINVAL);
  }
  if (in->kind == FileKind::kDirectory || out->kind == FileKind::kDirectory) {
    return Section::failed(Errno::kEISDIR);
  }
  if (in->kind == FileKind::kMqueue || out->kind == FileKind::kMqueue) {
    return Section::not_modelled("copy_file_range() with a queue");
  }
  if (in->kind != FileKind::kRegular || out->kind != FileKind::kRegular) {
    return Section::failed(Errno::kEINVAL);
  }
  return Section::not_modelled("copy_file_range() between regular files");
}

// Errors, in the order tested: EBADF, EINVAL (length 0, neither shared nor private), EACCES (shared
// and writable of a file not open for writing; not open for reading), ENODEV.
// Linux mm/mmap.c: do_mmap().
Section run(KernelState& k, TaskId id, const MmapCall& call) {
  const File* file = find_file(k, id, call.fd);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (!has_node(*file)) {
    return Section::not_modelled(std::string(kOtherFile));
  }
  const bool shared = call.flags.v == kMapShared;
  if (call.length == 0 || (!shared && call.flags.v != kMapPrivate)) {
    return Section::failed(Errno::kEINVAL);
  }
  const bool writes = shared && (call.prot.v & kProtWrite) != 0;
  if ((writes && !file->f_mode.write) || !file->f_mode.read) {
    return Section::failed(Errno::kEACCES);
  }
  return file->kind == FileKind::kPipe || file->kind == FileKind::kDirectory ||
                 file->kind == FileKind::kMqueue
             ? Section::failed(Errno::kENODEV)
             : Section::not_modelled("mapping a file into memory");
}

}  // namespace ipcsim
