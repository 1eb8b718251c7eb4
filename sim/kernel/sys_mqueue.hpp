// What the message queue calls share.
#pragma once

#include <span>

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// The open file of a queue behind a descriptor; null when it is closed, O_PATH, or no queue.
[[nodiscard]] File* find_mqueue_file(KernelState& k, TaskId id, Fd fd);

/// A send used a registration up: the owner is told, unless it is gone or has called execve().
/// Linux ipc/mqueue.c: __do_notify().
void fire_notification(KernelState& k, TaskId sender, MqueueId queue, const MqNotify& fired);
/// The registration of a SIGEV_THREAD is forgotten without a word.
void drop_notify_socket(KernelState& k, MqueueObject& queue);

/// read() and its kin of a queue: a line of text about it, from the file's offset or from `at` on,
/// one buffer after the other. Errors: EFAULT. Linux ipc/mqueue.c: mqueue_read_file().
Section read_mqueue_text(KernelState& k, File& file, std::span<const UserSegment> segments,
                         std::optional<i64> at);
/// FIONREAD: the size that fstat() says, minus the offset. Errors: EFAULT.
/// Linux fs/ioctl.c: do_vfs_ioctl().
[[nodiscard]] Section mqueue_fionread(const KernelState& k, const File& file, OutPtr arg);

}  // namespace ipcsim
