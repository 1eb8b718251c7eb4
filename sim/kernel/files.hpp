// Open files: making, sharing and releasing them, and the objects behind them.
#pragma once

#include <string>

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// The open file behind a descriptor, or null: closed, or still being opened. O_PATH files count
/// only when `path_too`. Linux fs/file.c: fget(), fget_raw().
[[nodiscard]] inline File* find_file(KernelState& k, TaskId id, Fd fd, bool path_too = false) {
  const FileId number = k.fd_table(id).file(fd);
  if (number == kNoFile) {
    return nullptr;
  }
  File& file = k.files[number];
  return file.path_only && !path_too ? nullptr : &file;
}

/// Drops one reference. The last one releases the file: the pipe or queue is told, and freed when
/// nobody else has it. Linux fs/file_table.c: __fput().
void fput(KernelState& k, TaskId current, FileId file);

/// What closing a descriptor does: the queue's notification of this process goes, then a reference.
/// Linux fs/open.c: filp_close().
void filp_close(KernelState& k, TaskId current, FileId file);

/// The file's lock of flock() goes, if it has one. Linux fs/locks.c: locks_remove_flock().
void drop_flock(KernelState& k, FileId file);
/// The last file of a socket went: its peer is alone, and what it had not received is dropped, with
/// the files in flight. Linux net/unix/af_unix.c: unix_release_sock().
void release_socket(KernelState& k, TaskId current, SocketId socket);

/// Closes all descriptors of a table that no task uses any more, in ascending order.
/// Linux fs/file.c: close_files().
void put_fd_table(KernelState& k, TaskId current, FdTableId table);

/// A copy of a table for one task; every open file gets one more reference.
/// Linux fs/file.c: dup_fd().
[[nodiscard]] FdTableId copy_fd_table(KernelState& k, FdTableId from);
/// Gives the task a table of its own if it shares one. Linux kernel/fork.c: unshare_files().
void unshare_fd_table(KernelState& k, TaskId id);

/// A new pipe without files yet, charged to the task's user, or an error (ENFILE).
[[nodiscard]] Result<PipeId> make_pipe(KernelState& k, TaskId id);
/// A file of a pipe or FIFO was counted out; at none left the pipe goes.
/// Linux fs/pipe.c: put_pipe_info().
void put_pipe(KernelState& k, PipeId pipe);
/// The task's own pipe, made when it is first needed and charged to the task's user, or an error
/// (ENFILE; the caller says ENOMEM). Linux fs/splice.c: splice_direct_to_actor().
[[nodiscard]] Result<SplicePipe> get_splice_pipe(KernelState& k, TaskId id);
/// It goes with the task. Linux kernel/exit.c: do_exit().
void free_splice_pipe(KernelState& k, TaskId id);
/// Takes back the registration of a queue: a SIGEV_THREAD one is told so by its cookie. REQUIRES:
/// it was dropped from the queue itself. Linux ipc/mqueue.c: remove_notification().
void notification_removed(KernelState& k, MqueueId queue);
/// A socket lost a user; the last one takes it along.
void put_netlink(KernelState& k, NetlinkId socket);
/// A queue whose node is gone goes, and its charge with it. Linux ipc/mqueue.c:
/// mqueue_evict_inode().
void evict_mqueue(KernelState& k, MqueueId queue);
/// Gives the task a descriptor table of its own. Linux kernel/fork.c: unshare_fd().
void unshare_fd_table(KernelState& k, TaskId id);
/// A copy of a table for one task; every open file gets one more reference.
[[nodiscard]] FdTableId copy_fd_table(KernelState& k, FdTableId from);

}  // namespace ipcsim
