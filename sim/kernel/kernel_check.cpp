// The rules that hold between the structures of a kernel whenever no section runs.
#include <map>

#include <fmt/format.h>

#include "model/mqueue/mq_ops.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/kernel/regular_file.hpp"
#include "sim/kernel/transfer_at_once.hpp"
#include "sim/kernel/user_namespace.hpp"

namespace ipcsim {
namespace {

using Broken = std::optional<std::string>;

/// Every page's count is the number of places that refer to it.
Broken check_pages(const KernelState& k) {
  std::map<PageId, u32> references;
  k.pipes.each([&](PipeId /*id*/, const PipeObject& pipe) {
    for (u32 index = pipe.inode.tail; index != pipe.inode.head; ++index) {
      if (pipe.inode.slot(index).page != kZeroPage) {
        ++references[pipe.inode.slot(index).page];
      }
    }
    for (const PageId page : pipe.inode.tmp_page) {
      if (page != kNoPage) {
        ++references[page];
      }
    }
  });
  k.mms.each([&](MmId /*id*/, const AddressSpace& mm) {
    for (const NamedPage& page : mm.pages) {
      ++references[page.page];
    }
  });
  k.inodes.each([&](InodeId /*id*/, const Inode& node) {
    if (node.is_regular()) {
      for (const PageId page : node.regular().pages) {
        if (page != kNoPage && page != kReservedPage) {
          ++references[page];
        }
      }
    }
  });
  for (const auto& [page, count] : references) {
    if (k.pages.refcount(page) != count) {
      return fmt::format("page {} has as many references ({}) as places that name it ({})", page.v,
                         k.pages.refcount(page), count);
    }
  }
  if (k.pages.live() != references.size()) {
    return fmt::format("every live page ({}) is named somewhere ({})", k.pages.live(),
                       references.size());
  }
  return std::nullopt;
}

/// What an entry knows of the pipe behind it is what its file says.
bool knows_its_pipe(const KernelState& k, const FdTable::Entry& entry) {
  FdTable::Entry fresh{.file = entry.file};
  learn_pipe(k, fresh);
  return (!entry.reads_pipe && !entry.writes_pipe) ||
         (entry.pipe == fresh.pipe && entry.reads_pipe == fresh.reads_pipe &&
          entry.writes_pipe == fresh.writes_pipe);
}

/// Every file's count is the number of descriptors and calls that refer to it.
Broken check_files(const KernelState& k) {
  std::map<FileId, u32> references;
  Broken broken;
  k.fd_tables.each([&](FdTableId /*id*/, const FdTable& table) {
    for (const Fd fd : table.open_fds()) {
      ++references[table.file(fd)];
      if (!broken && !knows_its_pipe(k, table.entry(fd))) {
        broken = fmt::format("descriptor {} knows of its pipe what the file says", fd.v);
      }
    }
  });
  for (const Task& task : k.tasks) {
    for (const FileId file : held_files(task)) {
      ++references[file];
    }
  }
  k.sockets.each([&](SocketId /*id*/, const Socket& socket) {
    for (const SocketMessage& message : socket.received) {
      for (const FileId file : message.rights) {
        ++references[file];
      }
    }
  });
  k.files.each([&](FileId id, const File& file) {
    if (!broken && references[id] != file.f_count) {
      broken = fmt::format("file {} has as many references ({}) as users ({})", id.v, file.f_count,
                           references[id]);
    }
  });
  return broken;
}

/// A pipe's readers, writers and files are its open files.
Broken check_pipe_counts(const KernelState& k) {
  struct Counts {
    u32 readers = 0;
    u32 writers = 0;
    u32 files = 0;
  };
  std::map<PipeId, Counts> counts;
  k.files.each([&](FileId /*id*/, const File& file) {
    if (file.kind == FileKind::kPipe && !file.path_only) {
      Counts& c = counts[file.pipe];
      c.readers += file.f_mode.read ? 1 : 0;
      c.writers += file.f_mode.write ? 1 : 0;
      ++c.files;
    }
  });
  Broken broken;
  k.pipes.each([&](PipeId id, const PipeObject& pipe) {
    const Counts& c = counts[id];
    if (!broken && (pipe.inode.readers != c.readers || pipe.inode.writers != c.writers ||
                    pipe.inode.files != c.files)) {
      broken = fmt::format(
          "pipe {} counts its open files: readers {} of {}, writers {} of {}, files {} of {}",
          pipe.serial, pipe.inode.readers, c.readers, pipe.inode.writers, c.writers,
          pipe.inode.files, c.files);
    }
    if (!broken && pipe.alone != stands_alone(pipe, *k.profile)) {
      broken = fmt::format("pipe {} stands alone when it has no times and no O_ASYNC, only then",
                           pipe.serial);
    }
  });
  return broken;
}

/// A pipe counts the write()s that sleep in it, where reads look at that.
Broken check_waiting_writers(const KernelState& k) {
  std::map<PipeId, u32> counts;
  for (const Task& task : k.tasks) {
    const auto* call = std::get_if<WriteInProgress>(&task.progress);
    if (call != nullptr && call->locals.counted) {
      ++counts[k.files[call->file].pipe];
    }
  }
  Broken broken;
  k.pipes.each([&](PipeId id, const PipeObject& pipe) {
    if (!broken && pipe.inode.waiting_writers != counts[id]) {
      broken = fmt::format("pipe {} counts its sleeping writers: {} of {}", pipe.serial,
                           pipe.inode.waiting_writers, counts[id]);
    }
  });
  return broken;
}

/// A socket's users are its open files and the registrations that name it; what is charged to it is
/// what it received and what those hold.
Broken check_sockets(const KernelState& k) {
  std::map<NetlinkId, u32> users;
  std::map<NetlinkId, u32> charged;
  k.files.each([&](FileId /*id*/, const File& file) {
    users[file.netlink] += file.kind == FileKind::kNetlink ? 1 : 0;
  });
  k.mqueues.each([&](MqueueId /*id*/, const MqueueObject& queue) {
    if (queue.notify_sock != kNoNetlink) {
      ++users[queue.notify_sock];
      ++charged[queue.notify_sock];
    }
  });
  Broken broken;
  k.netlinks.each([&](NetlinkId id, const NetlinkSocket& socket) {
    const u64 packets = charged[id] + socket.received.size();
    if (!broken && (users[id] != socket.users || packets != socket.charged)) {
      broken = fmt::format("socket {} counts its users ({} of {}) and packets ({} of {})", id.v,
                           socket.users, users[id], socket.charged, packets);
    }
  });
  return broken;
}

/// A user is charged for the rings of the pipes that it made, the own ones of its tasks included,
/// and for its queues and those of the user namespaces that it made.
Broken check_charges(const KernelState& k) {
  std::map<UserId, u64> pages;
  k.pipes.each(
      [&](PipeId /*id*/, const PipeObject& pipe) { pages[pipe.user] += pipe.inode.nr_accounted; });
  for (const Task& task : k.tasks) {
    if (const auto& own = task.rare().splice_pipe) {
      pages[own->user] += own->slots;
    }
  }
  std::map<UserId, u64> bytes;
  k.mqueues.each([&](MqueueId /*id*/, const MqueueObject& queue) {
    for (std::optional user = queue.user; user; user = charged_above(k, *user)) {
      bytes[*user] += queue.bytes;
    }
  });
  for (u32 i = 0; i < k.users.size(); ++i) {
    if (k.users[i].mq_bytes != bytes[UserId{i}]) {
      return fmt::format("user {} is charged ({}) for queues of {} bytes", k.users[i].uid,
                         k.users[i].mq_bytes, bytes[UserId{i}]);
    }
    if (k.users[i].pipe.pipe_bufs != pages[UserId{i}]) {
      return fmt::format("user {} is charged ({}) for what it has ({})", k.users[i].uid,
                         k.users[i].pipe.pipe_bufs, pages[UserId{i}]);
    }
  }
  return std::nullopt;
}

/// A namespace counts its tasks.
Broken check_namespaces(const KernelState& k) {
  std::map<IpcNsId, u32> tasks;
  for (const Task& task : k.tasks) {
    tasks[task.ipc] += task.state == TaskState::kDead ? 0 : 1;
  }
  Broken broken;
  k.ipc_namespaces.each([&](IpcNsId id, const IpcNamespace& ns) {
    if (!broken && tasks[id] != ns.tasks) {
      broken =
          fmt::format("IPC namespace {} counts its tasks ({} of {})", id.v, ns.tasks, tasks[id]);
    }
    u32 mounts = 0;
    k.inodes.each([&](InodeId /*id*/, const Inode& node) {
      mounts += node.is_directory() && node.directory().mounted != kNoInode &&
                node.directory().mounted == ns.folder;
    });
    if (!broken && mounts != ns.mounts) {
      broken =
          fmt::format("IPC namespace {} counts its mounts ({} of {})", id.v, ns.mounts, mounts);
    }
  });
  return broken;
}

/// Who lives in a PID namespace is in one that has a first process; that alone is spared by
/// signals, and nobody who is not to die survives it.
Broken check_pid_namespaces(const KernelState& k) {
  for (u32 i = 0; i < k.processes.size(); ++i) {
    const Process& process = k.processes[i];
    const PidNamespace* ns =
        process.pid_ns == kInitPidNs ? nullptr : &k.pid_namespaces[process.pid_ns.v - 1];
    if (process.unkillable != (ns != nullptr && ns->init == ProcessId{i})) {
      return fmt::format("process {} is spared by signals when it is the first of its namespace",
                         i);
    }
    if (ns != nullptr && ns->ended && process.live_threads > 0 && !process.exiting) {
      return fmt::format("process {} ends with PID namespace {}", i, process.pid_ns.v);
    }
  }
  return std::nullopt;
}

Broken check_objects(const KernelState& k) {
  Broken broken;
  k.pipes.each([&](PipeId /*id*/, const PipeObject& pipe) {
    if (auto rule = broken_invariant(pipe.inode, k.pages, *k.profile); rule && !broken) {
      broken = fmt::format("pipe {}: {}", pipe.serial, *rule);
    }
  });
  k.mqueues.each([&](MqueueId /*id*/, const MqueueObject& queue) {
    if (auto rule = broken_invariant(queue.inode); rule && !broken) {
      broken = fmt::format("queue \"{}\": {}", k.inodes[queue.node].name, *rule);
    }
  });
  return broken;
}

/// A node's names and open files are as many as it counts, and its pipe knows it.
Broken check_inodes(const KernelState& k) {
  std::map<InodeId, u32> names;
  std::map<InodeId, u32> files;
  k.inodes.each([&](InodeId id, const Inode& node) {
    if (!node.is_directory()) {
      return;
    }
    if (node.nlink == 0) {
      return;  // removed, and kept by who has it open
    }
    names[id] += 1;                       // its own "."
    names[node.directory().parent] += 1;  // ".." of it, or of the root
    for (const DirectoryEntry& entry : node.directory().entries) {
      ++names[entry.node];
    }
  });
  k.files.each([&](FileId /*id*/, const File& file) {
    if (file.node != kNoInode) {
      ++files[file.node];
    }
  });
  Broken broken;
  k.inodes.each([&](InodeId id, const Inode& node) {
    const bool nameless = node.type() == kSIfchr || (node.is_fifo() && node.fifo().anonymous);
    const bool removed = node.is_directory() && node.nlink == 0;
    if (!broken && !nameless && !removed && node.nlink != names[id]) {
      broken = fmt::format("node \"{}\" has as many names ({}) as it counts ({})", node.name,
                           names[id], node.nlink);
    }
    if (!broken && node.is_queue() && k.mqueues[node.queue().queue].node != id) {
      broken = fmt::format("node \"{}\" and its queue know each other", node.name);
    }
    if (!broken && node.files != files[id]) {
      broken = fmt::format("node \"{}\" has as many open files ({}) as it counts ({})", node.name,
                           files[id], node.files);
    }
    if (!broken && node.is_fifo() && node.fifo().pipe != kNoPipe &&
        k.pipes[node.fifo().pipe].node != id) {
      broken = fmt::format("node \"{}\" and its pipe know each other", node.name);
    }
  });
  k.epolls.each([&](EventPollId id, const EventPoll& ep) {
    if (auto rule = broken_invariant(k, ep); rule && !broken) {
      broken = fmt::format("epoll instance {}: {}", id.v, *rule);
    }
  });
  return broken;
}

}  // namespace

std::optional<std::string> Kernel::broken_invariant() const {
  for (auto* check :
       {check_objects, check_pages, check_files, check_pipe_counts, check_waiting_writers,
        check_inodes, check_sockets, check_charges, check_namespaces, check_pid_namespaces}) {
    if (auto broken = check(state_)) {
      return broken;
    }
  }
  return std::nullopt;
}

}  // namespace ipcsim
