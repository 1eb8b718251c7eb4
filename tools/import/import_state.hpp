// What the importer knows while it goes through a log.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "tools/import/arg_reader.hpp"
#include "tools/import/call_result.hpp"
#include "tools/import/import.hpp"
#include "tools/import/inherited.hpp"
#include "tools/import/passing.hpp"
#include "tools/import/path_names.hpp"
#include "tools/import/queue_mounts.hpp"
#include "tools/import/recorder.hpp"
#include "tools/import/survey.hpp"
#include "tools/import/task_tracker.hpp"
#include "tools/import/unseen.hpp"

namespace ipcsim::strace {

class ImportState {
 public:
  ImportState(const Log& log, const Survey& seen)
      : survey(seen), recorder(log), unseen(tasks, recorder), inherited(unseen) {}

  const Survey& survey;
  TaskTracker tasks;
  FifoNames fifos;
  QueueMounts mounts;
  Recorder recorder;
  Unseen unseen;
  Passing passing;
  InheritedPipes inherited;
  /// FIFOs that a stat() shows though nothing made them: they were there before the log. Path and
  /// line.
  std::map<std::string, u32> discovered_fifos;
  /// Pipes, by the line of their pipe2(), of which a descriptor goes to another process in a way
  /// that cannot be imported: who holds them cannot be told, so they are left out as a whole.
  std::set<u32> passed_pipes;
  /// More of them, that this pass found.
  std::set<u32> newly_passed_pipes;
  /// What -y calls the pipes that the log made, with the line of their pipe2().
  std::map<std::string, u32, std::less<>> pipe_names;
  /// What others add to an epoll instance while a call waits there, by the line where that begins:
  /// as the pass before found it, and as this one does.
  std::map<u32, std::set<EpollWatch::Item>> coming_items;
  std::map<u32, std::set<EpollWatch::Item>> found_items;
  /// Descriptors of the log that reached another process.
  u64 passed_fds = 0;
  u64 unseen_descriptors = 0;
  /// What a call in a shared table will give out. Its lower numbers may be on their way to somebody
  /// whose line comes later: which of them were open is asked when the call ends.
  struct ExpectedFd {
    std::shared_ptr<FdTable> table;
    Fd lowest;
    Fd fd;
  };
  std::vector<ExpectedFd> expected_in_shared;
  bool async_files = false;  ///< O_ASYNC was set on something that the model has

  /// Adds something that an idle task does. A call that a signal interrupted is then over: it is
  /// taken back, and what the handler does comes first.
  u32 act(TaskState& task, EventBody body, Origin origin);

  /// The pipes of the message cannot be followed.
  void give_up(const PassedMessage& message);
  /// The same for all that nobody has received.
  void give_up_in_flight();
  /// A descriptor of the pipe came, or went, in a way that cannot be imported.
  void leave_out(std::string_view pipe);
  void leave_out(const FdSlot& slot);

  /// What `fd`, printed as `node`, is. `used`: the call's result shows that it was open.
  std::expected<FdKind, Problem> use_fd(TaskState& task, const Node& node, Fd fd, bool used,
                                        Origin origin);
  /// A call that begins will give out `fd`, the lowest free number from `lowest` on.
  void expect_fd(TaskState& task, Fd fd, FdKind kind, Fd lowest, Origin origin);

  /// A call found no descriptor number left below RLIMIT_NOFILE.
  bool ran_out_of_fds = false;
  /// The highest number that a call gave out; -1: none did.
  i32 highest_fd = -1;

  /// The path that a call with the descriptor of a directory means; relative to where the log began
  /// when that is all that is known.
  [[nodiscard]] std::string path_of(const TaskState& task, const Node* dirfd,
                                    std::string_view path) const;

  /// The mask that the trace gives the task becomes `blocked`: adds an event if it is another.
  void set_mask(TaskState& task, u64 blocked, Origin origin);

  // Virtual time: advances are recorded where something waits for a time.
  void advance_to(TaskState& task, i64 elapsed_ns, Origin origin);
  [[nodiscard]] i64 elapsed_ns() const { return elapsed_ns_; }

 private:
  std::expected<FdKind, Problem> use_closed_fd(TaskState& task, const Node& node, Fd fd,
                                               Origin origin);
  void add_unseen(TaskState& task, Fd fd, FdKind kind, Origin origin);
  [[nodiscard]] FdKind kind_of_pipe(std::string_view annotation) const;

  i64 elapsed_ns_ = 0;
};

}  // namespace ipcsim::strace
