// Where a log sees the file system of message queues.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "model/base/types.hpp"

namespace ipcsim::strace {

/// The places that message queues are mounted on, and the folders that the trace has for them.
class QueueMounts {
 public:
  /// The usual place, mounted before the log began.
  static constexpr std::string_view kUsual = "/dev/mqueue";

  /// Nothing was mounted yet.
  [[nodiscard]] bool unused() const { return count_ == 0; }
  /// The trace's folder for the next mount.
  [[nodiscard]] std::string next_folder() const;
  /// Queues are mounted on `path` from here on, as next_folder().
  void mounted(const std::string& path) { folders_[path] = next_folder_and_count(); }
  void unmounted(const std::string& path) { folders_.erase(path); }

  /// The trace's folder for what is mounted on `path`.
  [[nodiscard]] std::optional<std::string> folder(const std::string& path) const;
  /// The trace's name for the queue's file at `path`, if it is in such a folder.
  [[nodiscard]] std::optional<std::string> file(const std::string& path) const;

 private:
  std::string next_folder_and_count();

  std::map<std::string, std::string> folders_;
  u32 count_ = 0;
};

}  // namespace ipcsim::strace
