// What has to be known of a whole log before its first event can be made.
#pragma once

#include <optional>
#include <string>

#include "model/base/caps.hpp"
#include "tools/import/limits_survey.hpp"
#include "tools/import/log_reader.hpp"

namespace ipcsim::strace {

struct Survey {
  /// Signals that are sent or delivered, and SIGPIPE, as a set: the others' handlers do not matter.
  u64 signals = 0;
  /// The directory that the first task began in; empty: the log does not show it.
  std::string initial_cwd;
  /// The limits that a task had before anything set them.
  std::optional<u64> rlimit_nofile;
  std::optional<u64> rlimit_msgqueue;
  /// Something set the first of these before anything showed it.
  bool sets_nofile = false;
  /// The first time of the log.
  std::optional<i64> start_ns;
  /// CLOCK_REALTIME at the start, if the log shows or implies it.
  std::optional<i64> realtime_ns;
  /// Capabilities of the tasks that the log begins with.
  u64 initial_caps = 0;
  /// Queues are seen as files in the place where they usually are mounted.
  bool queue_files = false;
  /// Calls that open files are in the log, as far as one can see: a program that begins opens some.
  bool opens = true;
  /// Calls of the splice family are in the log.
  bool splices = false;
  /// An io_uring is made: calls may be made through it, which no line shows.
  bool rings = false;
  /// Calls of ioctl() are in the log. Where they were left out, FIONBIO comes unseen.
  bool ioctls = false;
  /// Limits that calls which succeeded imply.
  SeenLimits limits;
  /// Capabilities that a call needed which succeeded.
  Caps caps;
  /// An mq_notify() with SIGEV_THREAD is made: netlink sockets matter.
  bool notifies_threads = false;
  /// The command line of the first execve().
  std::string command;
};

[[nodiscard]] Survey survey_log(const Log& log);

}  // namespace ipcsim::strace
