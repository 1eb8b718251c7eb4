// All that the results of a run depend on, besides the calls.
#pragma once

#include <string>
#include <vector>

#include "model/base/caps.hpp"
#include "model/base/types.hpp"
#include "model/mqueue/mq_limits.hpp"
#include "model/pipe/pipe_size.hpp"

namespace ipcsim {

/// A process that exists when a run begins.
struct InitialTask {
  TaskId task{1};
  u32 uid = 0;
  i32 nice = 0;
  u64 rlimit_nofile = 1024;      ///< soft RLIMIT_NOFILE
  u64 rlimit_msgqueue = 819200;  ///< soft RLIMIT_MSGQUEUE in bytes
  /// Descriptors that are open already and are files that are not under study.
  std::vector<Fd> other_fds;

  bool operator==(const InitialTask&) const = default;
};

/// The machine that a trace was recorded on, or is to be run on.
struct Environment {
  std::string kernel;    ///< release it was recorded on ("6.18.44"), or empty
  std::string profile;   ///< "linux-6.18", or empty: the newest
  u32 page_size = 4096;  ///< bytes
  Caps caps;             ///< effective capabilities of all tasks
  PipeLimits pipe_limits;
  MqLimits mq_limits;
  i64 realtime_ns = 1'700'000'000'000'000'000;  ///< CLOCK_REALTIME when the run begins
  std::vector<InitialTask> tasks{InitialTask{}};

  bool operator==(const Environment&) const = default;
};

}  // namespace ipcsim
