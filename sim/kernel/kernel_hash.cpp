// One number for a whole kernel: equal kernels have equal hashes.
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
  }
  void operator()(const ReadInProgress& call) const {
    hasher.add(call.file);
    hasher.add(call.locals.slept);
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
  void operator()(const PollInProgress& call) const {
    hasher.add(call.files.size());
    hasher.add(call.entries.size());
  }
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
  void operator()(const VforkInProgress& /*call*/) const {}
  void operator()(const ExecInProgress& /*call*/) const {}
};

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
  hasher.add(task.pending.bits);
  hasher.add(task.blocked.bits);
  hasher.add(task.call_number);
  hasher.add(task.progress.index());
  std::visit(ProgressHash{hasher}, task.progress);
  hasher.add(task.deadline ? (*task.deadline).v : -1);
  hasher.add(task.run_next);
}

void add_process(Hasher& hasher, const Process& process) {
  hasher.add(process.live_threads);
  hasher.add(process.handled.bits);
  hasher.add(process.ignored.bits);
  hasher.add(process.restart.bits);
  hasher.add(process.shared_pending.bits);
  hasher.add(process.exiting);
  hasher.add(process.rlimit_nofile);
  hasher.add(process.rlimit_msgqueue);
}

void add_file(Hasher& hasher, FileId id, const File& file) {
  hasher.add(id);
  hasher.add(file.kind);
  hasher.add(file.pipe);
  hasher.add(file.mqueue);
  hasher.add(file.node);
  hasher.add(file.f_pos);
  hasher.add(file.f_count);
  hasher.add(file.f_flags);
  hasher.add(file.f_pipe);
  hasher.add(file.nowait);
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

}  // namespace

u64 Kernel::hash() const {
  Hasher hasher;
  const KernelState& k = state_;
  k.pages.hash_into(hasher);
  k.pipes.each([&](PipeId id, const PipeObject& pipe) {
    hasher.add(id);
    pipe.inode.hash_into(hasher);
  });
  k.inodes.each([&](InodeId id, const Inode& node) {
    hasher.add(id);
    node.hash_into(hasher);
  });
  k.mqueues.each([&](MqueueId id, const MqueueObject& queue) {
    hasher.add(id);
    hasher.add(queue.linked);
    hasher.add(queue.files);
    queue.inode.hash_into(hasher);
  });
  k.files.each([&](FileId id, const File& file) { add_file(hasher, id, file); });
  k.fd_tables.each([&](FdTableId id, const FdTable& table) { add_fd_table(hasher, id, table); });
  k.mms.each([&](MmId id, const AddressSpace& mm) {
    hasher.add(id);
    mm.hash_into(hasher);
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
  hasher.add(k.run_first);
  hasher.add(k.now);
  return hasher.value();
}

}  // namespace ipcsim
