// Which names of the file system are FIFOs, and what a trace calls them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/base/types.hpp"

namespace ipcsim::strace {

/// `path` as seen from the folder `base`, without "." and "..". Links are not followed.
[[nodiscard]] std::string absolute_path(std::string_view base, std::string_view path);

/// What an open() of a name such as /dev/fd/3, /proc/self/fd/3 or /dev/stdin leads to.
struct FdPath {
  std::optional<i64> pid;  ///< of /proc/PID/fd/N
  i32 fd = 0;
};
[[nodiscard]] std::optional<FdPath> fd_path(std::string_view path);

/// The FIFOs of a log. Paths are absolute where the log shows the working directory; where not,
/// they are relative to the one that the log began in.
class FifoNames {
 public:
  /// True when `path` is a FIFO now.
  [[nodiscard]] bool is_fifo(const std::string& path) const;
  /// True when a FIFO was at `path` at some time of the log.
  [[nodiscard]] bool ever_fifo(const std::string& path) const { return names_.contains(path); }
  /// The trace's name for the FIFO that is, or was last, at `path`. REQUIRES: ever_fifo(path).
  [[nodiscard]] const std::string& name(const std::string& path) const;
  /// The name that made() would give.
  [[nodiscard]] std::string new_name(const std::string& path) const;
  /// True when `path` may be a FIFO under another spelling: same last part, and which folder either
  /// is in is not known.
  [[nodiscard]] bool may_be_fifo(const std::string& path) const;

  /// True when the FIFO at `path` has another name too.
  [[nodiscard]] bool has_other_name(const std::string& path) const;

  void made(const std::string& path);
  void unlinked(const std::string& path) { names_[path].exists = false; }
  void linked(const std::string& from, const std::string& to);
  void renamed(const std::string& from, const std::string& to);

 private:
  struct Entry {
    std::string name;
    bool exists = false;
  };
  std::map<std::string, Entry> names_;
};

}  // namespace ipcsim::strace
