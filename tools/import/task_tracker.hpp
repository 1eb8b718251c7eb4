// The tasks of a log: which pid is which task when, what they share, and what they do with signals.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/kernel/call.hpp"
#include "tools/import/fd_tracker.hpp"

namespace ipcsim::strace {

inline constexpr u32 kNoIndex = std::numeric_limits<u32>::max();

/// What a process does with a signal, as far as its rt_sigaction() calls show.
struct SignalAction {
  Disposition handler = Disposition::kDefault;
  u32 flags = 0;
  bool operator==(const SignalAction&) const = default;
};

/// What threads share unless told otherwise (`struct fs_struct`).
struct FsState {
  std::string cwd;  ///< empty: where the log began, which it does not show
  u32 umask = 0;    ///< that the trace has
};

/// A task's user ids, and what it may do beyond them.
struct TaskCreds {
  u32 real = 0;
  u32 effective = 0;
  u32 saved = 0;
  u64 caps_effective = 0;
  u64 caps_permitted = 0;
};

struct ProcessState {
  u32 leader = 0;  ///< index of a task
  u32 live_threads = 1;
  std::array<SignalAction, 65> actions{};
  /// Signals sent to the process by calls of the log and not delivered yet: the calls' events.
  std::map<u32, std::vector<u32>> sent;
  Signal last_delivered;  ///< the signal that a thread was given last
  u32 delivered_line = 0;
  bool dying = false;  ///< a signal kills it
  i64 group = 0;       ///< its process group, by the pid that names it; 0: the log's first
};

/// A call that a signal interrupted, and that may go on.
struct InterruptedCall {
  u32 event = 0;  ///< of its beginning
  Call call;
  std::string restart;   ///< ERESTARTSYS or one of its relatives
  i64 began_ns = 0;      ///< virtual time
  bool decided = false;  ///< a handler runs, and the call goes on after it
  /// Where the return of -1 EINTR belongs, in case that comes out later.
  std::optional<u32> eintr_event;
};

struct TaskState {
  u32 index = 0;
  i64 pid = 0;
  u32 parent = kNoIndex;
  u32 process = 0;
  std::shared_ptr<FdTable> files;
  std::shared_ptr<FsState> fs;
  TaskCreds creds;
  u64 blocked = 0;  ///< signal mask, of the signals that the trace has
  bool alive = true;
  bool made_ours = false;                ///< made a call on something that the model has
  bool sigpipe_pending = false;          ///< a write() of the trace has raised SIGPIPE
  std::map<u32, std::vector<u32>> sent;  ///< as ProcessState::sent, for this thread alone
  std::optional<u32> open_event;         ///< the event of the call that it is in
  std::optional<u32> epipe_event;        ///< the event with -1 EPIPE that it made last
  std::optional<InterruptedCall> interrupted;
  /// Before the end of a call that a signal may have cut short: the signal's place, whose line
  /// comes next.
  std::optional<u32> signal_place;
  u32 eintr_line = 0;  ///< where that call began, if it ended with EINTR
  /// How much the task asked for when it last read, by descriptor.
  std::map<i32, u64> asked_for = {};
  bool shares_files = false;  ///< began with its parent's descriptor table, not a copy
  /// The PID namespace that it is in, and its children will be in: 0 is strace's own.
  u32 pid_namespace = 0;
  u32 child_pid_namespace = 0;
  i64 inner_pid = 0;  ///< what it is called in its namespace
};

/// How a clone() shares.
struct CloneSharing {
  bool thread = false;
  bool files = false;
  bool fs = false;
  bool new_pids = false;  ///< the child begins a PID namespace
};

class TaskTracker {
 public:
  /// The task that `pid` is now. One that no line made is a root: it was there when the log began.
  TaskState& of_pid(i64 pid);
  /// A new task that no pid of the log is: it was there when the log began.
  TaskState& add_unseen();
  /// The living task that `pid` is, or null.
  TaskState* find(i64 pid);
  /// The same; where no living one is, the last that was.
  TaskState* find_last(i64 pid);
  /// The living task that `by` means with `pid`, or null.
  TaskState* find_as(const TaskState& by, i64 pid);
  /// unshare(CLONE_NEWPID): children come in a namespace of their own.
  void unshare_pids(TaskState& task) { task.child_pid_namespace = ++pid_namespaces_; }
  /// A new task, the child of `parent`, from the parent's entry line on. Takes over `pid` as soon
  /// as the pid's last task is gone.
  TaskState& fork(TaskState& parent, i64 pid, CloneSharing sharing);
  /// The fork that made `child` has returned: from here on the pid is that task's.
  void fork_returned(TaskState& child);
  void end(TaskState& task);
  /// execve() by another thread than the leader: that thread gets the leader's pid.
  void supersede(i64 pid, i64 by);
  /// execve(): descriptors are no longer shared, marked ones are closed, handlers are gone.
  void exec(TaskState& task);
  /// The table becomes the task's own. Linux kernel/fork.c: unshare_files().
  void unshare_files(TaskState& task);

  [[nodiscard]] ProcessState& process_of(const TaskState& task) { return processes_[task.process]; }
  [[nodiscard]] TaskState& at(u32 index) { return tasks_[index]; }
  [[nodiscard]] std::deque<TaskState>& all() { return tasks_; }
  [[nodiscard]] const std::deque<TaskState>& all() const { return tasks_; }
  [[nodiscard]] const RootFds* root_fds(u32 index) const;
  [[nodiscard]] std::deque<ProcessState>& processes() { return processes_; }

  /// The directory that the log began in, and who its tasks were, for roots.
  std::string initial_cwd;
  TaskCreds initial_creds;
  /// Sees the descriptors of each task that no other made, and which of these it is.
  std::function<void(u32 number, FdTable& table)> on_root;

 private:
  TaskState& add(i64 pid);
  void begin_process(TaskState& task, std::shared_ptr<RootFds> fds);

  std::deque<TaskState> tasks_;
  std::deque<ProcessState> processes_;
  std::map<i64, u32> current_;
  std::map<i64, u32> ended_;  // the last that has ended
  std::map<i64, u32> next_;   // a pid that is reused before its last task's end line
  std::map<u32, std::shared_ptr<RootFds>> roots_;
  /// Children by a number that is not strace's, in a PID namespace: the next pids that nobody knows
  /// are theirs.
  std::deque<u32> nameless_;
  u32 pid_namespaces_ = 0;
  u32 seen_roots_ = 0;
};

}  // namespace ipcsim::strace
