#include "tools/import/queue_mounts.hpp"

#include <fmt/format.h>

namespace ipcsim::strace {

std::string QueueMounts::next_folder() const { return fmt::format("mqueue~{}", count_ + 1); }

std::string QueueMounts::next_folder_and_count() {
  std::string name = next_folder();
  ++count_;
  return name;
}

std::optional<std::string> QueueMounts::folder(const std::string& path) const {
  const auto found = folders_.find(path);
  return found == folders_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<std::string> QueueMounts::file(const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash + 1 == path.size()) {
    return std::nullopt;
  }
  const auto in = folder(path.substr(0, slash));
  return in ? std::optional{fmt::format("{}/{}", *in, path.substr(slash + 1))} : std::nullopt;
}

}  // namespace ipcsim::strace
