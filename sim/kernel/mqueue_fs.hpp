// The file system of message queues: one folder a namespace, and a node a queue. Linux
// ipc/mqueue.c.
#pragma once

#include <optional>

#include "sim/kernel/path_walk.hpp"

namespace ipcsim {

/// st_size of a queue until it is truncated (FILENT_SIZE is that of the text, DIRENT_SIZE of a
/// name).
inline constexpr i64 kQueueFileSize = 80;
inline constexpr u64 kQueueEntrySize = 20;

/// Now, as this file system has it: whole seconds.
[[nodiscard]] Nanoseconds queue_time(const KernelState& k);

/// Now, as the file system of a node has it. Linux fs/inode.c: current_time().
[[nodiscard]] Nanoseconds current_time(const KernelState& k, const Inode& node);

/// Which times of a queue's node an event changes.
struct QueueTimes {
  bool atime = false;
  bool mtime = false;
  bool ctime = false;
};
inline constexpr QueueTimes kTransferTimes{.atime = true, .mtime = true, .ctime = true};
/// Those of reading the text, of a change of attributes and of a registration.
inline constexpr QueueTimes kLookTimes{.atime = true, .mtime = false, .ctime = true};
/// They become now.
void touch_queue(KernelState& k, const MqueueObject& queue, QueueTimes times);

/// The folder of a namespace: sticky, open to all, of the user who made the namespace.
InodeId make_queue_folder(KernelState& k, IpcNsId ns, u32 uid, u32 gid);
/// The namespace whose queues a folder has, or nothing for other folders.
[[nodiscard]] std::optional<IpcNsId> queue_folder_of(const Inode& node);

/// Makes a queue under a name in its folder; `mode` without the umask's bits. Errors, in the order
/// tested: EOVERFLOW, EACCES (the folder), ENOSPC, EINVAL, EMFILE.
/// Linux ipc/mqueue.c: mqueue_create_attr(), mqueue_get_inode().
Result<InodeId> make_queue(KernelState& k, TaskId id, const Path& path, u32 mode,
                           const std::optional<MqSize>& asked);

}  // namespace ipcsim
