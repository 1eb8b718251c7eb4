// The task of a trace that stands for what the log does not show.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "tools/import/recorder.hpp"
#include "tools/import/task_tracker.hpp"

namespace ipcsim::strace {

/// It makes the tasks that the log begins with, holds the other ends of pipes that were there
/// before it, and has a pair of sockets, the carrier, that all tasks inherit: over it descriptors
/// go from one to another. Its calls, and those of others on the carrier, are made up, so that
/// results of the log can be as they are; each says so in its origin.
class Unseen {
 public:
  Unseen(TaskTracker& tasks, Recorder& recorder) : tasks_(tasks), recorder_(recorder) {}

  /// Its own descriptors begin here, above all that the log has.
  void begin_at(i32 base) { base_ = base; }
  [[nodiscard]] i32 base() const { return base_; }
  /// The carrier: what is sent to the first end is received at the second.
  [[nodiscard]] Fd carrier_in() const { return Fd{base_}; }
  [[nodiscard]] Fd carrier_out() const { return Fd{base_ + 1}; }
  [[nodiscard]] bool carries() const { return carries_; }
  /// Where its ends of pipes begin, two for each.
  [[nodiscard]] Fd first_end() const { return Fd{base_ + 2}; }

  /// The task sends descriptors; returns a number for the message.
  u32 send(const TaskState& from, std::vector<Fd> fds, Origin origin);
  /// The task receives that message's, as many as there are numbers for them; none: the unseen task
  /// takes the message out.
  void receive(TaskState& to, u32 message, const std::vector<Fd>& fds, bool cloexec, Origin origin);

  /// It holds a descriptor from the beginning of the trace on.
  void hold(Fd fd);
  /// It opens something.
  Fd open(OpenCall call, Origin origin);
  /// It closes its descriptor.
  void drop(Fd fd, Origin origin);
  /// A call that it makes.
  void put(Call call, SysResult result, Origin origin);

  /// Where it is among the tasks, if it was needed.
  [[nodiscard]] std::optional<u32> index() const { return index_; }
  /// The calls that were made up, of others too.
  [[nodiscard]] u64 calls() const { return calls_; }

 private:
  TaskState& task();
  void add(const TaskState& task, Call call, SysResult result, Origin origin);
  void turn_over(Origin origin);

  /// A message on the carrier.
  struct Carried {
    u32 message = 0;
    u32 fds = 0;
  };

  TaskTracker& tasks_;
  Recorder& recorder_;
  std::optional<u32> index_;
  i32 base_ = 0;
  bool carries_ = false;
  std::deque<Carried> carried_;
  u32 messages_ = 0;
  u64 calls_ = 0;
};

}  // namespace ipcsim::strace
