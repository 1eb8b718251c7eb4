#include "sim/replay/footprint.hpp"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <variant>

#include <range/v3/algorithm/any_of.hpp>
#include <range/v3/algorithm/find.hpp>

namespace ipcsim {
namespace {

using Thing = Footprint::Thing;

/// Gathers the footprint of one task.
class Gatherer {
 public:
  Gatherer(const KernelState& k, TaskId id, Footprint& out) : k_(k), id_(id), out_(out) {}

  void gather() {
    const Task& task = k_.task(id_);
    out_.add(Thing::kTask, id_.v, true);
    out_.add(Thing::kProcess, task.process.v, false);
    if (!task.in_call() || task.killed || !task.rare().pending.empty() ||
        !k_.process_of(id_).shared_pending.empty() || k_.process_of(id_).exiting) {
      add_end();  // a signal may kill it
    }
    if (task.in_call()) {
      task.call.visit([&](const auto& call) { add_call(call); });
      // Whatever its descriptors are by now.
      for (const FileId file : held_files(task)) {
        add_file(file, true);
      }
    }
  }

 private:
  void add_table(bool writes) { out_.add(Thing::kFdTable, k_.task(id_).files.v, writes); }

  void add_file(FileId id, bool closes) {
    if (id == kNoFile) {
      return;
    }
    const File& file = k_.files[id];
    out_.add(Thing::kFile, id.v, closes);
    switch (file.kind) {
      case FileKind::kOther:
        return;
      case FileKind::kPipe:
        out_.add(Thing::kPipe, file.pipe.v, true);
        add_watchers([&](const File& other) {
          return other.kind == FileKind::kPipe && other.pipe == file.pipe;
        });
        if (sends_signals(file.pipe)) {
          out_.add_everything();
        }
        return;
      case FileKind::kMqueue:
        out_.add(Thing::kQueue, file.mqueue.v, true);
        add_watchers([&](const File& other) {
          return other.kind == FileKind::kMqueue && other.mqueue == file.mqueue;
        });
        if (k_.mqueues[file.mqueue].inode.notify) {
          out_.add_everything();  // a message may send a signal to anybody
        }
        if (closes) {
          out_.add(Thing::kCharges, 0, true);
        }
        return;
      case FileKind::kSocket:
        if (closes && file.f_count <= 1) {
          out_.add_everything();  // what is on its way goes with it
          return;
        }
        out_.add(Thing::kSocket, file.socket.v, true);
        if (k_.sockets[file.socket].peer != kNoSocket) {
          out_.add(Thing::kSocket, k_.sockets[file.socket].peer.v, true);
        }
        return;
      case FileKind::kRegular:
        out_.add(Thing::kInode, file.node.v, true);
        return;
      case FileKind::kDirectory:
      case FileKind::kDevice:
        return;
      default:
        out_.add_everything();
    }
  }

  /// The epoll instances that watch a file for which `is_watched` is true, or another instance: in
  /// which order files became ready shows in their lists.
  template <class F>
  void add_watchers(F is_watched) {
    k_.epolls.each([&](EventPollId id, const EventPoll& ep) {
      for (const EpItemId item : ep.items) {
        const File& watched = k_.files[k_.epitems[item].file];
        if (watched.kind == FileKind::kEpoll || is_watched(watched)) {
          out_.add(Thing::kEpoll, id.v, true);
        }
      }
    });
  }

  /// True when the pipe has an open file with O_ASYNC: what is done to it may send SIGIO to
  /// anybody.
  [[nodiscard]] bool sends_signals(PipeId pipe) {
    if (!any_async()) {
      return false;
    }
    bool any = false;
    k_.files.each([&](FileId /*id*/, const File& file) {
      any = any ||
            (file.kind == FileKind::kPipe && file.pipe == pipe && (file.f_flags & kOAsync) != 0);
    });
    return any;
  }

  /// True when any open file has O_ASYNC: asked once, for a task may end with very many files.
  [[nodiscard]] bool any_async() {
    if (!any_async_) {
      any_async_ = false;
      k_.files.each([&](FileId /*id*/, const File& file) {
        any_async_ = *any_async_ || (file.f_flags & kOAsync) != 0;
      });
    }
    return *any_async_;
  }

  void add_fd(Fd fd, bool closes = false) {
    add_table(false);
    add_file(k_.fd_tables[k_.task(id_).files].file(fd), closes);
  }

