// What of a run has other numbers on the host than in the trace: users, groups, files.
#pragma once

#include <sys/stat.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/kernel/call.hpp"

namespace ipcsim::host {

/// Room for the text of a link, and for the control data of a message with kMostRights descriptors.
inline constexpr u64 kLinkBytes = 256;
inline constexpr u32 kMostRights = 253;
inline constexpr u64 kControlBytes = 16 + kMostRights * 4;

/// Users and groups. Every id of a trace is one of the run's own on the host, so that what users
/// are charged is the run's own, and every comparison of two ids comes out as in the trace.
class IdMap {
 public:
  /// `first`: the least of the host's ids that are the run's. Nothing: tasks keep the ids of this
  /// process. `keep_root`: 0 is 0, and also
  /// what `first` stands for.
  void begin(std::optional<u32> first, bool keep_root) {
    first_ = first;
    keep_root_ = keep_root;
  }
  /// Whether tasks may change their ids.
  [[nodiscard]] bool own() const { return first_.has_value(); }
  /// The host's id, the same each time; nothing for -1, and when there are too many.
  [[nodiscard]] std::optional<u32> to_host(u32 id);
  /// The trace's id; an id that is not the run's is itself.
  [[nodiscard]] u32 from_host(u32 id) const;

 private:
  std::optional<u32> first_;
  bool keep_root_ = false;
  std::vector<u32> ids_{0};
};

/// Files that were told to the trace, by their numbers on the host.
class FileBook {
 public:
  /// The attributes as a trace has them.
  [[nodiscard]] StatOut told(const struct stat& attributes, const IdMap& ids);
  /// A second of the trace began when one of the host's did: `host_second`. The file system of
  /// queues keeps whole seconds, so that its times are told as seconds of the trace.
  void second_began(i64 host_second) { seconds_.push_back(host_second); }
  /// The trace's number of a pipe, or nothing when it was not told yet.
  [[nodiscard]] std::optional<u32> pipe_number(u64 inode) const;

 private:
  struct Told {
    u32 number = 0;
    bool pipe = false;
    timespec atime{};
    timespec mtime{};
    timespec ctime{};
  };

  /// Which second of the trace a time of whole seconds lies in; other times are as they are.
  [[nodiscard]] timespec in_trace(timespec time, bool whole_seconds) const;

  std::map<std::pair<u64, u64>, Told> files_;  // by device and inode
  std::vector<i64> seconds_;                   // the host's second in which each of the trace began
};

struct RunBook {
  IdMap ids;
  FileBook files;
  std::set<std::string> queue_folders;  ///< paths of a trace where queues were mounted
};

}  // namespace ipcsim::host
