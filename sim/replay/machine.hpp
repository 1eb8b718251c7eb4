// What runs steps: the model, or a real kernel.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/types.hpp"
#include "sim/kernel/call.hpp"
#include "sim/kernel/live_object.hpp"
#include "sim/kernel/signal_info.hpp"
#include "sim/kernel/snapshot.hpp"

namespace ipcsim {

/// What happened until every task slept or was idle.
struct Settled {
  /// Calls that ended, in order. Deaths of one process stand together, by task number.
  std::vector<Completion> completions;
  /// Every task that is in a call now, by task number.
  std::vector<Sleeper> sleepers;
  /// Handlers that ran. Only the order of one task's is meant.
  std::vector<HandledSignal> handled;
};

/// Why a machine cannot go on: this host lacks something (exit status 77), or the run is lost.
struct MachineError {
  bool unsupported = false;  ///< the machine lacks what was asked for; otherwise the run broke
  std::string message;
};

/// An object as a machine that was asked for it has it.
struct FoundObject {
  ObjectSnapshot object;
  Surroundings around;
  std::string problem;  ///< why it could not be found or understood; empty: it was
};

/// A system of tasks that makes system calls. Steps are posted, then the machine runs until
/// everything sleeps or is idle: the same order of posts always gives the same order of
/// completions.
class Machine {
 public:
  Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  virtual ~Machine() = default;

  /// "model linux-6.18", "host 6.18.44"
  [[nodiscard]] virtual std::string name() const = 0;
  /// True when completions come in an order that can be compared; false when only the set is meant.
  [[nodiscard]] virtual bool ordered() const = 0;
  /// True when `task` exists and is in no call.
  [[nodiscard]] virtual bool idle(TaskId task) const = 0;
  /// True when `task` exists: it was there from the start or was forked, and has not died.
  [[nodiscard]] virtual bool exists(TaskId task) const = 0;

  /// Queues a call of an idle task. REQUIRES: idle(task).
  virtual std::expected<void, MachineError> post(TaskId task, const Call& call) = 0;
  /// Queues a signal to one task, as from outside. A task that is gone gets nothing.
  virtual std::expected<void, MachineError> post_signal(TaskId task, Signal signal) = 0;
  /// Makes descriptor `fd` of an idle task some file that is not under study.
  virtual std::expected<void, MachineError> post_other_fd(TaskId task, Fd fd, bool cloexec) = 0;
  /// Lets virtual time pass; timeouts in it expire in their order.
  virtual std::expected<void, MachineError> advance(Nanoseconds by) = 0;
  /// Runs what was posted until every task sleeps or is idle.
  [[nodiscard]] virtual std::expected<Settled, MachineError> settle() = 0;

  /// The kernel objects as they are, where the machine can see them. Call after settle().
  [[nodiscard]] virtual std::optional<Snapshot> snapshot() = 0;
  /// The object behind one descriptor, where the machine can see it. A page keeps its identity from
  /// one answer to the next; when it was freed and taken again it is another. REQUIRES:
  /// exists(task), called after settle().
  [[nodiscard]] virtual std::optional<ObjectSnapshot> object_of(TaskId /*task*/, Fd /*fd*/) {
    return std::nullopt;
  }
  /// Every object with what tells where to find it; nothing from a machine that only has some.
  /// Call after settle().
  [[nodiscard]] virtual std::vector<LiveObject> live_objects() { return {}; }
  /// The objects of this machine that are to it what `wanted` are to another that ran the same
  /// steps, in the same order; nothing where the machine cannot see any. A page that was freed and
  /// taken again may have the identity that it had. Call after settle().
  [[nodiscard]] virtual std::expected<std::vector<FoundObject>, MachineError> find_objects(
      std::span<const LiveObject> /*wanted*/) {
    return std::vector<FoundObject>{};
  }
};

}  // namespace ipcsim
