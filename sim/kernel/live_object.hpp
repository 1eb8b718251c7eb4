// An object of a run with all that tells where to find it in another system that did the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/kernel/snapshot.hpp"

namespace ipcsim {

struct KernelState;

/// A descriptor that refers to an object. Threads that share their descriptors count once.
struct Holder {
  TaskId task;
  Fd fd;
  bool operator==(const Holder&) const = default;
};

/// What the kernel keeps about an object and has no place in its snapshot. What is nothing does not
/// exist, or the machine cannot tell it.
struct Surroundings {
  // A pipe's.
  std::vector<Fd> fasync_readers;  ///< descriptors that O_ASYNC was set through, newest first
  std::vector<Fd> fasync_writers;
  std::vector<u64> slot_private;  ///< `pipe_buffer.private` of the occupied slots, the oldest first
  // A queue's.
  std::vector<WaiterSnapshot> wait_q;  ///< pollers
  u32 i_mode = 0;
  std::optional<u32> i_uid;
  std::optional<u32> i_gid;
  std::optional<u64> notify_self_exec_id;    ///< of SIGEV_SIGNAL: 0 for who never called execve()
  std::optional<std::string> notify_cookie;  ///< of SIGEV_THREAD: its bytes
  // Of both.
  /// What its user is charged for all that it has: pages of pipes, bytes of queues.
  std::optional<u64> charged;
  bool operator==(const Surroundings&) const = default;
};

/// An object that exists.
struct LiveObject {
  u32 serial = 0;               ///< by creation; no other object of the run has or had it
  std::vector<Holder> holders;  ///< none: only calls in progress, messages or its name keep it
  TaskId neighbour;             ///< a task that knows it by its name, if it has one
  std::string name;             ///< a FIFO's or a queue's, without its folder
  ObjectSnapshot object;        ///< with pages that keep their identity as long as they live
  Surroundings around;
};

/// All objects, in the order of their creation.
[[nodiscard]] std::vector<LiveObject> live_objects(const KernelState& k);

}  // namespace ipcsim
