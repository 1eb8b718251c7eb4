#include "sim/kernel/mqueue_fs.hpp"

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/user_namespace.hpp"

namespace ipcsim {

Nanoseconds queue_time(const KernelState& k) {
  return Nanoseconds{k.now.v - k.now.v % kNanosecondsPerSecond};
}

Nanoseconds current_time(const KernelState& k, const Inode& node) {
  return node.is_queue() || queue_folder_of(node) ? queue_time(k) : k.now;
}

void touch_queue(KernelState& k, const MqueueObject& queue, QueueTimes times) {
  Inode& node = k.inodes.known(queue.node);
  if (k.now.v >= node.mtime.v && k.now.v - node.mtime.v < kNanosecondsPerSecond &&
      node.atime == node.mtime && node.ctime == node.mtime) {
    return;  // in the same second as the last time
  }
  const Nanoseconds now = queue_time(k);
  node.atime = times.atime ? now : node.atime;
  node.mtime = times.mtime ? now : node.mtime;
  node.ctime = times.ctime ? now : node.ctime;
}

InodeId make_queue_folder(KernelState& k, IpcNsId ns, u32 uid, u32 gid) {
  const Nanoseconds now = queue_time(k);
  const InodeId folder = k.inodes.insert({.mode = kSIfdir | kSIsvtx | 0777,
                                          .uid = uid,
                                          .gid = gid,
                                          .nlink = 2,
                                          .atime = now,
                                          .mtime = now,
                                          .ctime = now,
                                          .name = "/",
                                          .data = DirectoryData{.queues_of = ns}});
  k.inodes[folder].directory().parent = folder;
  return folder;
}

std::optional<IpcNsId> queue_folder_of(const Inode& node) {
  return node.is_directory() ? node.directory().queues_of : std::nullopt;
}

Result<InodeId> make_queue(KernelState& k, TaskId id, const Path& path, u32 mode,
                           const std::optional<MqSize>& asked) {
  if (const Errno error = may_create(k, id, path); error != Errno::kOk) {
    return fail(error);
  }
  const Credentials& cred = k.cred(id);
  const IpcNsId ns = *queue_folder_of(k.inodes[path.parent]);
  if (ipc_namespace_ended(k, ns)) {
    return fail(Errno::kEACCES);
  }
  const MqLimits& limits = k.ipc_namespaces[ns].mq_limits;
  if (const Errno error = mq_check_count(mq_queues_count(k, ns), limits, cred.machine_caps());
      error != Errno::kOk) {
    return fail(error);
  }
  const Result<MqSize> size = mq_new_size(asked, limits, cred.machine_caps());
  if (!size) {
    return fail(size.error());
  }
  const UserId user = user_of_queues(k, cred);
  const u64 bytes = mq_bytes(*size);
  if (!charge_msgqueue(k, user, bytes, k.process_of(id).rlimit_msgqueue)) {
    return fail(Errno::kEMFILE);
  }
  const MqueueId queue = k.mqueues.insert({.inode = {.attr = *size},
                                           .wait_q = k.wait_queues.create(),
                                           .ns = ns,
                                           .user = user,
                                           .bytes = bytes,
                                           .serial = ++k.serial});
  const InodeId node = make_node(k, id, path, kSIfreg | mode, MqueueData{.queue = queue});
  k.mqueues[queue].node = node;
  touch_queue(k, k.mqueues[queue], kTransferTimes);
  return node;
}

}  // namespace ipcsim
