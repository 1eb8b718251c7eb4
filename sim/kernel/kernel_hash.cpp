// One number for a whole kernel: equal kernels have equal hashes.
#include <algorithm>
#include <vector>

#include "sim/kernel/kernel.hpp"

namespace ipcsim {
namespace {

/// Adds the locals of a call in progress.
struct ProgressHash {
  Hasher& hasher;

  void operator()(const std::monostate& /*none*/) const {}
  void operator()(const WriteInProgress& call) const {
    hasher.add(call.file);
    hasher.add(call.locals.done);
    hasher.add(call.locals.slept);
    hasher.add(call.locals.was_empty);
    hasher.add(call.locals.changed);
    hasher.add(call.locals.counted);
    hasher.add(call.locals.preallocated);
    hasher.add(call.rw_flags);
  }
  void operator()(const ReadInProgress& call) const {
    hasher.add(call.file);
    hasher.add(call.locals.done);
    hasher.add(call.locals.slept);
    hasher.add(call.locals.wake_writer);
    hasher.add(call.rw_flags);
    hasher.add(std::span{call.bytes.data(), call.bytes.size()});
  }
  void operator()(const ResizeInProgress& call) const {
    hasher.add(call.file);
    hasher.add(call.slots);
  }
  void operator()(const OpenInProgress& call) const {
    hasher.add(call.file);
    hasher.add(call.fd);
    hasher.add(call.locals.waiting);
    hasher.add(call.locals.counter);
  }
  void operator()(const MqSendInProgress& call) const {
    hasher.add(call.file);
    hasher.add(call.ready);
  }
  void operator()(const MqReceiveInProgress& call) const {
    hasher.add(call.file);
    hasher.add(call.ready);
    hasher.add(call.message.prio);
    hasher.add(std::as_bytes(std::span{call.message.text.stored_bytes()}));
  }
  void operator()(const PollInProgress& call) const { hasher.add(call.files.size()); }
  void operator()(const PipeToPipe& call) const {
    hasher.add(call.nonblock);
    hasher.add(call.waits);
  }
  void operator()(const SpliceOut& call) const {
    hasher.add(call.nonblock);
    hasher.add(call.slept);
  }
  void operator()(const SpliceIn& call) const {
    hasher.add(call.nonblock);
    hasher.add(call.slept);
  }
  void operator()(const SpliceInProgress& call) const {
    for (const FileId file : call.files) {
      hasher.add(file);
    }
    hasher.add(call.pos);
    hasher.add(call.locals.index());
    std::visit(*this, call.locals);
  }
  void operator()(const EpollWaitInProgress& call) const { hasher.add(call.file); }
  void operator()(const PauseInProgress& /*call*/) const {}
  void operator()(const RecvInProgress& call) const { hasher.add(call.file); }
  void operator()(const VforkInProgress& /*call*/) const {}
  void operator()(const ExecInProgress& /*call*/) const {}
};

void add_pending(Hasher& hasher, const PendingSignals& pending) {
  hasher.add(pending.set.bits);
  for (const SignalInfo& info : pending.queue) {
    hasher.add(info.signal);
    hasher.add(info.code);
    hasher.add(info.fd);
    hasher.add(info.value);
  }
}

void add_bytes(Hasher& hasher, const Payload& payload) {
  hasher.add(payload.len());
  hasher.add(std::as_bytes(std::span{payload.stored_bytes()}));
}

void add_task(Hasher& hasher, const Task& task) {
  hasher.add(task.process);
  hasher.add(task.state);
  if (task.state == TaskState::kDead) {
    return;
  }
  hasher.add(task.files);
  hasher.add(task.fs);
  hasher.add(task.mm);
  task.cred->hash_into(hasher);
  hasher.add(task.killed);
  hasher.add(task.stop_pending);
  hasher.add(task.sigpending);
  const TaskExtras& rare = task.rare();
  add_pending(hasher, rare.pending);
  hasher.add(task.blocked.bits);
  hasher.add(rare.saved_sigmask ? rare.saved_sigmask->bits : 0);
  hasher.add(rare.returning != nullptr);
  hasher.add(task.call_number);
  hasher.add(task.progress.index());
  std::visit(ProgressHash{hasher}, task.progress);
  hasher.add(rare.deadline ? rare.deadline->v : -1);
  hasher.add(task.entered);
  hasher.add(rare.vfork_parent);
  hasher.add(rare.restart_deadline ? rare.restart_deadline->v : -1);
  hasher.add(task.prio);
  hasher.add(task.ipc);
  hasher.add(rare.splice_pipe ? rare.splice_pipe->user.v + 1 : 0);
  hasher.add(rare.splice_pipe ? rare.splice_pipe->slots : 0);
  hasher.add(rare.pid_ns_for_children ? rare.pid_ns_for_children->v + 1 : 0);
}

void add_process(Hasher& hasher, const Process& process) {
  hasher.add(process.live_threads);
  hasher.add(process.pid_ns);
  hasher.add(process.unkillable);
  hasher.add(process.handled.bits);
  hasher.add(process.ignored.bits);
  hasher.add(process.restart.bits);
  hasher.add(process.nodefer.bits);
  hasher.add(process.resethand.bits);
  for (const HandlerStore& store : process.handler_stores) {
    hasher.add(store.signal);
    add_bytes(hasher, store.bytes);
  }
  add_pending(hasher, process.shared_pending);
  hasher.add(process.self_exec_id);
  hasher.add(process.stopped);
  hasher.add(process.exiting);
  hasher.add(process.exit_signal);
  hasher.add(process.exec_waiter);
  hasher.add(process.curr_target);
  for (const DeadThread& dead : process.dead_threads) {
    hasher.add(dead.task);
  }
  hasher.add(process.rlimit_nofile);
  hasher.add(process.rlimit_msgqueue);
}

void add_file(Hasher& hasher, FileId id, const File& file) {
  hasher.add(id);
  hasher.add(file.kind);
  hasher.add(file.pipe);
  hasher.add(file.mqueue);
  hasher.add(file.node);
  hasher.add(file.socket);
  hasher.add(file.f_pos);
  hasher.add(file.f_count);
  hasher.add(file.f_flags);
  hasher.add(file.nowait);
  hasher.add(file.f_pipe);
  hasher.add(file.nowait);
  hasher.add(file.netlink);
  hasher.add(file.f_pos);
  hasher.add(file.f_owner.type);
  hasher.add(file.f_owner.pid);
  hasher.add(file.f_owner.signum);
}

void add_epolls(Hasher& hasher, const KernelState& k) {
  k.epolls.each([&](EventPollId id, const EventPoll& ep) {
    hasher.add(id);
    for (const EpItemId item : ep.rdllist) {
      hasher.add(item);
    }
  });
  k.epitems.each([&](EpItemId id, const EpItem& item) {
    hasher.add(id);
    hasher.add(item.ep);
    hasher.add(item.file);
    hasher.add(item.fd);
    hasher.add(item.event.events);
    hasher.add(item.event.data);
  });
}

void add_fd_table(Hasher& hasher, FdTableId id, const FdTable& table) {
  hasher.add(id);
  hasher.add(table.users());
  for (const Fd fd : table.open_fds()) {
    hasher.add(fd);
    hasher.add(table.file(fd));
    hasher.add(table.close_on_exec(fd));
  }
}

/// A pipe as calls see it. `own_pages` gathers the pages that nothing else refers to.
void add_visible_pipe(Hasher& hasher, const PipeInode& pipe, const PagePool& pages,
                      std::vector<bool>& own_pages) {
  const auto own = [&](PageId page) {
    own_pages.resize(std::max<std::size_t>(own_pages.size(), page.v + 1));
    own_pages[page.v] = true;
  };
  for (const u32 number :
       {pipe_occupancy(pipe), pipe.max_usage, pipe.ring_size, pipe.nr_accounted, pipe.readers,
        pipe.writers, pipe.files, pipe.r_counter, pipe.w_counter}) {
    hasher.add(number);
  }
  hasher.add(pipe.poll_usage);
  hasher.add(pipe.note_loss);
  for (const PageId page : pipe.tmp_page) {
    if (page != kNoPage) {
      own(page);
    }
  }
  for (u32 i = 0; i < pipe_occupancy(pipe); ++i) {
    const PipeBuffer& buf = pipe.slot(pipe.tail + i);
    for (const u64 number :
         {u64{buf.offset}, u64{buf.len}, u64{buf.flags}, u64{buf.private_value}}) {
      hasher.add(number);
    }
    hasher.add(buf.ops);
    if (buf.ops != PipeBufOps::kAnon || pages.refcount(buf.page) != 1) {
      hasher.add(buf.page);
      continue;
    }
    own(buf.page);
    if (const std::byte* bytes = pages.read(buf.page)) {
      hasher.add(std::span{bytes + buf.offset, buf.len});
    }
  }
}

void add_user_namespace(Hasher& hasher, const UserNamespace& ns) {
  hasher.add(ns.parent);
  hasher.add(ns.owner);
  hasher.add(ns.setgroups_allowed);
  hasher.add(ns.parent_could_setfcap);
  hasher.add(ns.maker);
  hasher.add(ns.rlimit_msgqueue);
  for (const auto* map : {&ns.uid_map, &ns.gid_map}) {
    hasher.add(map->size());
    for (const IdExtent& extent : *map) {
      hasher.add(extent.first);
      hasher.add(extent.lower_first);
      hasher.add(extent.count);
    }
  }
}

/// All but pages and pipes, and the order of the run queue.
void add_rest(Hasher& hasher, const KernelState& k) {
  hasher.add(k.pipe_limits.pipe_max_size);
  hasher.add(k.pipe_limits.pipe_user_pages_soft);
  hasher.add(k.pipe_limits.pipe_user_pages_hard);
  for (const User& user : k.users) {
    hasher.add(user.uid);
    hasher.add(user.ns);
    hasher.add(user.pipe.pipe_bufs);
    hasher.add(user.mq_bytes);
  }
  k.pipes.each([&](PipeId /*id*/, const PipeObject& pipe) {
    if (!pipe.fasync) {
      hasher.add(0U);
      return;
    }
    for (const auto* list : {&pipe.fasync->readers, &pipe.fasync->writers}) {
      hasher.add(list->size());
      for (const FasyncEntry& entry : *list) {
        hasher.add(entry.file);
        hasher.add(entry.fd);
      }
    }
  });
  k.inodes.each([&](InodeId id, const Inode& node) {
    hasher.add(id);
    node.hash_into(hasher);
  });
  k.mqueues.each([&](MqueueId id, const MqueueObject& queue) {
    hasher.add(id);
    hasher.add(queue.ns);
    hasher.add(queue.node);
    hasher.add(queue.notify_sock);
    add_bytes(hasher, queue.notify_cookie);
    queue.inode.hash_into(hasher);
  });
  for (const UserNamespace& ns : k.user_namespaces) {
    add_user_namespace(hasher, ns);
  }
  for (const PidNamespace& ns : k.pid_namespaces) {
    hasher.add(ns.parent);
    hasher.add(ns.init);
    hasher.add(ns.ended);
  }
  k.ipc_namespaces.each([&](IpcNsId id, const IpcNamespace& ns) {
    hasher.add(id);
    hasher.add(ns.user_ns);
    hasher.add(ns.tasks);
    hasher.add(ns.mounts);
    hasher.add(ns.read_only);
    for (const u32 limit :
         {ns.mq_limits.mq_queues_max, ns.mq_limits.mq_msg_max, ns.mq_limits.mq_msgsize_max,
          ns.mq_limits.mq_msg_default, ns.mq_limits.mq_msgsize_default}) {
      hasher.add(limit);
    }
  });
  k.netlinks.each([&](NetlinkId id, const NetlinkSocket& socket) {
    hasher.add(id);
    hasher.add(socket.users);
    hasher.add(socket.charged);
    for (const Payload& packet : socket.received) {
      add_bytes(hasher, packet);
    }
  });
  k.files.each([&](FileId id, const File& file) { add_file(hasher, id, file); });
  add_epolls(hasher, k);
  k.fd_tables.each([&](FdTableId id, const FdTable& table) { add_fd_table(hasher, id, table); });
  k.mms.each([&](MmId id, const AddressSpace& mm) {
    hasher.add(id);
    mm.hash_into(hasher);
  });
  for (const Flock& lock : k.flocks) {
    hasher.add(lock.file);
    hasher.add(lock.exclusive);
  }
  k.sockets.each([&](SocketId id, const Socket& socket) {
    hasher.add(id);
    hasher.add(socket.peer);
    for (const SocketMessage& message : socket.received) {
      hasher.add(message.bytes.len() - message.taken);
      for (const FileId file : message.rights) {
        hasher.add(file);
      }
    }
  });
  k.fs_contexts.each([&](FsId id, const FsContext& fs) {
    hasher.add(id);
    hasher.add(fs.umask);
  });
  for (const Process& process : k.processes) {
    add_process(hasher, process);
  }
  for (const Task& task : k.tasks) {
    add_task(hasher, task);
  }
  k.wait_queues.hash_into(hasher);
  hasher.add(k.now);
}

}  // namespace

u64 Kernel::hash() const {
  Hasher hasher;
  state_.pages.hash_into(hasher);
  state_.pipes.each([&](PipeId id, const PipeObject& pipe) {
    hasher.add(id);
    pipe.inode.hash_into(hasher);
  });
  add_rest(hasher, state_);
  hasher.add(state_.run_first);
  for (const Task& task : state_.tasks) {
    hasher.add(task.run_next);
  }
  return hasher.value();
}

u64 Kernel::visible_hash() const {
  Hasher hasher;
  std::vector<bool> own_pages;
  state_.pipes.each([&](PipeId id, const PipeObject& pipe) {
    hasher.add(id);
    add_visible_pipe(hasher, pipe.inode, state_.pages, own_pages);
  });
  state_.pages.hash_into(hasher, own_pages);
  add_rest(hasher, state_);
  return hasher.value();
}

}  // namespace ipcsim
