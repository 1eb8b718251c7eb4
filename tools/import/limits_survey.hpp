// The limits of the machine that a log was recorded on, as far as its calls show them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "sim/kernel/environment.hpp"
#include "tools/import/argument.hpp"
#include "tools/import/call_result.hpp"
#include "tools/import/log_reader.hpp"

namespace ipcsim::strace {

/// What is sure about limits, from what succeeded and what was read under /proc/sys.
struct SeenLimits {
  std::map<std::string, u64> sysctl;  ///< first value that was read, by name below /proc/sys/fs
  u64 most_maxmsg = 0;                ///< of queues that were made with attributes
  u64 most_msgsize = 0;
  u64 most_queue_bytes = 0;           ///< of one queue, as RLIMIT_MSGQUEUE counts it at least
  std::optional<u64> default_maxmsg;  ///< of a queue that was made without attributes
  std::optional<u64> default_msgsize;
  u64 largest_pipe = 0;                 ///< in bytes, that F_SETPIPE_SZ made
  std::optional<u64> too_large_a_pipe;  ///< the least that it refused with EPERM
  std::optional<u32> uid;
  bool queue_bytes_ran_out = false;  ///< a queue was refused with EMFILE

  /// `environment` with the limits that the log shows; what it says nothing about stays.
  void apply(Environment& environment) const;
};

/// Looks at calls in the order of the log.
class LimitsSurveyor {
 public:
  explicit LimitsSurveyor(SeenLimits& seen) : seen_(seen) {}
  void see(const CallRecord& call);

 private:
  struct Parsed {
    std::vector<Node> args;
    CallResult result;
  };
  [[nodiscard]] static std::optional<Parsed> parse(const std::string& text);

  void see_open(const CallRecord& call, const Parsed& parsed);
  void see_transfer(const CallRecord& call, const Parsed& parsed);
  void see_mq_open(const CallRecord& call, const Parsed& parsed);
  void see_mq_getsetattr(const CallRecord& call, const Parsed& parsed);
  void see_fcntl(const Parsed& parsed);

  SeenLimits& seen_;
  std::map<std::pair<i64, i64>, std::string> sysctl_fds_;  // by pid and descriptor
  std::set<std::string> written_;                          // sysctls that the log has changed
  std::set<std::string> queues_;                           // names that exist
  std::set<std::pair<i64, i64>> plain_queues_;             // open queues made without attributes
};

}  // namespace ipcsim::strace
