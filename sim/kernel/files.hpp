// Open files: making, sharing and releasing them, and the objects behind them.
#pragma once

#include <string>

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// The open file behind a descriptor, or null: closed, or still being opened. O_PATH files count
/// only when `path_too`. Linux fs/file.c: fget(), fget_raw().
[[nodiscard]] inline File* find_file(KernelState& k, TaskId id, Fd fd, bool path_too = false) {
  const FileId id_of_file = k.fd_table(id).file(fd);
  if (id_of_file == kNoFile) {
    return nullptr;
  }
  File& file = k.files[id_of_file];
  return file.path_only && !path_too ? nullptr : &file;
}

/// Drops one reference. The last one releases the file: the pipe or queue is told, and freed when
/// nobody else has it. Linux fs/file_table.c: __fput().
void fput(KernelState& k, TaskId current, FileId file);

/// What closing a descriptor does: the queue's notification of this process goes, then a reference.
/// Linux fs/open.c: filp_close().
void filp_close(KernelState& k, TaskId current, FileId file);

/// Closes all descriptors of a table that no task uses any more, in ascending order.
/// Linux fs/file.c: close_files().
void put_fd_table(KernelState& k, TaskId current, FdTableId table);

/// A new pipe without files yet, charged to the task's user, or an error (ENFILE).
[[nodiscard]] Result<PipeId> make_pipe(KernelState& k, TaskId id);
/// A file of a pipe or FIFO was counted out; at none left the pipe goes.
/// Linux fs/pipe.c: put_pipe_info().
void put_pipe(KernelState& k, PipeId pipe);
/// A queue that has neither a name nor an open file goes, and its charge with it.
/// Linux ipc/mqueue.c: mqueue_evict_inode().
void put_mqueue(KernelState& k, MqueueId queue);

}  // namespace ipcsim
