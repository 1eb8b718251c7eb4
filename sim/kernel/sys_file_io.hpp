// Transfers on files that are no pipes: regular files, folders, devices.
#pragma once

#include <span>

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// One transfer's direction and place.
struct FileTransfer {
  bool write = false;
  std::optional<u64> at = std::nullopt;  ///< pread(), pwrite(): the position stays as it is
};

/// read() or write() of a regular file, folder or device. The checks of the VFS are done.
/// Errors, in the order tested:
///   EISDIR  a folder
///   ENOSPC  writing /dev/full
///   EFAULT  not one byte could be copied
/// Linux fs/read_write.c: vfs_read(), vfs_write(); mm/shmem.c; drivers/char/mem.c.
Section file_transfer(KernelState& k, TaskId id, FileId file, std::span<const UserSegment> segments,
                      FileTransfer transfer);

}  // namespace ipcsim
