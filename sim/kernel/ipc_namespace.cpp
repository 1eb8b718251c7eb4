#include "sim/kernel/ipc_namespace.hpp"

#include <string>
#include <utility>

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/mqueue_fs.hpp"

namespace ipcsim {

IpcNsId make_ipc_namespace(KernelState& k, const MqLimits& limits, const Credentials& maker) {
  const IpcNsId ns =
      k.ipc_namespaces.insert({.mq_limits = limits, .user_ns = maker.user_ns, .tasks = 1});
  k.ipc_namespaces[ns].folder = make_queue_folder(k, ns, maker.uid.fs, maker.gid.fs);
  return ns;
}

u64 mq_queues_count(const KernelState& k, IpcNsId ns) {
  u64 count = 0;
  k.mqueues.each([&](MqueueId /*id*/, const MqueueObject& queue) { count += queue.ns == ns; });
  return count;
}

void leave_ipc_namespace(KernelState& k, IpcNsId ns) {
  if (--k.ipc_namespaces[ns].tasks == 0) {
    drop_unused_ipc_namespace(k, ns);
  }
}

void drop_unused_ipc_namespace(KernelState& k, IpcNsId ns) {
  const IpcNamespace& space = k.ipc_namespaces[ns];
  if (!ipc_namespace_ended(k, ns) || space.folder == kNoInode || space.mounts > 0) {
    return;
  }
  bool open = false;
  k.mqueues.each([&](MqueueId /*id*/, const MqueueObject& queue) {
    open = open || (queue.ns == ns && k.inodes[queue.node].files > 0);
  });
  if (open) {
    return;  // the super block is in use, and so all its names stay
  }
  const InodeId folder = std::exchange(k.ipc_namespaces[ns].folder, kNoInode);
  while (!k.inodes[folder].directory().entries.empty()) {
    remove_entry(k, folder, std::string(k.inodes[folder].directory().entries.back().name));
  }
  k.inodes.erase(folder);
}

bool ipc_namespace_ended(const KernelState& k, IpcNsId ns) {
  const IpcNamespace& space = k.ipc_namespaces[ns];
  return space.tasks == 0 && !space.mounted;
}

}  // namespace ipcsim
