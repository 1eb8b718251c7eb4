#include "sim/kernel/files.hpp"

#include <utility>

#include "model/mqueue/mq_ops.hpp"
#include "sim/kernel/close_all.hpp"
#include "sim/kernel/epoll.hpp"
#include "sim/kernel/fasync.hpp"
#include "sim/kernel/file_system.hpp"
#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/sys_mqueue.hpp"
#include "sim/kernel/user_namespace.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {

UserId KernelState::user(UserNsId ns, u32 uid) {
  for (u32 i = 0; i < users.size(); ++i) {
    if (users[i].uid == uid && users[i].ns == ns) {
      return UserId{i};
    }
  }
  users.push_back({.uid = uid, .ns = ns});
  return UserId{static_cast<u32>(users.size() - 1)};
}

namespace {

void release_pipe_file(KernelState& k, TaskId current, const File& file) {
  PipeEffects effects;
  pipe_release(k.pipes[file.pipe].inode, file.f_mode, effects, *k.profile);
  apply_effects(k, current, file.pipe, effects);
  put_pipe(k, file.pipe);
}

}  // namespace

void fput(KernelState& k, TaskId current, FileId id) {
  if (--k.files[id].f_count > 0) {
    return;
  }
  eventpoll_release_file(k, id);
  pipe_fasync(k, id, Fd{-1}, false);
  const File file = k.files[id];
  k.files.erase(id);
  if (!k.flocks.empty()) {
    drop_flock(k, id);
  }
  if (file.kind == FileKind::kSocket) {
    release_socket(k, current, file.socket);
  }
  if (file.kind == FileKind::kPipe && !file.path_only) {
    release_pipe_file(k, current, file);
  } else if (file.kind == FileKind::kNetlink) {
    put_netlink(k, file.netlink);
  } else if (file.kind == FileKind::kEpoll) {
    ep_free(k, file.epoll);
  }
  if (file.node != kNoInode) {
    put_node(k, file.node);
  }
}

namespace {

/// Linux fs/open.c: filp_flush().
void filp_flush(KernelState& k, TaskId current, FileId id) {
  const File& file = k.files[id];
  const WaiterId process{k.process_of(current).leader.v};
  if (file.kind == FileKind::kMqueue && !file.path_only &&
      mq_unregister(k.mqueues[file.mqueue].inode, process)) {
    notification_removed(k, file.mqueue);
  }
}

}  // namespace

void filp_close(KernelState& k, TaskId current, FileId id) {
  filp_flush(k, current, id);
  fput(k, current, id);
}

void filp_close_all(KernelState& k, TaskId current, const std::vector<FileId>& files) {
  std::vector<FileId> last;
  for (const FileId id : files) {
    filp_flush(k, current, id);
    if (k.files[id].f_count > 1) {
      --k.files[id].f_count;
    } else {
      last.push_back(id);
    }
  }
  for (auto id = last.rbegin(); id != last.rend(); ++id) {
    fput(k, current, *id);
  }
}

void put_fd_table(KernelState& k, TaskId current, FdTableId table) {
  if (k.fd_tables[table].drop_user() > 0) {
    return;
  }
  std::vector<FileId> files;
  for (const Fd fd : k.fd_tables[table].open_fds()) {
    files.push_back(k.fd_tables[table].clear(fd));
  }
  filp_close_all(k, current, files);
  k.fd_tables.erase(table);
}

FdTableId copy_fd_table(KernelState& k, FdTableId from) {
  FdTable copy = k.fd_tables[from].copy_for_one();
  for (const Fd fd : copy.open_fds()) {
    ++k.files[copy.file(fd)].f_count;
  }
  return k.fd_tables.insert(std::move(copy));
}

void unshare_fd_table(KernelState& k, TaskId id) {
  if (k.fd_table(id).users() > 1) {
    const FdTableId shared = k.task(id).files;
    k.task(id).files = copy_fd_table(k, shared);
    k.fd_tables[shared].drop_user();
  }
}

Result<PipeId> make_pipe(KernelState& k, TaskId id) {
  const UserId user = k.user_of(id);
  Result<PipeInode> inode =
      alloc_pipe_info(k.users[user.v].pipe, k.pipe_limits, k.cred(id).machine_caps(),
                      k.pages.page_size(), *k.profile);
  if (!inode) {
    return fail(inode.error());
  }
  const WaitQueueId rd_wait = k.wait_queues.create();
  return k.pipes.insert({.rd_wait = rd_wait,
                         .wr_wait = k.profile->two_wait_queues ? k.wait_queues.create() : rd_wait,
                         .user = user,
                         .inode = std::move(*inode),
                         .serial = ++k.serial});
}

void put_pipe(KernelState& k, PipeId id) {
  PipeObject& pipe = k.pipes[id];
  if (--pipe.inode.files > 0) {
    return;
  }
  free_pipe_info(pipe.inode, k.users[pipe.user.v].pipe, k.pages, *k.profile);
  k.wait_queues.destroy(pipe.rd_wait);
  if (pipe.wr_wait != pipe.rd_wait) {
    k.wait_queues.destroy(pipe.wr_wait);
  }
  k.inodes[pipe.node].fifo().pipe = kNoPipe;
  k.pipes.erase(id);
}

Result<SplicePipe> get_splice_pipe(KernelState& k, TaskId id) {
  if (!k.task(id).rare().splice_pipe) {
    const UserId user = k.user_of(id);
    const Result<PipeInode> pipe =
        alloc_pipe_info(k.users[user.v].pipe, k.pipe_limits, k.cred(id).machine_caps(),
                        k.pages.page_size(), *k.profile);
    if (!pipe) {
      return fail(pipe.error());
    }
    k.task(id).make_rare().splice_pipe = SplicePipe{.user = user, .slots = pipe->ring_size};
  }
  return *k.task(id).rare().splice_pipe;
}

void free_splice_pipe(KernelState& k, TaskId id) {
  if (k.task(id).rare().splice_pipe) {
    const auto own = std::exchange(k.task(id).make_rare().splice_pipe, std::nullopt);
    PipeInode pipe;
    pipe.nr_accounted = own->slots;
    free_pipe_info(pipe, k.users[own->user.v].pipe, k.pages, *k.profile);
  }
}

void evict_mqueue(KernelState& k, MqueueId id) {
  MqueueObject& queue = k.mqueues[id];
  if (k.profile->mq_evict_removes_notification) {
    notification_removed(k, id);
  }
  drop_notify_socket(k, queue);
  uncharge_msgqueue(k, queue.user, queue.bytes);
  k.wait_queues.destroy(queue.wait_q);
  k.mqueues.erase(id);
}

}  // namespace ipcsim