  /// Every descriptor, or those that an exec closes.
  void add_closing(bool only_cloexec) {
    add_table(true);
    const FdTable& table = k_.fd_tables[k_.task(id_).files];
    for (const Fd fd : table.open_fds()) {
      if (!only_cloexec || table.close_on_exec(fd)) {
        add_file(table.file(fd), true);
      }
    }
  }

  void add_process(ProcessId process) {
    out_.add(Thing::kProcess, process.v, true);
    for (u32 i = 0; i < k_.tasks.size(); ++i) {
      if (k_.tasks[i].state != TaskState::kDead && k_.tasks[i].process == process) {
        out_.add(Thing::kTask, i + 1, true);
      }
    }
  }

  /// The end of the task, and of its process with it.
  void add_end() {
    add_closing(false);
    add_process(k_.task(id_).process);
    add_vfork_parent();
    if (k_.process_of(id_).unkillable) {
      out_.add_everything();  // all of its PID namespace end with it
    }
  }

  void add_vfork_parent() {
    if (k_.task(id_).rare().vfork_parent != kNoTask) {
      out_.add(Thing::kTask, k_.task(id_).rare().vfork_parent.v, true);
    }
  }

  /// FIFOs are found by name, and a pipe by its descriptor's name: any of them.
  void add_names() {
    out_.add(Thing::kNames, 0, true);
    out_.add(Thing::kCharges, 0, true);
    k_.inodes.each([&](InodeId id, const Inode& node) {
      if (node.is_fifo() && !node.fifo().anonymous && node.fifo().pipe != kNoPipe) {
        out_.add(Thing::kPipe, node.fifo().pipe.v, true);
      } else if (!node.is_fifo()) {
        out_.add(Thing::kInode, id.v, true);
      }
    });
    add_table(true);
    const FdTable& table = k_.fd_tables[k_.task(id_).files];
    for (const Fd fd : table.open_fds()) {
      add_file(table.file(fd), false);
    }
  }

  void add_call(const Pipe2Call& /*call*/) {
    add_table(true);
    out_.add(Thing::kCharges, 0, true);
  }
  void add_call(const CloseCall& call) {
    add_table(true);
    add_fd(call.fd, true);
  }
  void add_call(const CloseRangeCall& /*call*/) { add_closing(false); }
  void add_call(const DupCall& /*call*/) { add_table(true); }
  void add_call(const Dup2Call& call) {
    add_table(true);
    add_fd(call.newfd, true);
  }
  void add_call(const Dup3Call& call) {
    add_table(true);
    add_fd(call.newfd, true);
  }
  void add_call(const FcntlCall& call) {
    add_table(true);
    add_fd(call.fd, call.cmd.v == kFSetfl);
    if (call.cmd.v == kFSetpipeSz) {
      out_.add(Thing::kCharges, 0, true);
    }
  }
  void add_call(const IoctlCall& call) {
    add_table(true);
    add_fd(call.fd, true);
  }
  void add_call(const PollCall& call) {
    for (const PollFd& entry : call.fds) {
      add_fd(entry.fd);
    }
  }
  void add_call(const SpliceCall& call) {
    add_fd(call.fd_in, true);
    add_fd(call.fd_out, true);
  }
  void add_call(const TeeCall& call) {
    add_fd(call.fd_in);
    add_fd(call.fd_out);
  }
  void add_call(const SendfileCall& call) {
    add_fd(call.in_fd, true);
    add_fd(call.out_fd, true);
  }
  void add_call(const SendmsgCall& call) {
    add_fd(call.fd);
    for (const Fd fd : call.rights) {
      add_fd(fd, true);
    }
  }
  void add_call(const RecvmsgCall& call) {
    add_table(true);
    add_fd(call.fd);
    const FileId id = k_.fd_tables[k_.task(id_).files].file(call.fd);
    if (id == kNoFile || k_.files[id].kind != FileKind::kSocket) {
      return;
    }
    for (const SocketMessage& message : k_.sockets[k_.files[id].socket].received) {
      for (const FileId file : message.rights) {
        add_file(file, true);
      }
    }
  }
  void add_call(const OpenCall& /*call*/) { add_names(); }
  void add_call(const MkfifoCall& /*call*/) { add_names(); }
  void add_call(const UnlinkCall& /*call*/) { add_names(); }
  void add_call(const MqOpenCall& /*call*/) { add_names(); }
  void add_call(const MqUnlinkCall& /*call*/) { add_names(); }
  void add_call(const ForkCall& call) { add_child(call.child); }
  void add_call(const VforkCall& call) { add_child(call.child); }
  void add_call(const CloneCall& call) { add_child(call.child); }
  void add_child(TaskId child) {
    add_table(false);
    out_.add(Thing::kTask, child.v, true);
    out_.add(Thing::kProcess, k_.task(id_).process.v, true);
  }
  void add_call(const ExecveCall& /*call*/) {
    add_closing(true);
    add_process(k_.task(id_).process);
    add_vfork_parent();
  }
  void add_call(const ExitCall& /*call*/) { add_end(); }
  void add_call(const ExitGroupCall& /*call*/) { add_end(); }
  void add_call(const KillCall& call) { add_target(call.pid); }
  void add_call(const TgkillCall& call) { add_target(call.tid); }
  void add_target(TaskId target) {
    if (k_.exists(target)) {
      add_process(k_.task(target).process);
    }
  }
  void add_call(const RtSigactionCall& /*call*/) {
    out_.add(Thing::kProcess, k_.task(id_).process.v, true);
  }
  void add_call(const SetrlimitCall& /*call*/) {
    out_.add(Thing::kProcess, k_.task(id_).process.v, true);
  }
  void add_call(const RtSigprocmaskCall& /*call*/) {}
  /// A transfer on one descriptor; anything else is not known.
  void add_call(const auto& call) {
    using CallType = std::remove_cvref_t<decltype(call)>;
    if constexpr (std::is_same_v<CallType, ReadCall> || std::is_same_v<CallType, WriteCall> ||
                  std::is_same_v<CallType, ReadvCall> || std::is_same_v<CallType, WritevCall>) {
      add_fd(call.fd);
    } else if constexpr (std::is_same_v<CallType, MqTimedsendCall> ||
                         std::is_same_v<CallType, MqTimedreceiveCall> ||
                         std::is_same_v<CallType, MqGetsetattrCall>) {
      add_fd(call.mqdes);
    } else {
      out_.add_everything();
    }
  }

