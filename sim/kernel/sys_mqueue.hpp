// What the message queue calls share.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// The open file of a queue behind a descriptor; null when it is closed, O_PATH, or no queue.
[[nodiscard]] File* find_mqueue_file(KernelState& k, TaskId id, Fd fd);

/// Why a call cannot be made through its entry, or nothing: a 32-bit program has no longer numbers.
[[nodiscard]] std::optional<std::string> beyond_entry(const MqOpenCall& call);
[[nodiscard]] std::optional<std::string> beyond_entry(const MqUnlinkCall& call);
[[nodiscard]] std::optional<std::string> beyond_entry(const MqTimedsendCall& call);
[[nodiscard]] std::optional<std::string> beyond_entry(const MqTimedreceiveCall& call);
[[nodiscard]] std::optional<std::string> beyond_entry(const MqGetsetattrCall& call);
[[nodiscard]] std::optional<std::string> beyond_entry(const MqNotifyCall& call);
/// The system call that mq_open(3) and mq_unlink(3) of the C library make. Errors, without a call:
/// EINVAL for a name that does not begin with a slash. REQUIRES: !beyond_entry(call).
[[nodiscard]] Result<MqOpenCall> libc_call(const MqOpenCall& call);
[[nodiscard]] Result<MqUnlinkCall> libc_call(const MqUnlinkCall& call);
/// The error that mq_unlink(3) gives for one of the system call: EACCES for EPERM.
[[nodiscard]] Errno libc_unlink_error(Errno error);

/// A send used a registration up: the owner is told, unless it is gone or has called execve().
/// Linux ipc/mqueue.c: __do_notify().
void fire_notification(KernelState& k, TaskId sender, MqueueId queue, const MqNotify& fired);
/// The registration of a SIGEV_THREAD is forgotten without a word.
void drop_notify_socket(KernelState& k, MqueueObject& queue);

/// read() and its kin of a queue: a line of text about it, from the file's offset or from `at` on,
/// one buffer after the other. Errors: EFAULT. Linux ipc/mqueue.c: mqueue_read_file().
Section read_mqueue_text(KernelState& k, TaskId id, File& file,
                         std::span<const UserSegment> segments, std::optional<i64> at);
/// FIONREAD: the size that fstat() says, minus the offset. Errors: EFAULT.
/// Linux fs/ioctl.c: do_vfs_ioctl().
[[nodiscard]] Section mqueue_fionread(const KernelState& k, const File& file, OutPtr arg);

}  // namespace ipcsim
