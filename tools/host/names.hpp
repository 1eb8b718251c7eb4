// Names of FIFOs and queues as a trace has them, made harmless.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "model/base/types.hpp"

namespace ipcsim::host {

/// The name to use for `path` in the run's folder, which is every task's current folder. Different
/// paths get different names; a path that the kernel refuses by its form (empty, too long, ending
/// in
/// ".", ".." or "/") stays one that it refuses in the same way. /proc/self/fd/N and /dev/fd/N stay
/// what they are.
[[nodiscard]] std::string name_in_folder(std::string_view path);

/// The same where queues were mounted on `folders`: the names in one are those of mq_open().
[[nodiscard]] std::string name_in_run(std::string_view path, const std::set<std::string>& folders);

/// Names of queues in an IPC namespace that others use too: "PREFIX0", "PREFIX1" ...
class QueueNames {
 public:
  explicit QueueNames(std::string prefix) : prefix_(std::move(prefix)) {}

  /// The name to use for `name`. One that the kernel refuses by its form stays as it is.
  [[nodiscard]] std::string unique(const std::string& name);
  /// How many different names there were.
  [[nodiscard]] u32 count() const { return static_cast<u32>(numbers_.size()); }

 private:
  std::string prefix_;
  std::map<std::string, u32> numbers_;
};

}  // namespace ipcsim::host