  const KernelState& k_;
  TaskId id_;
  Footprint& out_;
  std::optional<bool> any_async_;
};

}  // namespace

bool Footprint::clashes(const Footprint& other) const {
  if (everything_ || other.everything_) {
    return true;
  }
  return ranges::any_of(touched_, [&](const Touch& mine) {
    return ranges::any_of(other.touched_, [&](const Touch& theirs) {
      return mine.what == theirs.what && (mine.writes || theirs.writes);
    });
  });
}

Footprint footprint_of(const Kernel& kernel, TaskId task) {
  Footprint footprint;
  if (kernel.exists(task)) {
    Gatherer(kernel.state(), task, footprint).gather();
  } else {
    footprint.add(Thing::kTask, task.v, true);
  }
  return footprint;
}

std::vector<TaskId> relevant_runnable(const Kernel& kernel, TaskId wanted) {
  std::vector<TaskId> runnable = kernel.runnable();
  if (const auto place = ranges::find(runnable, wanted); place != runnable.end()) {
    std::rotate(runnable.begin(), place, place + 1);
  }
  if (runnable.size() <= 1) {
    return runnable;
  }
  const KernelState& k = kernel.state();
  std::vector<TaskId> reached{wanted};
  std::vector<Footprint> footprints{footprint_of(kernel, wanted)};
  // How a thread ended is told with the end of the last thread of its process.
  const bool ended = wanted.v >= 1 && wanted.v <= k.tasks.size() && !kernel.exists(wanted);
  std::vector<std::pair<TaskId, Footprint>> others;
  for (u32 i = 0; i < k.tasks.size(); ++i) {
    const TaskId task{i + 1};
    const TaskState state = k.tasks[i].state;
    if ((state != TaskState::kRunnable && state != TaskState::kAsleep) || task == wanted) {
      continue;
    }
    if (ended && k.tasks[i].process == k.task(wanted).process) {
      reached.push_back(task);
      footprints.push_back(footprint_of(kernel, task));
    } else {
      others.emplace_back(task, footprint_of(kernel, task));
    }
  }
  for (std::size_t at = 0; at < reached.size(); ++at) {
    for (std::size_t i = 0; i < others.size();) {
      if (footprints[at].clashes(others[i].second)) {
        reached.push_back(others[i].first);
        footprints.push_back(std::move(others[i].second));
        others[i] = std::move(others.back());
        others.pop_back();
      } else {
        ++i;
      }
    }
  }
  std::erase_if(runnable,
                [&](TaskId task) { return ranges::find(reached, task) == reached.end(); });
  return runnable;
}

}  // namespace ipcsim
