// What one call of a log becomes.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/call.hpp"
#include "tools/import/arg_reader.hpp"
#include "tools/import/call_result.hpp"
#include "tools/import/import_state.hpp"

namespace ipcsim::strace {

/// A call of the trace. Without a result it goes on, or never returns.
struct PlannedCall {
  Call call;
  std::optional<SysResult> result;
};

/// A descriptor that becomes some other file.
struct PlannedFd {
  Fd fd;
  bool cloexec = false;
  std::string what;
};

/// Until when a call waits at most.
struct Timeout {
  bool absolute = false;  ///< of CLOCK_REALTIME; otherwise from the call's beginning on
  i64 ns = 0;
  bool ran_out = false;  ///< the call returned because of it
};

/// What a call becomes. Effects on descriptors and tasks happen where the log prints its result.
struct Plan {
  enum class Fate : u8 {
    kKept,           ///< `calls`, or other descriptors
    kOther,          ///< not about anything that the model has
    kNoEffect,       ///< about such, without effect on it
    kInheritedPipe,  ///< about a pipe from before the log
  };
  Fate fate = Fate::kOther;
  std::vector<PlannedCall> calls;
  std::vector<PlannedFd> other_fds;
  std::optional<Timeout> timeout;
  /// What a pipe from before the log must have gone through before the first call begins, ends, and
  /// behind that.
  std::vector<std::function<void()>> before_begin;
  std::vector<std::function<void()>> before_end;
  std::vector<std::function<void()>> after_end;
  bool two_lines = false;             ///< something happens between the first call's begin and end
  std::function<void()> after_entry;  ///< what stands right behind the first call's event
  std::function<void()> at_exit;
  /// The call could be imported only in part: what is missing.
  std::string remark;

  [[nodiscard]] static Plan of(Fate fate) {
    Plan plan;
    plan.fate = fate;
    return plan;
  }
  [[nodiscard]] static Plan no_effect() { return of(Fate::kNoEffect); }
  [[nodiscard]] static Plan other() { return of(Fate::kOther); }
};

/// A call of the log as a converter sees it.
struct Conversion {
  const CallRecord& record;
  ArgReader& args;
  const CallResult& result;
  TaskState& task;
  ImportState& state;
  Origin origin;
  /// No second line comes with a result, and this one has none.
  bool never_returns = false;

  [[nodiscard]] std::string_view name() const { return record.name; }
  [[nodiscard]] FdTable& files() const { return *task.files; }
  [[nodiscard]] bool faulted() const { return result.failed_with("EFAULT"); }

  /// The kind of argument `index`, a descriptor. kClosed with a problem when it cannot be told.
  FdKind use(std::size_t index);
  FdKind use(const Node* node, Fd fd);
  /// What becomes of a call on a descriptor of this kind, if not the call itself.
  [[nodiscard]] std::optional<Plan> drop(FdKind kind) const;
  /// The call's result for the trace; nothing while it goes on.
  std::optional<SysResult> outcome(Output out = {});
  /// A plan that keeps one call with its result.
  Plan keep(Call call, Output out = {});
  /// The same for a call that does not make its task one that matters.
  Plan keep_bookkeeping(Call call);
  /// A descriptor that the call gives out is coming.
  void expect_fd(i64 fd, FdKind kind, Fd lowest = Fd{0});
  /// A result shows whether the pipe or FIFO `fd` has O_NONBLOCK. Where ioctl() was not recorded
  /// one may have set it: then the trace gets that ioctl().
  void shows_nonblock(Fd fd, bool on);
  /// The number that a task has in events until the trace is finished.
  [[nodiscard]] static TaskId number_of(const TaskState& task) { return TaskId{task.index + 1}; }
};

/// The plan of a write() to a file of /proc that says what ids of a user namespace are outside;
/// nothing for other files.
[[nodiscard]] std::optional<Plan> convert_id_map(Conversion& c);

/// The plan of a call that returned a new descriptor of some other file.
[[nodiscard]] Plan plan_new_fd(Conversion& c, i64 fd);
/// The same, if it returned one.
[[nodiscard]] Plan plan_result_fd(Conversion& c);
/// A descriptor `fd` comes that is some other file, or a pipe in a way that cannot be imported.
void add_other_fd(Conversion& c, Plan& plan, i64 fd, std::optional<std::string_view> annotation,
                  bool cloexec);
/// The flags of the call say so, or it always does.
[[nodiscard]] bool makes_cloexec(Conversion& c);

/// fcntl() that sets or asks who a file's signals go to.
[[nodiscard]] Plan convert_owner(Conversion& c, FcntlCmd cmd);

/// Turns a call into a plan; a problem is left in the argument reader.
using Converter = Plan (*)(Conversion&);

/// The converter for calls of this name, or null when they are dropped.
[[nodiscard]] Converter find_converter(std::string_view name);

/// /dev/null, /dev/zero or /dev/full, which the model has.
[[nodiscard]] bool is_known_device(std::string_view path);

// Converters by subject. Each file registers the names that it knows.
struct NamedConverter {
  std::string_view name;
  Converter convert;
};
[[nodiscard]] std::span<const NamedConverter> attr_converters();
[[nodiscard]] std::span<const NamedConverter> creds_converters();
[[nodiscard]] std::span<const NamedConverter> epoll_converters();
[[nodiscard]] std::span<const NamedConverter> pipe_converters();
[[nodiscard]] std::span<const NamedConverter> fd_converters();
[[nodiscard]] std::span<const NamedConverter> poll_converters();
[[nodiscard]] std::span<const NamedConverter> path_converters();
[[nodiscard]] std::span<const NamedConverter> mount_converters();
[[nodiscard]] std::span<const NamedConverter> mqueue_converters();
[[nodiscard]] std::span<const NamedConverter> notify_converters();
/// socket(): a plan where it is one that SIGEV_THREAD may use.
[[nodiscard]] std::optional<Plan> convert_netlink_socket(Conversion& c);
[[nodiscard]] std::span<const NamedConverter> passing_converters();
[[nodiscard]] std::span<const NamedConverter> task_converters();
[[nodiscard]] std::span<const NamedConverter> signal_converters();
[[nodiscard]] std::span<const NamedConverter> splice_converters();
[[nodiscard]] std::span<const NamedConverter> other_converters();
[[nodiscard]] std::span<const NamedConverter> owner_converters();

}  // namespace ipcsim::strace
