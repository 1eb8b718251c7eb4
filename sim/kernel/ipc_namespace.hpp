// IPC namespaces: limits and names of message queues. Linux ipc/namespace.c, ipc/mqueue.c.
#pragma once

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// A new namespace of one task, owned by its maker's user namespace; its folder is the maker's.
[[nodiscard]] IpcNsId make_ipc_namespace(KernelState& k, const MqLimits& limits,
                                         const Credentials& maker);
/// A task left the namespace. Without tasks, mount and open queues it goes, and its names with it.
/// Linux ipc/namespace.c: put_ipc_ns().
void leave_ipc_namespace(KernelState& k, IpcNsId ns);
/// Queues of the namespace, those that are unlinked but still open among them (mq_queues_count).
[[nodiscard]] u64 mq_queues_count(const KernelState& k, IpcNsId ns);
/// Nobody is in the namespace any more, and nothing shows it. What it was stays known, for files of
/// its limits that are still open.
[[nodiscard]] bool ipc_namespace_ended(const KernelState& k, IpcNsId ns);
/// Drops the names of a namespace without tasks when nothing else keeps them.
void drop_unused_ipc_namespace(KernelState& k, IpcNsId ns);

/// The file of /proc/sys/fs/mqueue that a path names, as an index of the limits, or nothing.
[[nodiscard]] std::optional<u32> mq_limit_of_path(std::string_view path);
/// open() of such a file: it belongs to the task's present namespace.
/// Errors, in the order tested: EACCES, EMFILE. Linux ipc/mq_sysctl.c: mq_permissions().
Section open_mq_limit(KernelState& k, TaskId id, u32 limit, u32 flags);
/// A limit as text, once. Errors: EFAULT. Linux kernel/sysctl.c: proc_dointvec().
Section read_mq_limit(const KernelState& k, File& file, const UserSegment& buf);
/// Sets a limit by a text. Errors: EFAULT; EINVAL: no number, or out of range.
/// Linux kernel/sysctl.c: proc_dointvec_minmax().
Section write_mq_limit(KernelState& k, File& file, const UserSegment& buf);

}  // namespace ipcsim
