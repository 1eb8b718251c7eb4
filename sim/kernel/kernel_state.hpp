// Everything a simulated kernel holds, as one value.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "model/base/arena.hpp"
#include "model/base/boxed.hpp"
#include "model/base/kernel_profile.hpp"
#include "model/base/page_pool.hpp"
#include "model/mqueue/mq_limits.hpp"
#include "model/mqueue/mqueue_inode.hpp"
#include "model/pipe/pipe_inode.hpp"
#include "model/pipe/pipe_size.hpp"
#include "sim/kernel/address_space.hpp"
#include "sim/kernel/call.hpp"
#include "sim/kernel/environment.hpp"
#include "sim/kernel/epoll.hpp"
#include "sim/kernel/file.hpp"
#include "sim/kernel/inode.hpp"
#include "sim/kernel/socket.hpp"
#include "sim/kernel/task.hpp"
#include "sim/kernel/wait_queue.hpp"

namespace ipcsim {

/// A file with O_ASYNC (`struct fasync_struct`), and the descriptor that it was set through.
struct FasyncEntry {
  FileId file;
  Fd fd;
  bool operator==(const FasyncEntry&) const = default;
};

/// Who wants signals of a pipe, the newest first.
struct FasyncLists {
  std::vector<FasyncEntry> readers;  ///< `fasync_readers`
  std::vector<FasyncEntry> writers;  ///< `fasync_writers`
  bool operator==(const FasyncLists&) const = default;
};

/// A pipe with what surrounds it in the kernel. All that an ordinary read or write looks at lies in
/// two cache lines: the first one, and the one of the slot.
struct alignas(64) PipeObject {
  WaitQueueId rd_wait;
  WaitQueueId wr_wait;     ///< the same as rd_wait where a pipe has only one queue
  UserId user;             ///< who is charged
  bool anonymous = false;  ///< made by pipe2(), not a FIFO
  /// Nothing but its ring and its wait queues hears of what is read and written: it has no times,
  /// and nobody is sent SIGIO. Follows from the others, see stands_alone().
  bool alone = false;
  PipeInode inode;
  InodeId node;               ///< its inode
  u32 serial = 0;             ///< 1, 2, 3 ... by creation
  Boxed<FasyncLists> fasync;  ///< there while somebody is on a list
  bool operator==(const PipeObject&) const = default;
};

/// What PipeObject::alone is to be.
[[nodiscard]] inline bool stands_alone(const PipeObject& pipe, const KernelProfile& profile) {
  return pipe.anonymous && !pipe.fasync && !profile.anonymous_pipe_times;
}

/// What threads share of the file system's view (`struct fs_struct`).
struct FsContext {
  u32 umask = 0;
  u32 users = 1;  ///< tasks
  bool operator==(const FsContext&) const = default;
};

/// A lock of flock(): of an open file, on its inode.
struct Flock {
  InodeId node;
  FileId file;
  bool exclusive = false;
  bool operator==(const Flock&) const = default;
};

/// A socket, as far as SIGEV_THREAD needs one.
struct NetlinkSocket {
  u32 family = 0;
  u32 users = 0;  ///< open files and registrations that refer to it
  WaitQueueId wait;
  std::vector<Payload> received;  ///< packets that wait to be read, the oldest first
  u32 charged = 0;                ///< packets charged to its receive buffer
  bool operator==(const NetlinkSocket&) const = default;
};

/// Ids `first` and on of a user namespace are the ids `lower_first` and on of the first one.
struct IdExtent {
  u32 first = 0;
  u32 lower_first = 0;
  u32 count = 0;
  bool operator==(const IdExtent&) const = default;
};

/// A user namespace that somebody made (`struct user_namespace`). None ever goes: nobody can tell.
struct UserNamespace {
  UserNsId parent;
  u32 level = 0;                  ///< namespaces above it
  u32 owner = 0;                  ///< effective user of its maker
  std::vector<IdExtent> uid_map;  ///< empty: not written yet
  std::vector<IdExtent> gid_map;
  bool setgroups_allowed = true;
  bool parent_could_setfcap = false;  ///< its maker had CAP_SETFCAP
  UserId maker;                       ///< who is charged, above, for what is charged in it
  u64 rlimit_msgqueue = 0;            ///< most bytes of that: its maker's soft limit then
  bool operator==(const UserNamespace&) const = default;
};

/// A PID namespace that somebody made (`struct pid_namespace`). None ever goes.
struct PidNamespace {
  PidNsId parent;
  u32 level = 0;       ///< namespaces above it
  ProcessId init;      ///< its first process (`child_reaper`); process 0: there was none yet
  bool ended = false;  ///< that has ended: nobody can be born here (not PIDNS_ADDING)
  bool operator==(const PidNamespace&) const = default;
};

/// An IPC namespace, as far as queues have one (`struct ipc_namespace`).
struct IpcNamespace {
  MqLimits mq_limits;
  UserNsId user_ns;           ///< that owns it
  u32 tasks = 0;              ///< tasks in it
  InodeId folder = kNoInode;  ///< of its queues' names
  bool mounted = false;       ///< its queues are mounted somewhere, for good
  u32 mounts = 0;             ///< places in the run's folder where its queues are mounted
  bool read_only = false;     ///< its file system is
  bool operator==(const IpcNamespace&) const = default;
};

/// A message queue with what surrounds it in the kernel.
struct MqueueObject {
  MqueueInode inode;
  WaitQueueId wait_q;  ///< pollers
  IpcNsId ns;
  InodeId node = kNoInode;             ///< its name, mode, owner, times and open files
  UserId user;                         ///< who is charged
  u64 bytes = 0;                       ///< charged against RLIMIT_MSGQUEUE
  NetlinkId notify_sock = kNoNetlink;  ///< of a SIGEV_THREAD registration
  Payload notify_cookie;               ///< the packet that goes there
  u32 serial = 0;
  bool operator==(const MqueueObject&) const = default;
};

/// What a user is charged: pages of pipes in the first user namespace alone (`struct user_struct`),
/// bytes of queues in each (`struct ucounts`).
struct User {
  u32 uid = 0;
  UserNsId ns;
  PipeUser pipe;
  u64 mq_bytes = 0;
  bool operator==(const User&) const = default;
};

/// The state. Copies are independent of each other; page contents are shared until written.
struct KernelState {
  const KernelProfile* profile = nullptr;
  PipeLimits pipe_limits;
  PagePool pages;
  Arena<PipeId, PipeObject> pipes;
  Arena<InodeId, Inode> inodes;
  InodeId root;  ///< the folder that the run's names are in
  std::array<InodeId, 3> devices{kNoInode, kNoInode, kNoInode};  ///< by Device, once looked up
  std::vector<Flock> flocks;
  Arena<SocketId, Socket> sockets;
  u32 told_inodes = 0;  ///< numbers given out by stat()
  Arena<MqueueId, MqueueObject> mqueues;
  Arena<NetlinkId, NetlinkSocket> netlinks;
  std::vector<UserNamespace> user_namespaces;  ///< by number less one: without the first
  std::vector<PidNamespace> pid_namespaces;    ///< likewise
  Arena<IpcNsId, IpcNamespace> ipc_namespaces;
  IpcNsId first_ipc;  ///< that of the tasks that exist at the beginning
  Arena<FileId, File> files;
  Arena<EventPollId, EventPoll> epolls;
  Arena<EpItemId, EpItem> epitems;
  Arena<FdTableId, FdTable> fd_tables;
  Arena<FsId, FsContext> fs_contexts;
  Arena<MmId, AddressSpace> mms;
  std::vector<User> users;
  std::vector<Process> processes;
  std::vector<Task> tasks;  ///< by task number minus one; gaps are dead tasks
  WaitQueues wait_queues;
  TaskId run_first;  ///< the run queue, linked through Task::run_next
  TaskId run_last;
  Nanoseconds now;         ///< CLOCK_REALTIME
  ReusedBytes read_bytes;  ///< what reads hand out
  u32 serial = 0;          ///< objects made so far

  /// Calls that ended since somebody last took them. Not part of what `==` compares in effect:
  /// empty between steps.
  std::vector<Completion> completions;
  std::vector<HandledSignal> handled;  ///< handlers that ran, likewise

  [[nodiscard]] Task& task(TaskId id) { return tasks[id.v - 1]; }
  [[nodiscard]] const Task& task(TaskId id) const { return tasks[id.v - 1]; }
  [[nodiscard]] Process& process_of(TaskId id) { return processes[task(id).process.v]; }
  [[nodiscard]] const Process& process_of(TaskId id) const { return processes[task(id).process.v]; }
  [[nodiscard]] FdTable& fd_table(TaskId id) { return fd_tables[task(id).files]; }
  [[nodiscard]] bool exists(TaskId id) const {
    return id.v >= 1 && id.v <= tasks.size() && task(id).state != TaskState::kDead;
  }
  [[nodiscard]] AddressSpace& address_space(TaskId id) { return mms[task(id).mm]; }
  [[nodiscard]] FsContext& fs_context(TaskId id) { return fs_contexts[task(id).fs]; }
  [[nodiscard]] const Credentials& cred(TaskId id) const { return *task(id).cred; }
  /// Whom the task's real uid is, for what users are charged in the first user namespace.
  [[nodiscard]] UserId user_of(TaskId id) { return user(kInitUserNs, cred(id).uid.real); }
  [[nodiscard]] UserId user(UserNsId ns, u32 uid);

  bool operator==(const KernelState&) const = default;
};

/// How a section of a call ended.
struct Section {
  enum class End : u8 {
    kReturned,     ///< `result` is what the call gives (it may be ERESTARTSYS)
    kAsleep,       ///< the task sleeps; the wait is set up
    kGoesOn,       ///< the call goes on in another section, behind those that are runnable now
    kGone,         ///< the task is dead
    kNotModelled,  ///< no answer: `reason`
  };
  End end = End::kReturned;
  SysResult result;
  Boxed<std::string> reason;

  /// True when the call has its answer.
  [[nodiscard]] bool over() const { return end == End::kReturned || end == End::kNotModelled; }

  // Each sets what it has to say in a default-initialised section: braces would have the compiler
  // clear all of it first, which costs as much as the rest of a short call.
  [[nodiscard]] static Section returned(i64 value) {
    Section section;
    section.result.ret = value;
    return section;
  }
  template <class Out>
  [[nodiscard]] static Section returned(i64 value, Out&& out) {
    return Section(value, std::forward<Out>(out));
  }
  [[nodiscard]] static Section failed(Errno error) {
    Section section;
    section.result.ret = -1;
    section.result.error = error;
    return section;
  }
  [[nodiscard]] static Section asleep() { return ended(End::kAsleep); }
  [[nodiscard]] static Section goes_on() { return ended(End::kGoesOn); }
  [[nodiscard]] static Section gone() { return ended(End::kGone); }
  [[nodiscard]] static Section not_modelled(std::string why) {
    Section section;
    section.end = End::kNotModelled;
    section.reason.emplace(std::move(why));
    return section;
  }

 private:
  Section() = default;
  template <class Out>
  Section(i64 value, Out&& out) : result{value, Errno::kOk, std::forward<Out>(out)} {}
  static Section ended(End end) {
    Section section;
    section.end = end;
    return section;
  }
};

}  // namespace ipcsim
